import type { AuthConfig } from "./config";
import { now } from "./encoding";
import { AuthError } from "./errors";
import { type IssuedTokens, verifyTokenResponse } from "./issued-tokens";
import { Memory } from "./memory";
import { refreshTokens, type TokenResponse } from "./token-endpoint";

interface Attempt {
  readonly startedAt: number;
  readonly response: Promise<TokenResponse>;
  readonly result: Promise<IssuedTokens>;
  settledAt?: number;
  /** Why there are no tokens. */
  error?: unknown;
}

const KEPT_S = 10;
const BACK_OFF_S = 2; // Short: the lost answer may have rotated the token, and its grace period is running.
const ABANDONED_AFTER_S = 15; // Longer than any answer takes: the platform dropped it, and it never settles.

const attempts = new Memory<Attempt>();

/**
 * Verified new tokens for a refresh token. Requests that come together share one call, and those of the next 10 s share
 * its answer: after a rotation, a second call would fail. When Cognito did not answer, only who `isUrgent`, having no
 * valid token left, asks again at once. Tokens that came while the keys were out of reach are kept: their refresh token
 * is spent.
 *
 * Throws as refreshTokens and verifyTokenResponse do.
 */
export function refreshOnce(refreshToken: string, config: AuthConfig, isUrgent: boolean): Promise<IssuedTokens> {
  const known = attempts.get(refreshToken);
  if (known && isUsable(known, isUrgent)) return known.result;
  const isUnverified = known?.error instanceof AuthError && known.error.code === "keys_unavailable";
  const response = isUnverified ? known.response : refreshTokens(refreshToken, config);
  const result = response.then((tokens) => verifyTokenResponse(tokens, config));
  const attempt: Attempt = { startedAt: now(), response, result };
  const settle = (error?: unknown) => Object.assign(attempt, { error, settledAt: now() });
  result.then(() => settle(), settle);
  attempts.set(refreshToken, attempt);
  return result;
}

/** A refresh token and all that is known here to have come of it. Waits for a refresh in flight; forgets the answers. */
export async function spendLineage(refreshToken: string): Promise<readonly string[]> {
  const lineage = [refreshToken];
  for (const token of lineage) {
    const successor = await attempts.get(token)?.response.catch(() => null);
    attempts.delete(token);
    if (successor?.refreshToken && !lineage.includes(successor.refreshToken)) lineage.push(successor.refreshToken);
  }
  return lineage;
}

function isUsable({ startedAt, settledAt, error }: Attempt, isUrgent: boolean): boolean {
  if (settledAt === undefined) return now() - startedAt < ABANDONED_AFTER_S;
  const isAnswered = error === undefined || (error instanceof AuthError && error.isBadCredential);
  return isAnswered ? now() - settledAt < KEPT_S : !isUrgent && now() - settledAt < BACK_OFF_S;
}
