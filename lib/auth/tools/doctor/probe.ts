import type { AuthConfig } from "../../core/base/config";
import { fetchText } from "../../core/base/fetch-text";
import { asRecord, parseJson } from "../../core/base/json";
import { CookieJar } from "../../core/http/cookie-jar";
import { createAuthorizationRequest } from "../../core/sign-in/authorization";

/** How Cognito takes an authorization request, told by where it redirects to. */
export type Authorization = { readonly date: string | null; readonly status: number } & (
  | /** On to the login page: client, callback URL, grant and scopes are good. */
  { readonly kind: "login"; readonly location: string }
  /** Back to the app with an error: the client and the callback URL are good. */
  | { readonly kind: "callback"; readonly error: string }
  /** To its own error page: it knows no such client, or no such callback URL. */
  | { readonly kind: "error_page"; readonly error: string }
  /** Anything else, with status 0 for no answer. */
  | { readonly kind: "other" }
);

/** `withheld`: not asked, because the answer would have cost the client secret. */
export type Acceptance = "accepted" | "rejected" | "unclear" | "withheld";

export type Probe = ReturnType<typeof createProbe>;

const IMPOSSIBLE = "00000000-0000-0000-0000-000000000000"; // A code or a token that Cognito has never issued.

/** Questions to the real endpoints. None changes anything; each is asked once, however many checks want the answer. */
export function createProbe(config: AuthConfig) {
  const metadata = once(() => fetchJson(`${config.issuer}/.well-known/openid-configuration`));
  const namedDomain = once(async () => readDomain((await metadata()).body));
  const authorize = once(() => askToAuthorize(config));
  /** The secret goes to the domain that the pool itself names, if that stays on its own host, and nowhere else. */
  const mayHaveSecret = once(async () => {
    return (await namedDomain()) === config.domain && !leadsAway(await authorize(), config.domain);
  });
  const withSecret = async (question: (config: AuthConfig) => Promise<Acceptance>): Promise<Acceptance> =>
    config.clientSecrets.length > 0 && !(await mayHaveSecret()) ? "withheld" : question(config);
  return {
    config,
    metadata,
    /** The origin of the authorization endpoint in the pool's own metadata, or null. */
    namedDomain,
    jwks: once(() => fetchJson(config.jwksUri)),
    authorize,
    authorizeAt: (domain: string) => askToAuthorize({ ...config, domain }),
    authorizeScope: (scope: string) => askToAuthorize({ ...config, scope }),
    signOut: once(() => {
      const query = new URLSearchParams({ client_id: config.clientId, logout_uri: config.baseUrl });
      return ask(`${config.domain}/logout?${query}`);
    }),
    redeem: once(() => withSecret(redeemImpossibleCode)),
    redeemWithoutSecret: once(() => redeemImpossibleCode({ ...config, clientSecrets: [] })),
    revoke: once(() => withSecret(revokeImpossibleToken)),
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
async function fetchJson(url: string, init?: RequestInit): Promise<{ status: number; body: unknown }> {
  const answer = await fetchText(url, init).catch(() => null);
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
  if (url.origin + url.pathname === config.redirectUri && error) return { kind: "callback", error, status, date };
  if (url.pathname === "/error") return { kind: "error_page", error, status, date };
  const isLogin = url.pathname === "/login" && url.searchParams.get("client_id") === config.clientId;
  if (isLogin) return { kind: "login", location: url.href, status, date }; // Perhaps at the pool's second domain.
  return { kind: "other", status, date };
}

function leadsAway(answer: Authorization, domain: string): boolean {
  if (answer.kind === "login") return new URL(answer.location).origin !== domain;
  return answer.kind === "other" && answer.status >= 300 && answer.status < 400;
}

function readDomain(metadata: unknown): string | null {
  const endpoint = String(asRecord(metadata).authorization_endpoint);
  return URL.canParse(endpoint) ? new URL(endpoint).origin : null;
}

/** Cognito looks at the client first: any error about the code says that the client was accepted. */
async function redeemImpossibleCode(config: AuthConfig): Promise<Acceptance> {
  const grant = { code: IMPOSSIBLE, code_verifier: IMPOSSIBLE, redirect_uri: config.redirectUri };
  const answer = await post("token", { grant_type: "authorization_code", ...grant }, config);
  return toAcceptance(answer, "invalid_client");
}

async function revokeImpossibleToken(config: AuthConfig): Promise<Acceptance> {
  return toAcceptance(await post("revoke", { token: IMPOSSIBLE }, config), "invalid_request");
}

function post(endpoint: "token" | "revoke", form: Readonly<Record<string, string>>, config: AuthConfig) {
  const [secret] = config.clientSecrets;
  const client = { client_id: config.clientId, ...(secret && { client_secret: secret }) };
  const body = new URLSearchParams({ ...form, ...client });
  return fetchJson(`${config.domain}/oauth2/${endpoint}`, { method: "POST", body });
}

/** `refusal`: the OAuth error (RFC 6749 5.2) that is the answer "no". 429 and 5xx say nothing about the client. */
function toAcceptance(answer: { status: number; body: unknown }, refusal: string): Acceptance {
  const { status, body } = answer;
  if (status === 200) return "accepted";
  const { error } = asRecord(status >= 400 && status < 500 && status !== 429 ? body : null);
  if (error === refusal) return "rejected";
  return error === "invalid_grant" || error === "unauthorized_client" ? "accepted" : "unclear";
}
