import { createAuthorizationRequest } from "../core/authorization";
import type { AuthConfig } from "../core/config";
import { CookieJar } from "../core/cookie-jar";
import { parseJson } from "../core/encoding";
import { AuthError } from "../core/errors";
import { fetchText } from "../core/http";
import { exchangeCode, revokeToken } from "../core/token-endpoint";

/** How Cognito takes an authorization request, told by where it redirects to. */
export type Authorization =
  /** On to the login page: client, callback URL, grant and scopes are good. */
  | { readonly kind: "login"; readonly location: string; readonly date: string | null }
  /** Back to the app with an error: the client and the callback URL are good. */
  | { readonly kind: "callback"; readonly error: string; readonly date: string | null }
  /** To its own error page: it knows no such client, or no such callback URL. */
  | { readonly kind: "error_page"; readonly error: string; readonly date: string | null }
  /** Anything else, with status 0 for no answer. */
  | { readonly kind: "other"; readonly status: number; readonly date: string | null };

export type Acceptance = "accepted" | "rejected" | "unclear";

export type Probe = ReturnType<typeof createProbe>;

const IMPOSSIBLE = "00000000-0000-0000-0000-000000000000"; // A code or a token that Cognito has never issued.

/** Questions to the real endpoints. None changes anything; each is asked once, however many checks want the answer. */
export function createProbe(config: AuthConfig) {
  const authorize = (change: Partial<AuthConfig>) => askToAuthorize({ ...config, ...change });
  const redeem = (clientSecrets: readonly string[]) => redeemImpossibleCode({ ...config, clientSecrets });
  return {
    config,
    metadata: once(() => fetchJson(`${config.issuer}/.well-known/openid-configuration`)),
    jwks: once(() => fetchJson(config.jwksUri)),
    authorize: once(() => authorize({})),
    authorizeAt: (domain: string) => authorize({ domain }),
    authorizeScope: (scope: string) => authorize({ scope }),
    signOut: once(() => {
      const query = new URLSearchParams({ client_id: config.clientId, logout_uri: config.baseUrl });
      return ask(`${config.domain}/logout?${query}`);
    }),
    redeem: once(() => redeem(config.clientSecrets)),
    redeemWithoutSecret: once(() => redeem([])),
    revoke: once(() => toAcceptance(revokeToken(IMPOSSIBLE, config), /invalid_request$/)),
    open: ask,
  };
}

function once<T>(request: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= request();
    return answer;
  };
}

/** Status 0: no whole answer. */
async function fetchJson(url: string): Promise<{ status: number; body: unknown }> {
  const answer = await fetchText(url).catch(() => null);
  return { status: answer?.status ?? 0, body: parseJson(answer?.text ?? "") };
}

async function ask(url: string): Promise<{ status: number; location: string | null; date: string | null }> {
  const request = fetch(url, { redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(5_000) });
  const response = await request.catch(() => null);
  await response?.body?.cancel();
  const header = (name: string) => response?.headers.get(name) ?? null;
  return { status: response?.status ?? 0, location: header("location"), date: header("date") };
}

async function askToAuthorize(config: AuthConfig): Promise<Authorization> {
  const jar = new CookieJar(new Headers(), config);
  const { status, location, date } = await ask(await createAuthorizationRequest(jar, "/", new URLSearchParams()));
  const isRedirect = status >= 300 && status < 400 && location !== null && URL.canParse(location, config.domain);
  if (!isRedirect) return { kind: "other", status, date };
  const url = new URL(location, config.domain);
  const error = (url.searchParams.get("error") ?? "").replace(/[^\w .-]/g, "").slice(0, 60); // From outside: printed.
  if (url.origin + url.pathname === config.redirectUri && error) return { kind: "callback", error, date };
  if (url.pathname === "/error") return { kind: "error_page", error, date };
  const isLogin = url.pathname === "/login" && url.searchParams.get("client_id") === config.clientId;
  if (isLogin) return { kind: "login", location: url.href, date }; // Perhaps at the pool's second domain.
  return { kind: "other", status, date };
}

function redeemImpossibleCode(config: AuthConfig): Promise<Acceptance> {
  return toAcceptance(exchangeCode(IMPOSSIBLE, IMPOSSIBLE, config), /invalid_client$/);
}

/** `refusal`: the OAuth error that is the answer "no". Any other one comes after the credentials, which were good. */
async function toAcceptance(request: Promise<unknown>, refusal: RegExp): Promise<Acceptance> {
  try {
    await request;
    return "accepted";
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    if (error.code === "client_rejected" && refusal.test(error.message)) return "rejected";
    const isGood = error.code === "grant_rejected" || /unauthorized_client$/.test(error.message);
    return isGood ? "accepted" : "unclear";
  }
}
