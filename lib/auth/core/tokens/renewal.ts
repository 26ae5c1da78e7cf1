// Renews now: new tokens with the claims of today, although the old ones are still valid.
import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { AuthError } from "../base/errors";
import { type Attempt, attemptKey, findAttempt, isOutdated } from "./attempts";
import type { IssuedTokens } from "./issued-tokens";
import { mayShareFailure, refreshOnce, startAttempt } from "./refresh";
import { type Grant, refreshTokens } from "./token-endpoint";

const RENEWAL_SHARED_S = 2; // Renewals that come together share one answer.
const MAX_FOLLOWED = 100; // Refresh tokens, from one to the newest.

/**
 * Returns tokens that Cognito makes now, so that their claims are today's. Asks with the newest refresh token that is
 * known here to follow `grant`. A refresh in flight is shared. One that settled at most 2 s ago is shared by a request
 * that does not have its access token. Throws as refreshOnce does.
 */
export async function renewOnce(grant: Grant, config: AuthConfig, accessToken: string | null): Promise<IssuedTokens> {
  let newest = grant;
  let key = await attemptKey(grant.refreshToken, config);
  let source: Attempt | undefined; // The attempt that brought the newest refresh token.
  for (let i = 0; i < MAX_FOLLOWED; i++) {
    const known = findAttempt(key);
    const next = known?.tokens?.refreshToken;
    if (!next) break;
    source = known;
    newest = { refreshToken: next, isProven: true };
    key = await attemptKey(next, config);
  }
  // No await between this look and the start of an attempt: two renewals would both start one.
  const known = findAttempt(key);
  if (known?.outcome === "pending") return refreshOnce(newest, config, { isUrgent: true });
  const { tokens = null, settledAt = 0 } = known ?? source ?? {};
  const isNew = tokens !== null && tokens.accessToken !== accessToken && now() - settledAt <= RENEWAL_SHARED_S;
  // Without rotation an answer has no refresh token: the newest one serves again.
  const complete = (it: IssuedTokens) => ({ ...it, refreshToken: it.refreshToken ?? newest.refreshToken });
  if (isNew) return complete(tokens);
  if (known && !known.tokens && !isOutdated(known) && mayShareFailure(known, { isUrgent: false })) return known.result;
  if (known?.outcome === "unverified") {
    const old = await startAttempt(key, known.response, config); // Its claims may be old.
    return renewOnce(newest, config, old.accessToken).then(complete);
  }
  return startAttempt(key, refreshTokens(newest, config), config)
    .catch((error: unknown) => askAgain(error, newest, config))
    .then(complete);
}

/** After a lost answer Cognito may have rotated the token. In its grace period it still works: ask once more. */
function askAgain(error: unknown, grant: Grant, config: AuthConfig): Promise<IssuedTokens> {
  const isLost = error instanceof AuthError && error.code === "token_endpoint_unavailable";
  return isLost ? refreshOnce(grant, config, { isUrgent: true }) : Promise.reject(error);
}
