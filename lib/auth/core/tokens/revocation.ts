// Revokes refresh tokens at Cognito (RFC 7009): at sign-out, after another sign-in, and when one arrives after its end.

import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { fingerprint } from "../base/hash";
import { takeSuccessors } from "./refresh";
import { type Grant, revokeToken } from "./token-endpoint";

const RETRY_AFTER_S = 60;
const MAX_REMEMBERED = 5_000;

/** When to revoke a token again, by a hash of the token. */
const retryTimes = new Map<string, number>();

/**
 * Revokes a refresh token and all that are known here to follow it. Returns whether Cognito confirmed; never throws.
 */
export async function revokeWithSuccessors(grant: Grant, config: AuthConfig): Promise<boolean> {
  const tokens = await takeSuccessors(grant.refreshToken, config);
  const answers = await Promise.all(tokens.map((refreshToken) => revoke({ ...grant, refreshToken }, config)));
  return answers.every(Boolean);
}

/**
 * Revokes one refresh token, once. After a failure, a call one minute later tries again. Never throws. Returns true
 * when Cognito confirmed, or when another call has started.
 *
 * A refresh that was in flight during sign-out can bring a token of the ended sign-in. Sign-out could not know it,
 * because middleware and routes have separate memories.
 */
export async function revoke(grant: Grant, config: AuthConfig): Promise<boolean> {
  const key = await fingerprint("revoke", config.issuer, config.clientId, grant.refreshToken);
  const retryAt = retryTimes.get(key) ?? 0;
  if (retryAt > now()) return retryAt === Number.POSITIVE_INFINITY;
  retryTimes.set(key, Number.POSITIVE_INFINITY);
  const [oldest = ""] = retryTimes.keys();
  if (retryTimes.size > MAX_REMEMBERED) retryTimes.delete(oldest);
  try {
    await revokeToken(grant, config);
    return true;
  } catch {
    retryTimes.set(key, now() + RETRY_AFTER_S);
    return false;
  }
}
