// Sessions in cookies: the tokens are in the browser, and every server can read them.
import type { AuthConfig } from "../base/config";
import { AuthError } from "../base/errors";
import type { CookieJar } from "../http/cookie-jar";
import { checkContinuation, type IssuedTokens } from "../tokens/issued-tokens";
import { hasFailedRefresh, refreshOnce } from "../tokens/refresh";
import { renewOnce } from "../tokens/renewal";
import { revoke, revokeWithSuccessors } from "../tokens/revocation";
import type { Grant } from "../tokens/token-endpoint";
import type { Authentication, SignedIn, SignedOut } from "./authentication";
import { hasEnded, isRejected, markEnded, markRejected, markStarted } from "./ended";
import { failedRefresh } from "./failed-refresh";
import {
  hasOldRefreshCookie,
  type RefreshFacts,
  type RefreshState,
  readRefreshState,
  writeRefreshFacts,
} from "./refresh-cookie";
import type { Session } from "./session";
import { deleteSession, readSession, writeSession } from "./session-cookies";
import type { EndedSession, RefreshReason, SessionChanges, Sessions, StartedSession } from "./sessions";

/** Stores new tokens, and returns their session. */
type Write = (jar: CookieJar, tokens: IssuedTokens, facts: RefreshFacts) => Promise<SignedIn>;

export const cookieSessions: Sessions = {
  read: readSession,
  mustRefreshEarly,
  refresh: (jar, stored, reason) => refresh(jar, stored, reason, writeRefreshed),
  hasEnded: async () => false,
};

export const cookieChanges: SessionChanges = { start, end, forget };

/** Whether the session has a refresh cookie of version 0.1, or an early refresh of it failed in this process. */
async function mustRefreshEarly(jar: CookieJar, isEndNear: boolean): Promise<boolean> {
  if (hasOldRefreshCookie(jar)) return true;
  const state = isEndNear ? await readRefreshState(jar) : null;
  return state !== null && hasFailedRefresh(state.refreshToken, jar.config);
}

export const NOT_RENEWED: SignedOut = {
  status: "signed_out",
  error: new AuthError("grant_rejected", "There is no refresh token to renew with"),
};

/** Exchanges the refresh token of the jar, and stores the new tokens with `write`. */
export async function refresh(
  jar: CookieJar,
  stored: Authentication,
  reason: RefreshReason,
  write: Write,
): Promise<Authentication> {
  const { config } = jar;
  const state = await readRefreshState(jar);
  const fallback = reason === "renewal" ? NOT_RENEWED : stored;
  if (!state) return fallback;
  if (await hasEnded(jar, state.signIn)) {
    await revoke(state, config);
    return fallback;
  }
  if (await isRejected(jar, state.refreshToken)) {
    return { status: "signed_out", error: new AuthError("grant_rejected", "Cognito rejected this grant before") };
  }
  try {
    const accessToken = stored.status === "signed_in" ? stored.accessToken : null;
    return await storeTokens(jar, state, await requestTokens(state, config, reason, accessToken), write);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    // Cognito has ended the sign-in. No session cookie is deleted: another server may have stored a good session just now.
    if (error.isBadCredential) await markRejected(jar, state.refreshToken);
    return failedRefresh(error, fallback);
  }
}

/** Returns new tokens from Cognito. `accessToken` is the one that the request has. Throws as refreshOnce does. */
export function requestTokens(
  grant: Grant,
  config: AuthConfig,
  reason: RefreshReason,
  accessToken: string | null,
): Promise<IssuedTokens> {
  if (reason === "renewal") return renewOnce(grant, config, accessToken);
  return refreshOnce(grant, config, { isUrgent: reason === "due" });
}

function writeRefreshed(jar: CookieJar, tokens: IssuedTokens, facts: RefreshFacts): Promise<SignedIn> {
  return writeSession(jar, tokens, facts, "refreshed");
}

async function storeTokens(jar: CookieJar, state: RefreshState, tokens: IssuedTokens, write: Write): Promise<SignedIn> {
  checkContinuation(tokens, state.signIn);
  const facts = { ...state, refreshToken: tokens.refreshToken ?? state.refreshToken };
  try {
    return await write(jar, tokens, facts);
  } catch (error) {
    // Without a revocation, a session that was ended everywhere would ask Cognito again with each request.
    if (error instanceof AuthError && error.isBadCredential) await revoke({ ...facts, isProven: true }, jar.config);
    // Not stored, for example because it is too large. The old refresh token is used up, so the browser needs the new one.
    else if (tokens.refreshToken) await writeRefreshFacts(jar, facts, tokens.accessClaims.exp);
    throw error;
  }
}

async function start(jar: CookieJar, tokens: IssuedTokens, facts: RefreshFacts | null): Promise<StartedSession> {
  const started = jar.clone();
  const auth = await writeSession(started, tokens, facts, "signed_in");
  const commit = async () => {
    const replaced = await readRefreshState(jar);
    await markStarted(started, facts?.signIn ?? tokens.accessClaims, replaced);
    // The browser forgets this refresh token now. At Cognito it would live on, even after sign-out.
    if (replaced && replaced.refreshToken !== facts?.refreshToken) await revokeWithSuccessors(replaced, jar.config);
    jar.accept(started);
  };
  return { auth, commit };
}

/** If Cognito is down, the session still ends in this browser. */
async function end(jar: CookieJar): Promise<EndedSession | null> {
  const state = await readRefreshState(jar);
  const isRevoked = state !== null && (await revokeWithSuccessors(state, jar.config));
  const ended = state ?? (await readAccessSignIn(jar));
  deleteSession(jar);
  if (!ended) return null;
  await markEnded(jar, ended.signIn, ended.sessionEndsAt);
  return { signIn: ended.signIn, isRevoked };
}

/** Returns the sign-in of the access token, for want of a readable refresh cookie. That token works until it expires. */
async function readAccessSignIn(jar: CookieJar): Promise<Pick<RefreshFacts, "signIn" | "sessionEndsAt"> | null> {
  try {
    const auth = await readSession(jar);
    return auth.status === "signed_in" ? { signIn: auth.session.claims, sessionEndsAt: auth.session.expiresAt } : null;
  } catch (error) {
    if (error instanceof AuthError) return null;
    throw error;
  }
}

async function forget(jar: CookieJar, { claims, expiresAt }: Session): Promise<void> {
  await markEnded(jar, claims, (await readRefreshState(jar))?.sessionEndsAt ?? expiresAt);
}
