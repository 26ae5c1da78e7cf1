// Ends refresh tokens at Cognito (RFC 7009): at sign-out, after another sign-in, and when one arrives after its end.
import type { AuthConfig } from "./config";
import { fingerprint, now } from "./encoding";
import { takeSuccessors } from "./refresh";
import { revokeToken } from "./token-endpoint";

const RETRY_AFTER_S = 60;
const MAX_REMEMBERED = 5_000;

/** By a hash of the token: when to revoke it again. */
const attempts = new Map<string, number>();

/** Revokes a refresh token and all that are known here to follow it. Returns whether Cognito confirmed; never throws. */
export async function revokeWithSuccessors(refreshToken: string, config: AuthConfig): Promise<boolean> {
  const tokens = await takeSuccessors(refreshToken, config);
  const answers = await Promise.allSettled(tokens.map((token) => revokeToken(token, config)));
  return answers.every(({ status }) => status === "fulfilled");
}

/**
 * Revokes the refresh token of an ended sign-in, once for each token. A refresh that was in flight during sign-out can
 * bring such a token: middleware and routes have separate memories, so sign-out could not know it.
 */
export async function revokeOnce(refreshToken: string, config: AuthConfig): Promise<void> {
  const key = await fingerprint("revoke", config.issuer, config.clientId, refreshToken);
  if ((attempts.get(key) ?? 0) > now()) return;
  attempts.set(key, Number.POSITIVE_INFINITY);
  const [oldest = ""] = attempts.keys();
  if (attempts.size > MAX_REMEMBERED) attempts.delete(oldest);
  await revokeToken(refreshToken, config).catch(() => attempts.set(key, now() + RETRY_AFTER_S));
}
