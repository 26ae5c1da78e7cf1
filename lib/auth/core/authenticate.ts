// Says who sends a request: a verdict on its credential, after a refresh where one is due.

import { now } from "./base/clock";
import { AuthError } from "./base/errors";
import type { CookieJar } from "./http/cookie-jar";
import { cookieName } from "./http/cookies";
import { isPrefetch, readBearer, requestKind } from "./http/request";
import type { Authentication, SignedIn } from "./session/authentication";
import { readSession, storeTokens } from "./session/cookie-session";
import { hasEnded, isSpent, markSpent } from "./session/ended";
import { createSession } from "./session/session";
import { hasOldRefreshCookie, type RefreshState, readRefreshState } from "./session/session-cookies";
import { checkContinuation } from "./tokens/issued-tokens";
import { hasFailed, refreshOnce } from "./tokens/refresh";
import { revoke } from "./tokens/revocation";
import { verifyAccessToken } from "./tokens/verify";

interface Options {
  /** `never` where no cookie can be set; `due` when the access token has expired or is about to; `always` even before. */
  readonly refresh: "never" | "due" | "always";
}

// A page load refreshes early and alone, so the requests that follow it find a fresh token.
const REFRESH_AHEAD_S = { document: 60, action: 60, data: 10, api: 10 };

/**
 * Verifies the credential of a request: `Authorization: Bearer` when present, else the cookies. A refresh changes the
 * jar. Throws no AuthError.
 */
export async function authenticate(headers: Headers, jar: CookieJar, { refresh }: Options): Promise<Authentication> {
  const bearer = readBearer(headers);
  if (bearer !== null) return toVerdict(authenticateBearer(bearer, jar));
  const stored = await toVerdict(readSession(jar));
  if (stored.status === "signed_out" && jar.get(cookieName(jar.config, "outage")) !== undefined) {
    return { status: "unknown", error: new AuthError("token_endpoint_unavailable") };
  }
  if (stored.status === "unknown" || refresh === "never" || isPrefetch(headers)) return stored;
  const isDue = stored.status === "signed_out" || remaining(stored) < REFRESH_AHEAD_S[requestKind(headers)];
  const isRefreshed = isDue || refresh === "always" || hasOldRefreshCookie(jar) || (await isOwed(jar, stored));
  return isRefreshed ? refreshCookies(jar, stored) : stored;
}

/** An early refresh failed here. The next request of any kind asks again, while the grace period runs. */
async function isOwed(jar: CookieJar, stored: SignedIn): Promise<boolean> {
  if (remaining(stored) >= REFRESH_AHEAD_S.document) return false;
  const state = await readRefreshState(jar);
  return state !== null && hasFailed(state.refreshToken, jar.config);
}

const remaining = ({ session }: SignedIn): number => session.expiresAt - now();

async function toVerdict(verdict: Promise<Authentication>): Promise<Authentication> {
  try {
    return await verdict;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return { status: error.isBadCredential ? "signed_out" : "unknown", error };
  }
}

async function authenticateBearer(token: string, { config }: CookieJar): Promise<Authentication> {
  const claims = await verifyAccessToken(token, config, config.bearerClientIds);
  return { status: "signed_in", session: createSession(claims, null, "bearer"), accessToken: token, idToken: null };
}

async function refreshCookies(jar: CookieJar, stored: Authentication): Promise<Authentication> {
  const state = await readRefreshState(jar);
  if (!state) return stored;
  if (await hasEnded(jar, state.signIn)) {
    await revoke(state, jar.config);
    return stored;
  }
  if (await isSpent(jar, state.refreshToken)) {
    return { status: "signed_out", error: new AuthError("grant_rejected", "Cognito rejected this grant before") };
  }
  try {
    const isUrgent = stored.status !== "signed_in";
    const tokens = await refreshOnce(state, jar.config, { isUrgent });
    checkContinuation(tokens, state.signIn);
    const refreshToken = tokens.refreshToken ?? state.refreshToken;
    return await storeTokens(jar, tokens, { ...state, refreshToken }, "refreshed");
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return handleFailure(jar, state, stored, error);
  }
}

/** Deletes nothing: another server may just have stored a good session in this browser. */
async function handleFailure(jar: CookieJar, state: RefreshState, stored: Authentication, error: AuthError) {
  const { code, message: detail, isBadCredential } = error;
  const events = [{ type: "refresh_failed", code, detail, isSessionKept: !isBadCredential } as const];
  if (isBadCredential) {
    await markSpent(jar, state.refreshToken);
    return { status: "signed_out", error, events } as const;
  }
  return stored.status === "signed_in" ? { ...stored, events } : ({ status: "unknown", error, events } as const);
}
