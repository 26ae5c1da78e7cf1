// Authenticates a request: verifies its credential, and refreshes the session when that is due.
import { now } from "./base/clock";
import { AuthError } from "./base/errors";
import type { CookieJar } from "./http/cookie-jar";
import { isOutage } from "./http/cookies";
import { isPrefetch, readBearer, requestKind } from "./http/request";
import type { Authentication, SignedIn } from "./session/authentication";
import { hasEnded, isRejected, markRejected } from "./session/ended";
import { hasOldRefreshCookie, type RefreshState, readRefreshState, writeRefreshFacts } from "./session/refresh-cookie";
import { createSession } from "./session/session";
import { readSession, writeSession } from "./session/session-cookies";
import { checkContinuation, type IssuedTokens } from "./tokens/issued-tokens";
import { hasFailedRefresh, refreshOnce } from "./tokens/refresh";
import { renewOnce } from "./tokens/renewal";
import { revoke } from "./tokens/revocation";
import { verifyAccessToken } from "./tokens/verify";

interface Options {
  /**
   * `never` where no cookie can be set; `due` when the access token has expired or is about to; `always` even before.
   */
  readonly refresh: "never" | "due" | "always";
}

// Seconds before the end of the access token. A page load refreshes early and alone, so the requests that follow it find
// a fresh token.
const REFRESH_AHEAD_S = { document: 60, action: 60, data: 10, api: 10 };

/**
 * Verifies the credential of a request: `Authorization: Bearer` when present, else the cookies. A refresh changes the
 * jar. Throws no AuthError.
 */
export async function authenticate(headers: Headers, jar: CookieJar, { refresh }: Options): Promise<Authentication> {
  const bearer = readBearer(headers);
  if (bearer !== null) return toAuthentication(authenticateBearer(bearer, jar));
  const stored = await toAuthentication(readSession(jar));
  if (stored.status === "unknown") return stored;
  if (stored.status === "signed_out" && isOutage(jar)) {
    return { status: "unknown", error: new AuthError("token_endpoint_unavailable") };
  }
  if (refresh === "never" || isPrefetch(headers)) return stored;
  const mustRefresh = refresh === "always" || isExpiring(stored, headers) || (await mustRefreshEarly(stored, jar));
  const urgency = { isUrgent: stored.status !== "signed_in" };
  return mustRefresh ? exchange(jar, stored, (state) => refreshOnce(state, jar.config, urgency)) : stored;
}

/**
 * Renews the session of the cookies at Cognito, so that its claims are today's. The result is `signed_in` only with new
 * tokens, and `unknown` when Cognito does not answer: the session is kept. Changes the jar. Throws no AuthError.
 */
export async function renew(jar: CookieJar): Promise<Authentication> {
  const stored = await toAuthentication(readSession(jar));
  if (stored.status === "unknown") return stored; // New tokens could not be verified either.
  const error = new AuthError("grant_rejected", "There is no refresh token to renew with");
  const accessToken = stored.status === "signed_in" ? stored.accessToken : null;
  return exchange(jar, { status: "signed_out", error }, (state) => renewOnce(state, jar.config, accessToken));
}

function isExpiring(stored: Authentication, headers: Headers): boolean {
  return secondsLeft(stored) < REFRESH_AHEAD_S[requestKind(headers)];
}

/** Whether the session has a refresh cookie of version 0.1, or an early refresh of it failed in this process. */
async function mustRefreshEarly(stored: Authentication, jar: CookieJar): Promise<boolean> {
  if (hasOldRefreshCookie(jar)) return true;
  const state = secondsLeft(stored) < REFRESH_AHEAD_S.document ? await readRefreshState(jar) : null;
  return state !== null && hasFailedRefresh(state.refreshToken, jar.config);
}

function secondsLeft(stored: Authentication): number {
  return stored.status === "signed_in" ? stored.session.expiresAt - now() : 0;
}

async function toAuthentication(result: Promise<Authentication>): Promise<Authentication> {
  try {
    return await result;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return { status: error.isBadCredential ? "signed_out" : "unknown", error };
  }
}

async function authenticateBearer(token: string, { config }: CookieJar): Promise<Authentication> {
  const claims = await verifyAccessToken(token, config, config.bearerClientIds);
  const isForOther = claims.aud !== undefined && config.resource === null;
  if (isForOther)
    throw new AuthError("token_invalid", "The token is bound to a resource, and COGNITO_RESOURCE is not set");
  const session = createSession(claims, null, "bearer", config.tenant);
  return { status: "signed_in", session, accessToken: token, idToken: null };
}

/** Exchanges the refresh token of the jar, and stores the new tokens. `stored` is the result if there is none to exchange. */
async function exchange(
  jar: CookieJar,
  stored: Authentication,
  request: (state: RefreshState) => Promise<IssuedTokens>,
): Promise<Authentication> {
  const state = await readRefreshState(jar);
  if (!state) return stored;
  if (await hasEnded(jar, state.signIn)) {
    await revoke(state, jar.config);
    return stored;
  }
  if (await isRejected(jar, state.refreshToken)) {
    return { status: "signed_out", error: new AuthError("grant_rejected", "Cognito rejected this grant before") };
  }
  try {
    return await storeTokens(jar, state, await request(state));
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return handleFailure(jar, state, stored, error);
  }
}

async function storeTokens(jar: CookieJar, state: RefreshState, tokens: IssuedTokens): Promise<SignedIn> {
  checkContinuation(tokens, state.signIn);
  const facts = { ...state, refreshToken: tokens.refreshToken ?? state.refreshToken };
  try {
    return await writeSession(jar, tokens, facts, "refreshed");
  } catch (error) {
    // Too large to store. The old refresh token is used up, so the browser needs the new one.
    if (tokens.refreshToken) await writeRefreshFacts(jar, facts, tokens.accessClaims.exp);
    throw error;
  }
}

/**
 * A rejected refresh token ends the session, also while its access token is valid: Cognito has revoked the sign-in. No
 * session cookie is deleted, because another server may just have stored a good session in this browser.
 */
async function handleFailure(
  jar: CookieJar,
  state: RefreshState,
  stored: Authentication,
  error: AuthError,
): Promise<Authentication> {
  const { code, message: detail, isBadCredential } = error;
  const events = [{ type: "refresh_failed", code, detail, isSessionKept: !isBadCredential } as const];
  if (isBadCredential) {
    await markRejected(jar, state.refreshToken);
    return { status: "signed_out", error, events };
  }
  return stored.status === "signed_in" ? { ...stored, events } : { status: "unknown", error, events };
}
