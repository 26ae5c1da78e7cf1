import type { AuthConfig } from "./config";
import { now } from "./encoding";
import { AuthError } from "./errors";
import { type IssuedTokens, verifyTokenResponse } from "./issued-tokens";
import { Memory } from "./memory";
import { refreshTokens } from "./token-endpoint";

interface Attempt {
  readonly startedAt: number;
  readonly result: Promise<IssuedTokens>;
  settledAt?: number;
  /** Cognito answered, with tokens or with a no. */
  isAnswered?: boolean;
}

const KEPT_S = 10;
const BACK_OFF_S = 2; // Short: the lost answer may have rotated the token, and its grace period is running.
const ABANDONED_AFTER_S = 15; // Longer than any answer takes: the platform dropped it, and it never settles.

const attempts = new Memory<Attempt>();

/**
 * Verified new tokens for a refresh token. Requests that come together share one call, and those of the next 10 s share
 * its answer: after a rotation, a second call would fail. When Cognito did not answer, only who `isUrgent`, having no
 * valid token left, asks again at once.
 *
 * Throws as refreshTokens and verifyTokenResponse do.
 */
export function refreshOnce(refreshToken: string, config: AuthConfig, isUrgent: boolean): Promise<IssuedTokens> {
  const known = attempts.get(refreshToken);
  if (known && isUsable(known, isUrgent)) return known.result;
  const result = refreshTokens(refreshToken, config).then((response) => verifyTokenResponse(response, config));
  const attempt: Attempt = { startedAt: now(), result };
  const settle = (isAnswered: boolean) => Object.assign(attempt, { isAnswered, settledAt: now() });
  result.then(
    () => settle(true),
    (error) => settle(error instanceof AuthError && error.isBadCredential),
  );
  attempts.set(refreshToken, attempt);
  return result;
}

/** A refresh token and all that is known here to have come of it. Waits for a refresh in flight; forgets the answers. */
export async function spendLineage(refreshToken: string): Promise<readonly string[]> {
  const lineage = [refreshToken];
  for (const token of lineage) {
    const successor = await attempts.get(token)?.result.catch(() => null);
    attempts.delete(token);
    if (successor?.refreshToken && !lineage.includes(successor.refreshToken)) lineage.push(successor.refreshToken);
  }
  return lineage;
}

function isUsable({ startedAt, settledAt, isAnswered }: Attempt, isUrgent: boolean): boolean {
  if (settledAt === undefined) return now() - startedAt < ABANDONED_AFTER_S;
  return isAnswered ? now() - settledAt < KEPT_S : !isUrgent && now() - settledAt < BACK_OFF_S;
}
