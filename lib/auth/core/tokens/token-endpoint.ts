// Sends the POST requests to Cognito: redeem a code, refresh, revoke. Decides what their failures mean.
import type { AuthConfig } from "../base/config";
import { AuthError } from "../base/errors";
import { fetchText } from "../base/fetch-text";
import { asRecord, parseJson } from "../base/json";
import { CallBound } from "./call-bound";

/** The response of the token endpoint (RFC 6749 5.1), not verified yet. */
export interface TokenResponse {
  readonly accessToken: string;
  readonly idToken: string | null;
  /** A refresh has one only when the app client rotates refresh tokens. */
  readonly refreshToken: string | null;
}

/** A refresh token, and whether its cookie proves that Cognito issued it to this app. */
export interface Grant {
  readonly refreshToken: string;
  readonly isProven: boolean;
}

type Form = Readonly<Record<string, string>>;
type Answer = { readonly status: number; readonly text: string } | null;

// Anybody can send invented codes, and invented refresh cookies where nothing authenticates them. A flood of them must
// not use up the pool's quota. With tenants each pool has its own bounds.
const createBounds = () => ({
  codes: new CallBound("failures"),
  refreshes: new CallBound("failures"),
  revocations: new CallBound("all"), // Cognito answers 200 for any token.
});
const bounds = new Map<string, ReturnType<typeof createBounds>>();

/** The client secret that Cognito accepted last. */
const acceptedSecrets = new WeakMap<AuthConfig, string>();

/**
 * Redeems an authorization code (RFC 6749 4.1.3, RFC 7636 4.5).
 *
 * Throws, as refreshTokens does: `grant_rejected` (used, expired, revoked, or of another client), `client_rejected`
 * (client id, secret or redirect_uri), `token_endpoint_unavailable` (429, 5xx, no answer), `token_response_invalid`.
 */
export async function exchangeCode(code: string, codeVerifier: string, config: AuthConfig): Promise<TokenResponse> {
  const grant = { code, code_verifier: codeVerifier, redirect_uri: config.redirectUri };
  const form = { grant_type: "authorization_code", ...grant };
  const tokens = readTokenResponse(await boundsOf(config).codes.run(() => post("token", form, config)));
  if (tokens.idToken) return tokens;
  throw new AuthError("token_response_invalid", "The token response has no ID token");
}

/** Trades a refresh token for new tokens (RFC 6749 6). Calls with a token that is not `isProven` are bounded. */
export async function refreshTokens({ refreshToken, isProven }: Grant, config: AuthConfig): Promise<TokenResponse> {
  const form = { grant_type: "refresh_token", refresh_token: refreshToken };
  const call = () => post("token", form, config);
  const tokens = readTokenResponse(await (isProven ? call() : boundsOf(config).refreshes.run(call)));
  // The same token again is no rotation.
  return tokens.refreshToken === refreshToken ? { ...tokens, refreshToken: null } : tokens;
}

/** Ends a refresh token and the tokens that it brought (RFC 7009). Cognito answers 200 for an invalid token, too. */
export async function revokeToken({ refreshToken, isProven }: Grant, config: AuthConfig): Promise<void> {
  const call = () => post("revoke", { token: refreshToken }, config);
  await (isProven ? call() : boundsOf(config).revocations.run(call));
}

function boundsOf({ domain }: AuthConfig): ReturnType<typeof createBounds> {
  const known = bounds.get(domain) ?? createBounds();
  bounds.set(domain, known);
  return known;
}

/**
 * Sends the form with one client secret after the other until Cognito accepts one: a client can have two (rotation).
 */
async function post(endpoint: "token" | "revoke", form: Form, config: AuthConfig): Promise<string> {
  let failure = new AuthError("client_rejected", "Cognito accepts no client secret");
  for (const secret of secretsToTry(config)) {
    // The secret goes in the body: how Cognito decodes "+" in HTTP Basic is not documented.
    const client = { client_id: config.clientId, ...(secret && { client_secret: secret }) };
    const body = new URLSearchParams({ ...form, ...client });
    const answer = await fetchText(`${config.domain}/oauth2/${endpoint}`, { method: "POST", body }).catch(() => null);
    if (answer?.status === 200) {
      acceptedSecrets.set(config, secret);
      return answer.text;
    }
    const error = readOAuthError(answer);
    failure = describeFailure(error, answer?.status);
    if (error !== "invalid_client") break;
  }
  throw failure;
}

/**
 * Returns the client's secrets, first the one that Cognito accepted last. A public client has none and sends none: "".
 */
function secretsToTry(config: AuthConfig): readonly string[] {
  const accepted = acceptedSecrets.get(config) ?? config.clientSecrets[0] ?? "";
  return [accepted, ...config.clientSecrets.filter((secret) => secret !== accepted)];
}

/** Returns the OAuth error of an answer (RFC 6749 5.2). Null for throttling and outages: the grant may be good. */
function readOAuthError(answer: Answer): string | null {
  if (!answer || answer.status < 400 || answer.status >= 500 || answer.status === 429) return null;
  const { error } = asRecord(parseJson(answer.text));
  return typeof error === "string" ? error : null;
}

function describeFailure(error: string | null, status: number | undefined): AuthError {
  if (error === null) return new AuthError("token_endpoint_unavailable", `Cognito answered ${status ?? "nothing"}`);
  if (error === "invalid_grant") return new AuthError("grant_rejected", "Cognito rejected the grant");
  return new AuthError("client_rejected", `Cognito says ${error.replace(/[^a-z_]/g, "").slice(0, 40)}`);
}

function readTokenResponse(text: string): TokenResponse {
  const { access_token, id_token = null, refresh_token = null, token_type } = asRecord(parseJson(text));
  const isBearer = typeof token_type === "string" && token_type.toLowerCase() === "bearer";
  if (isBearer && isToken(access_token) && isTokenOrNull(id_token) && isTokenOrNull(refresh_token)) {
    return { accessToken: access_token, idToken: id_token, refreshToken: refresh_token };
  }
  throw new AuthError("token_response_invalid", "The token response has no valid Bearer token");
}

/** Cognito's tokens have only characters that are safe in a cookie. */
function isToken(value: unknown): value is string {
  return typeof value === "string" && /^[\w.~+/=-]+$/.test(value);
}

function isTokenOrNull(value: unknown): value is string | null {
  return value === null || isToken(value);
}
