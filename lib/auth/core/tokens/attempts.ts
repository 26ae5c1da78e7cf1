// The refreshes of this process: those under way, and the answers of the last minute, in bounded memory.
import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { fingerprint } from "../base/hash";
import type { IssuedTokens } from "./issued-tokens";
import type { TokenResponse } from "./token-endpoint";

/** One call with one refresh token. Times are in seconds since the epoch. */
export interface Attempt {
  readonly startedAt: number;
  readonly response: Promise<TokenResponse>;
  readonly result: Promise<IssuedTokens>;
  /**
   * `issued`: there are `tokens`. `rejected`: Cognito says that the refresh token is bad. `unverified`: tokens arrived
   * while the keys were unavailable. `failed`: no answer, an invalid answer, or a rejected client.
   */
  outcome: "pending" | "issued" | "rejected" | "unverified" | "failed";
  settledAt: number;
  tokens: IssuedTokens | null;
}

const KEPT_S = 60; // The longest grace period: a browser may send the old cookie long after the rotation.
const UNVERIFIED_KEPT_S = 3_600; // The refresh token is used up, so the answer waits for the keys.
const MAX_ATTEMPTS = 3_000;

/** The attempts by their keys, in the order of their starts. */
const attempts = new Map<string, Attempt>();

/** Returns the key of a refresh token's attempt: a hash, so that a large token makes no large key. */
export function attemptKey(refreshToken: string, { issuer, clientId }: AuthConfig): Promise<string> {
  // One app may sign in with several pools: a token of one means nothing to another.
  return fingerprint("refresh", issuer, clientId, refreshToken);
}

export function findAttempt(key: string): Attempt | undefined {
  return attempts.get(key);
}

export function forgetAttempt(key: string): void {
  attempts.delete(key);
}

/**
 * Keeps an attempt as the newest. Deletes outdated ones. If the map is full, rejections and failures go, then answers.
 */
export function keepAttempt(key: string, attempt: Attempt): void {
  attempts.delete(key);
  attempts.set(key, attempt);
  removeWhere(isOutdated, 0);
  removeWhere(({ outcome }) => outcome === "rejected" || outcome === "failed", MAX_ATTEMPTS);
  removeWhere(({ outcome }) => outcome !== "pending", MAX_ATTEMPTS);
}

function removeWhere(shouldRemove: (attempt: Attempt) => boolean, targetSize: number): void {
  for (const [key, attempt] of attempts) {
    if (attempts.size <= targetSize) return;
    if (shouldRemove(attempt)) attempts.delete(key);
  }
}

export function isOutdated({ outcome, settledAt, tokens }: Attempt): boolean {
  if (outcome === "pending") return false;
  const canRefreshAgain = tokens?.refreshToken === null && !areLive(tokens); // Without rotation the same refresh token serves again.
  return canRefreshAgain || now() - settledAt >= (outcome === "unverified" ? UNVERIFIED_KEPT_S : KEPT_S);
}

/** Whether the access token has not expired. */
export function areLive({ accessClaims }: IssuedTokens): boolean {
  return accessClaims.exp > now();
}
