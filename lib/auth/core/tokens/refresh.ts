// Refreshes once: requests that bring the same refresh token share one call and its answer.

import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { settlesWithin } from "../base/deadline";
import { AuthError } from "../base/errors";
import { fingerprint } from "../base/hash";
import { type IssuedTokens, verifyTokenResponse } from "./issued-tokens";
import { type Grant, refreshTokens, type TokenResponse } from "./token-endpoint";

interface Attempt {
  readonly startedAt: number;
  readonly response: Promise<TokenResponse>;
  readonly result: Promise<IssuedTokens>;
  outcome: "pending" | "issued" | "rejected" | "unverified" | "failed";
  settledAt: number;
  tokens: IssuedTokens | null;
}

interface Urgency {
  readonly isUrgent: boolean; // No valid access token is left, so a failed attempt is repeated at once.
}

const KEPT_S = 60; // The longest grace period: a browser may send the old cookie long after the rotation.
const BACK_OFF_S = 2; // A lost answer may have rotated the token: ask again while its grace period runs.
const UNVERIFIED_KEPT_S = 3_600; // The refresh token is used up, so the answer waits for the keys.
const ABANDONED_AFTER_MS = 12_000; // Some platforms drop a request that nobody awaits: it never settles.
const MIN_WAIT_MS = 2_000; // After the process stood still, an answer may be waiting to be read.
const SIGN_OUT_WAIT_MS = 8_000;
const MAX_ATTEMPTS = 3_000;

/** By a hash of the refresh token, so that a large token makes no large key. In the order of their starts. */
const attempts = new Map<string, Attempt>();

/**
 * Verified new tokens for a refresh token, or those of the newest token that is known to follow it. Answers and refusals
 * serve for 60 s: after a rotation, a second call with the old token can fail. Tokens that arrive while the keys are
 * unavailable are kept until they can be verified.
 *
 * Throws as refreshTokens and verifyTokenResponse do.
 */
export async function refreshOnce(grant: Grant, config: AuthConfig, urgency: Urgency): Promise<IssuedTokens> {
  const key = await keyOf(grant.refreshToken, config);
  let known = attempts.get(key);
  while (known?.outcome === "pending") {
    await waitFor(known, key);
    known = attempts.get(key);
  }
  // No await between this look and `start`: two requests would both start.
  if (!known || isOutdated(known)) return start(key, refreshTokens(grant, config), config);
  if (known.tokens) return findNewest(known.tokens, config, urgency);
  if (isUsable(known, urgency)) return known.result;
  return start(key, known.outcome === "unverified" ? known.response : refreshTokens(grant, config), config);
}

/** Whether an attempt with this refresh token failed here: Cognito may have used it up, and its grace period runs. */
export async function hasFailed(refreshToken: string, config: AuthConfig): Promise<boolean> {
  const outcome = attempts.get(await keyOf(refreshToken, config))?.outcome;
  return outcome === "failed" || outcome === "unverified";
}

/**
 * All refresh tokens that are known here to follow `refreshToken`, itself included. Waits up to 8 s for each refresh in
 * flight, and forgets the answers: sign-out revokes these tokens.
 */
export async function takeSuccessors(refreshToken: string, config: AuthConfig): Promise<readonly string[]> {
  const tokens = [refreshToken];
  for (const token of tokens) {
    const key = await keyOf(token, config);
    const attempt = attempts.get(key);
    const isAnswered = attempt !== undefined && (await settlesWithin(attempt.response, SIGN_OUT_WAIT_MS));
    const answer = isAnswered ? await attempt.response.catch(() => null) : null;
    attempts.delete(key);
    if (answer?.refreshToken && !tokens.includes(answer.refreshToken)) tokens.push(answer.refreshToken);
  }
  return tokens;
}

/** Waits for a pending attempt. One that does not settle in time was dropped by the platform: it is forgotten. */
async function waitFor(attempt: Attempt, key: string): Promise<void> {
  const waitMs = ABANDONED_AFTER_MS - (now() - attempt.startedAt) * 1000;
  const isSettled = await settlesWithin(attempt.result, Math.max(MIN_WAIT_MS, waitMs));
  if (!isSettled && attempts.get(key) === attempt) attempts.delete(key);
}

/** A late request must not put an older refresh token into the browser, so it gets the newest tokens. */
async function findNewest(tokens: IssuedTokens, config: AuthConfig, urgency: Urgency): Promise<IssuedTokens> {
  const { refreshToken: next } = tokens;
  const isLive = isUnexpired(tokens);
  const hasSuccessor = next !== null && attempts.has(await keyOf(next, config));
  if (next === null || (isLive && !hasSuccessor)) return tokens;
  return refreshOnce({ refreshToken: next, isProven: true }, config, urgency).catch((error: unknown) => {
    const isOutage = error instanceof AuthError && !error.isBadCredential;
    if (isLive && isOutage) return tokens;
    throw error;
  });
}

function start(key: string, response: Promise<TokenResponse>, config: AuthConfig): Promise<IssuedTokens> {
  const result = response.then((tokens) => verifyTokenResponse(tokens, config));
  const attempt: Attempt = { startedAt: now(), response, result, outcome: "pending", settledAt: 0, tokens: null };
  const settle = (outcome: Attempt["outcome"], tokens: IssuedTokens | null) =>
    Object.assign(attempt, { outcome, tokens, settledAt: now() });
  result.then(
    (tokens) => settle("issued", tokens),
    (error: unknown) => settle(outcomeOf(error), null),
  );
  attempts.delete(key); // So that it becomes the newest entry.
  attempts.set(key, attempt);
  makeRoom();
  return result;
}

function outcomeOf(error: unknown): Attempt["outcome"] {
  if (!(error instanceof AuthError)) return "failed";
  if (error.code === "keys_unavailable") return "unverified";
  return error.isBadCredential ? "rejected" : "failed";
}

function isUsable({ outcome, settledAt }: Attempt, { isUrgent }: Urgency): boolean {
  return outcome === "rejected" || (!isUrgent && now() - settledAt < BACK_OFF_S);
}

function isOutdated({ outcome, settledAt, tokens }: Attempt): boolean {
  if (outcome === "pending") return false;
  const isUsedUp = tokens?.refreshToken === null && !isUnexpired(tokens); // The same refresh token serves again.
  return isUsedUp || now() - settledAt >= (outcome === "unverified" ? UNVERIFIED_KEPT_S : KEPT_S);
}

function isUnexpired({ accessClaims }: IssuedTokens): boolean {
  return accessClaims.exp > now();
}

/** Bounds the memory: what is outdated goes, then refusals and failures, then answers. A pending attempt stays. */
function makeRoom(): void {
  removeWhere(isOutdated, 0);
  removeWhere(({ outcome }) => outcome === "rejected" || outcome === "failed", MAX_ATTEMPTS);
  removeWhere(({ outcome }) => outcome !== "pending", MAX_ATTEMPTS);
}

function removeWhere(isRemoved: (attempt: Attempt) => boolean, size: number): void {
  for (const [key, attempt] of attempts) {
    if (attempts.size <= size) return;
    if (isRemoved(attempt)) attempts.delete(key);
  }
}

/** One app may sign in with several pools: a token of one means nothing to another. */
function keyOf(refreshToken: string, { issuer, clientId }: AuthConfig): Promise<string> {
  return fingerprint("refresh", issuer, clientId, refreshToken);
}
