import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { AuthError } from "../base/errors";
import type { AccessTokenClaims, IdTokenClaims } from "./claims";
import type { TokenResponse } from "./token-endpoint";
import { matchesAtHash, verifyAccessToken, verifyIdToken } from "./verify";

/** A token response, verified: its tokens are good, fresh, and of one user. */
export interface IssuedTokens extends TokenResponse {
  readonly accessClaims: AccessTokenClaims;
  readonly idClaims: IdTokenClaims | null;
}

/** The facts of a sign-in, against which every later token is judged. */
export interface SignIn {
  readonly iss: string;
  readonly sub: string;
  readonly auth_time?: unknown;
  readonly origin_jti?: unknown;
  readonly nonce?: unknown;
}

const MAX_ISSUE_AGE_S = 600;

/** Throws `token_response_invalid`, or `keys_unavailable`. */
export async function verifyTokenResponse(response: TokenResponse, config: AuthConfig): Promise<IssuedTokens> {
  try {
    const accessClaims = await verifyAccessToken(response.accessToken, config, [config.clientId], true);
    const idClaims = response.idToken ? await verifyIdToken(response.idToken, config, true) : null;
    const tokens = { ...response, accessClaims, idClaims };
    await checkUnity(tokens);
    return tokens;
  } catch (error) {
    throw error instanceof AuthError && error.isBadCredential ? refused(error.message) : error;
  }
}

async function checkUnity({ accessToken, accessClaims, idClaims }: IssuedTokens): Promise<void> {
  const age = now() - Math.min(accessClaims.iat, idClaims?.iat ?? accessClaims.iat);
  if (age > MAX_ISSUE_AGE_S) throw refused(`A new token is ${age} s old here`);
  if (idClaims && idClaims.sub !== accessClaims.sub) throw refused("Tokens of two users");
  if (idClaims && !(await matchesAtHash(idClaims, accessToken))) throw refused("at_hash differs");
}

/** The facts of a new sign-in, which must answer the nonce that was asked (OpenID Connect Core 3.1.3.7). */
export function startSignIn({ accessClaims, idClaims }: IssuedTokens, nonce: string): SignIn {
  if (idClaims?.nonce !== nonce) throw refused("The ID token answers another sign-in's nonce");
  const { iss, sub, auth_time, origin_jti } = accessClaims;
  return { iss, sub, auth_time, origin_jti, nonce };
}

/**
 * Checks that refreshed tokens continue their sign-in (OpenID Connect Core 12.2). Throws `grant_rejected` otherwise: a
 * refresh token that yields another user's tokens must not be used again.
 */
export function checkContinuation({ accessClaims, idClaims }: IssuedTokens, signIn: SignIn): void {
  const continues = [accessClaims, idClaims ?? accessClaims].every(
    (claims) => isSameSignIn(claims, signIn) && isSame(claims.nonce, signIn.nonce),
  );
  if (!continues) throw new AuthError("grant_rejected", "Tokens of another sign-in");
}

/** Whether claims and facts are of one sign-in of one user. A claim that only one side has says nothing. */
export function isSameSignIn(claims: SignIn, facts: SignIn): boolean {
  return (
    claims.sub === facts.sub && isSame(claims.auth_time, facts.auth_time) && isSame(claims.origin_jti, facts.origin_jti)
  );
}

function isSame(claim: unknown, fact: unknown): boolean {
  return claim === undefined || fact === undefined || claim === fact;
}

function refused(reason: string): AuthError {
  return new AuthError("token_response_invalid", reason);
}
