// Refreshes once: requests with the same refresh token share one call and its answer.
import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { settlesWithin } from "../base/deadline";
import { AuthError } from "../base/errors";
import { type Attempt, areLive, attemptKey, findAttempt, forgetAttempt, isOutdated, keepAttempt } from "./attempts";
import { type IssuedTokens, verifyTokenResponse } from "./issued-tokens";
import { type Grant, refreshTokens, type TokenResponse } from "./token-endpoint";

interface Urgency {
  readonly isUrgent: boolean; // No valid access token is left, so a new call does not wait.
}

const BACK_OFF_S = 2; // Then ask again: after a lost answer the old token still works in its grace period.
const ABANDONED_AFTER_MS = 12_000; // Some platforms drop a request that nobody awaits: it never settles.
const MIN_WAIT_MS = 2_000; // After the process stood still, an answer may be waiting to be read.
const SIGN_OUT_WAIT_MS = 8_000;

/**
 * Returns verified new tokens for a refresh token, or those of the newest token that is known to follow it. Answers and
 * rejections serve for 60 s: after a rotation, a second call with the old token can fail. Tokens that arrive while the
 * keys are unavailable are kept for an hour at most.
 *
 * Throws as refreshTokens and verifyTokenResponse do.
 */
export async function refreshOnce(grant: Grant, config: AuthConfig, urgency: Urgency): Promise<IssuedTokens> {
  const key = await attemptKey(grant.refreshToken, config);
  let known = findAttempt(key);
  while (known?.outcome === "pending") {
    await waitFor(known, key);
    known = findAttempt(key);
  }
  // No await between this look and the start of an attempt: two requests would both start one.
  if (!known || isOutdated(known)) return startAttempt(key, refreshTokens(grant, config), config);
  if (known.tokens) return refreshToNewest(known.tokens, config, urgency);
  if (mayShareFailure(known, urgency)) return known.result;
  return startAttempt(key, known.outcome === "unverified" ? known.response : refreshTokens(grant, config), config);
}

/** Whether this process remembers a failed refresh with this token. Cognito may have rotated it all the same. */
export async function hasFailedRefresh(refreshToken: string, config: AuthConfig): Promise<boolean> {
  const outcome = findAttempt(await attemptKey(refreshToken, config))?.outcome;
  return outcome === "failed" || outcome === "unverified";
}

/**
 * Returns all refresh tokens that are known here to follow `refreshToken`, itself included. Waits up to 8 s for each
 * refresh in flight, and forgets the answers: sign-out revokes these tokens.
 */
export async function takeSuccessors(refreshToken: string, config: AuthConfig): Promise<readonly string[]> {
  const tokens = new Set<string>();
  let next: string | null = refreshToken;
  while (next !== null && !tokens.has(next)) {
    tokens.add(next);
    const key = await attemptKey(next, config);
    const attempt = findAttempt(key);
    const isAnswered = attempt !== undefined && (await settlesWithin(attempt.response, SIGN_OUT_WAIT_MS));
    const answer: TokenResponse | null = isAnswered ? await attempt.response.catch(() => null) : null;
    forgetAttempt(key);
    next = answer?.refreshToken ?? null;
  }
  return [...tokens];
}

/** Waits for a pending attempt. Forgets one that does not settle in time: the platform has dropped it. */
async function waitFor(attempt: Attempt, key: string): Promise<void> {
  const waitMs = ABANDONED_AFTER_MS - (now() - attempt.startedAt) * 1000;
  const isSettled = await settlesWithin(attempt.result, Math.max(MIN_WAIT_MS, waitMs));
  if (!isSettled && findAttempt(key) === attempt) forgetAttempt(key);
}

/** A late request must not put an older refresh token into the browser, so it gets the newest tokens. */
async function refreshToNewest(tokens: IssuedTokens, config: AuthConfig, urgency: Urgency): Promise<IssuedTokens> {
  const { refreshToken: next } = tokens;
  const isLive = areLive(tokens);
  const hasSuccessor = next !== null && findAttempt(await attemptKey(next, config)) !== undefined;
  if (next === null || (isLive && !hasSuccessor)) return tokens;
  // Proven: Cognito issued this token to this process.
  return refreshOnce({ refreshToken: next, isProven: true }, config, urgency).catch((error: unknown) => {
    const isOutage = error instanceof AuthError && !error.isBadCredential;
    if (isLive && isOutage) return tokens;
    throw error;
  });
}

/** Verifies and keeps the answer of a call. */
export function startAttempt(key: string, response: Promise<TokenResponse>, config: AuthConfig): Promise<IssuedTokens> {
  const result = response.then((tokens) => verifyTokenResponse(tokens, config));
  const attempt: Attempt = { startedAt: now(), response, result, outcome: "pending", settledAt: 0, tokens: null };
  const settle = (outcome: Attempt["outcome"], tokens: IssuedTokens | null) =>
    Object.assign(attempt, { outcome, tokens, settledAt: now() });
  result.then(
    (tokens) => settle("issued", tokens),
    (error: unknown) => settle(outcomeOf(error), null),
  );
  keepAttempt(key, attempt);
  return result;
}

function outcomeOf(error: unknown): Attempt["outcome"] {
  if (!(error instanceof AuthError)) return "failed";
  if (error.code === "keys_unavailable") return "unverified";
  return error.isBadCredential ? "rejected" : "failed";
}

/** A rejection serves all requests; another failure only for 2 s, and only those that can wait. */
export function mayShareFailure({ outcome, settledAt }: Attempt, { isUrgent }: Urgency): boolean {
  return outcome === "rejected" || (!isUrgent && now() - settledAt < BACK_OFF_S);
}
