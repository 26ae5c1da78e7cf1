import type { AuthConfig } from "./config";
import { asRecord, parseJson } from "./encoding";
import { AuthError } from "./errors";
import { fetchText } from "./http";

/** What the token endpoint gave (RFC 6749 5.1), not verified yet. */
export interface TokenResponse {
  readonly accessToken: string;
  readonly idToken: string | null;
  /** A refresh has one only when the app client rotates refresh tokens. */
  readonly refreshToken: string | null;
}

/**
 * Redeems an authorization code (RFC 6749 4.1.3, RFC 7636 4.5).
 *
 * Throws, as refreshTokens does: `grant_rejected` (used, expired, revoked or foreign), `client_rejected` (client id,
 * secret or redirect_uri), `token_endpoint_unavailable` (429, 5xx, no answer), `token_response_invalid`.
 */
export async function exchangeCode(code: string, codeVerifier: string, config: AuthConfig): Promise<TokenResponse> {
  const grant = { code, code_verifier: codeVerifier, redirect_uri: config.redirectUri };
  const tokens = readTokenResponse(await post("token", { grant_type: "authorization_code", ...grant }, config));
  if (tokens.idToken) return tokens;
  throw new AuthError("token_response_invalid", "The token response has no ID token");
}

/** Trades a refresh token for new tokens (RFC 6749 6). */
export async function refreshTokens(refreshToken: string, config: AuthConfig): Promise<TokenResponse> {
  const grant = { grant_type: "refresh_token", refresh_token: refreshToken };
  return readTokenResponse(await post("token", grant, config));
}

/** Ends a refresh token and the tokens born of it (RFC 7009). Cognito answers 200 for a token that is dead already. */
export async function revokeToken(refreshToken: string, config: AuthConfig): Promise<void> {
  await post("revoke", { token: refreshToken }, config);
}

async function post(endpoint: "token" | "revoke", form: Record<string, string>, config: AuthConfig): Promise<string> {
  // The secret goes in the body: how Cognito decodes "+" in HTTP Basic is not documented.
  const client = { client_id: config.clientId, ...(config.clientSecret && { client_secret: config.clientSecret }) };
  const answer = await fetchText(`${config.domain}/oauth2/${endpoint}`, {
    method: "POST",
    body: new URLSearchParams({ ...form, ...client }),
  }).catch(() => null);
  if (answer?.status === 200) return answer.text;
  // Throttling and outages come without an OAuth error, or with a status that says so: the grant may be good.
  const isRefusal = answer && answer.status >= 400 && answer.status < 500 && answer.status !== 429;
  const { error } = asRecord(isRefusal && parseJson(answer.text));
  if (typeof error !== "string") {
    throw new AuthError("token_endpoint_unavailable", `Cognito answered ${answer?.status ?? "nothing"}`);
  }
  if (error === "invalid_grant") throw new AuthError("grant_rejected", "The grant was refused");
  throw new AuthError("client_rejected", `Cognito says ${error.replace(/[^a-z_]/g, "").slice(0, 40)}`);
}

function readTokenResponse(text: string): TokenResponse {
  const { access_token, id_token = null, refresh_token = null, token_type } = asRecord(parseJson(text));
  const isBearer = typeof token_type === "string" && token_type.toLowerCase() === "bearer";
  if (isBearer && isToken(access_token) && isTokenOrNull(id_token) && isTokenOrNull(refresh_token)) {
    return { accessToken: access_token, idToken: id_token, refreshToken: refresh_token };
  }
  throw new AuthError("token_response_invalid", "No good Bearer token");
}

/** Cognito's tokens have only characters that are safe in a cookie. */
function isToken(value: unknown): value is string {
  return typeof value === "string" && /^[\w.~+/=-]+$/.test(value);
}

function isTokenOrNull(value: unknown): value is string | null {
  return value === null || isToken(value);
}
