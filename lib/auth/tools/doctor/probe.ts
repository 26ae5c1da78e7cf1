// Sends the doctor's requests to Cognito. None of them changes anything, starts a sign-in or issues a token.
import type { AuthConfig } from "../../core/base/config";
import { fetchText } from "../../core/base/fetch-text";
import { asRecord, parseJson } from "../../core/base/json";
import { CookieJar } from "../../core/http/cookie-jar";
import { createAuthorizationRequest } from "../../core/sign-in/authorization";

/** Cognito's answer to an authorization request. The target of the redirect decides its kind. */
export type Authorization = { readonly date: string | null; readonly status: number } & (
  | /** To the login page: client, callback URL, grant and scopes are right. */
  { readonly kind: "login"; readonly location: string }
  /** To the app, with an error: the client and the callback URL are right. */
  | { readonly kind: "callback"; readonly error: string }
  /** To Cognito's error page: it does not know the client or the callback URL. */
  | { readonly kind: "error_page"; readonly error: string }
  /** Any other answer. Status 0: no answer. */
  | { readonly kind: "other" }
);

/** `withheld`: not sent, because the request would give the client secret to a domain that the pool does not name. */
export type Acceptance = "accepted" | "rejected" | "unclear" | "withheld";

export type Probe = ReturnType<typeof createProbe>;

const IMPOSSIBLE = "00000000-0000-0000-0000-000000000000"; // A code or a token that Cognito has never issued.

/** Returns the requests to the real endpoints. Each is sent once: several checks read the same answer. */
export function createProbe(config: AuthConfig) {
  const metadata = once(() => fetchJson(`${config.issuer}/.well-known/openid-configuration`));
  const namedDomain = once(async () => readDomain((await metadata()).body));
  const authorize = once(() => askToAuthorize(config));
  /** The secret goes only to the domain that the pool's metadata names, and only if that domain redirects to itself. */
  const mayHaveSecret = once(async () => {
    return (await namedDomain()) === config.domain && !leadsAway(await authorize(), config.domain);
  });
  const withSecret = async (question: (config: AuthConfig) => Promise<Acceptance>): Promise<Acceptance> =>
    config.clientSecrets.length > 0 && !(await mayHaveSecret()) ? "withheld" : question(config);
  return {
    config,
    metadata,
    /** The origin of the authorization endpoint in the pool's metadata, or null. */
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

/** Status 0: no complete answer. */
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
  const error = (url.searchParams.get("error") ?? "").replace(/[^\w .-]/g, "").slice(0, 60); // From outside, and printed.
  if (url.origin + url.pathname === config.redirectUri && error) return { kind: "callback", error, status, date };
  if (url.pathname === "/error") return { kind: "error_page", error, status, date };
  const isLogin = url.pathname === "/login" && url.searchParams.get("client_id") === config.clientId;
  if (isLogin) return { kind: "login", location: url.href, status, date }; // It may be at the pool's second domain.
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

/** Cognito checks the client first: an error about the code means that it accepts the client. */
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

/** `rejection` is the OAuth error (RFC 6749 5.2) that rejects the client. 429 and 5xx say nothing about the client. */
function toAcceptance(answer: { status: number; body: unknown }, rejection: string): Acceptance {
  const { status, body } = answer;
  if (status === 200) return "accepted";
  const { error } = asRecord(status >= 400 && status < 500 && status !== 429 ? body : null);
  if (error === rejection) return "rejected";
  return error === "invalid_grant" || error === "unauthorized_client" ? "accepted" : "unclear";
}
