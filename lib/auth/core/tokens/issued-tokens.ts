// The tokens of a token response: verified, and bound to their sign-in.
import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { AuthError } from "../base/errors";
import type { AccessTokenClaims, IdTokenClaims } from "./claims";
import { fetchNewKeys } from "./keys";
import type { TokenResponse } from "./token-endpoint";
import { MAX_CLOCK_SKEW_S, matchesAtHash, readKeyId, verifyAccessToken, verifyIdToken } from "./verify";

/** A verified token response: its tokens are valid, new, and of one user. */
export interface IssuedTokens extends TokenResponse {
  readonly accessClaims: AccessTokenClaims;
  readonly idClaims: IdTokenClaims | null;
}

/** The facts of a sign-in. Tokens of every later refresh must agree with them. */
export interface SignIn {
  readonly iss: string;
  readonly sub: string;
  readonly auth_time?: unknown;
  readonly origin_jti?: unknown;
  readonly nonce?: unknown;
}

const MAX_ISSUE_AGE_S = 600;

/** Verifies the tokens of a response. Throws `token_response_invalid`, or `keys_unavailable`. */
export async function verifyTokenResponse(response: TokenResponse, config: AuthConfig): Promise<IssuedTokens> {
  try {
    const { accessToken, idToken } = response;
    await fetchNewKeys(config, readKeyId(accessToken));
    const accessClaims = await verifyAccessToken(accessToken, config, [config.clientId]);
    if (idToken) await fetchNewKeys(config, readKeyId(idToken));
    const idClaims = idToken ? await verifyIdToken(idToken, config) : null;
    const tokens = { ...response, accessClaims, idClaims };
    await checkTokenSet(tokens);
    return tokens;
  } catch (error) {
    throw error instanceof AuthError && error.isBadCredential ? invalidResponse(error.message) : error;
  }
}

/** Checks that the tokens are new, of one user, and belong together. */
async function checkTokenSet({ accessToken, accessClaims, idClaims }: IssuedTokens): Promise<void> {
  const age = now() - Math.min(accessClaims.iat, idClaims?.iat ?? accessClaims.iat);
  if (age > MAX_ISSUE_AGE_S) throw invalidResponse(`A new token is ${age} s old here`);
  if (idClaims && idClaims.sub !== accessClaims.sub) throw invalidResponse("Tokens of two users");
  if (idClaims && !(await matchesAtHash(idClaims, accessToken))) throw invalidResponse("at_hash differs");
}

/** Returns the facts of a new sign-in. Its ID token must have the nonce that was sent (OpenID Connect Core 3.1.3.7). */
export function bindSignIn({ accessClaims, idClaims }: IssuedTokens, nonce: string): SignIn {
  if (idClaims?.nonce !== nonce) throw invalidResponse("The ID token has another nonce");
  const { iss, sub, auth_time, origin_jti } = accessClaims;
  return { iss, sub, auth_time, origin_jti, nonce };
}

/**
 * Checks that refreshed tokens continue their sign-in (OpenID Connect Core 12.2). Throws `grant_rejected` if not: a
 * refresh token that brings another user's tokens must not be used again.
 */
export function checkContinuation({ accessClaims, idClaims }: IssuedTokens, signIn: SignIn): void {
  const continues = [accessClaims, idClaims ?? accessClaims].every(
    (claims) => isSameSignIn(claims, signIn) && isSame(claims.nonce, signIn.nonce),
  );
  if (!continues) throw new AuthError("grant_rejected", "Tokens of another sign-in");
}

/** Whether claims and facts are of the same sign-in. A claim that only one side has is not compared. */
export function isSameSignIn(claims: SignIn, facts: SignIn): boolean {
  return (
    claims.sub === facts.sub && isSame(claims.auth_time, facts.auth_time) && isSame(claims.origin_jti, facts.origin_jti)
  );
}

/** Whether a sign-in at `authTime` is at most so many seconds old (OpenID Connect Core 3.1.3.7). Clocks may differ by 60 s. */
export function isRecent(authTime: unknown, maxAge: number): boolean {
  if (typeof authTime !== "number") return false;
  const age = now() - authTime;
  return age <= maxAge + MAX_CLOCK_SKEW_S && age >= -MAX_CLOCK_SKEW_S;
}

function isSame(claim: unknown, fact: unknown): boolean {
  return claim === undefined || fact === undefined || claim === fact;
}

function invalidResponse(reason: string): AuthError {
  return new AuthError("token_response_invalid", reason);
}
