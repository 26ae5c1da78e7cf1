// Sessions in a store: the browser has a random id, and all servers share the record that it names.
import type { AuthConfig } from "../base/config";
import { AuthError } from "../base/errors";
import { fingerprint } from "../base/hash";
import type { SessionStore } from "../base/session-store";
import type { CookieJar } from "../http/cookie-jar";
import type { Authentication, SignedIn, SignedOut } from "../session/authentication";
import { cookieChanges, cookieSessions, refresh as refreshCookies, requestTokens } from "../session/cookie-sessions";
import { markStarted } from "../session/ended";
import { failedRefresh } from "../session/failed-refresh";
import { type RefreshFacts, readRefreshState } from "../session/refresh-cookie";
import type { Session } from "../session/session";
import { deleteSession, verifySession } from "../session/session-cookies";
import type { EndedSession, RefreshReason, SessionChanges, Sessions, StartedSession } from "../session/sessions";
import type { AccessTokenClaims } from "../tokens/claims";
import type { IssuedTokens } from "../tokens/issued-tokens";
import { revokeWithSuccessors } from "../tokens/revocation";
import type { Grant } from "../tokens/token-endpoint";
import { refreshRecord } from "./lease";
import type { SessionRecord } from "./record";
import { readSessionId, UserSessions } from "./user-sessions";

const RENEWAL_SHARED_MS = 2_000;

export class StoredSessions implements Sessions, SessionChanges {
  readonly users: UserSessions;
  /** The record that each request found. Null: none. */
  readonly #found = new WeakMap<CookieJar, SessionRecord | null>();
  /** The refreshes of this process. */
  readonly #refreshes = new Map<string, Promise<SessionRecord>>();

  constructor(store: SessionStore) {
    this.users = new UserSessions(store);
  }

  async read(jar: CookieJar): Promise<SignedIn | SignedOut> {
    const id = readSessionId(jar);
    if (id !== null) {
      const record = await this.users.records.find(id, jar.config);
      this.#found.set(jar, record);
      if (!record) throw new AuthError("token_invalid", "There is no such session");
      return verifySession(record.accessToken, record.idToken, jar.config);
    }
    const auth = await cookieSessions.read(jar); // From before the store: the next refresh moves it.
    if (auth.status !== "signed_in" || !(await this.hasEnded(auth.session.claims, jar))) return auth;
    throw new AuthError("token_invalid", "The session ended");
  }

  async mustRefreshEarly(jar: CookieJar, secondsLeft: number): Promise<boolean> {
    return readSessionId(jar) === null && cookieSessions.mustRefreshEarly(jar, secondsLeft);
  }

  async refresh(jar: CookieJar, stored: Authentication, reason: RefreshReason): Promise<Authentication> {
    const id = readSessionId(jar);
    if (id === null) return refreshCookies(jar, stored, reason, (...parts) => this.#moveIn(...parts));
    const seen = this.#found.get(jar);
    if (!seen) return stored; // An invented id costs one read.
    try {
      const { accessToken, idToken } = await this.#refreshOnce(id, jar.config, reason, seen);
      const auth = await verifySession(accessToken, idToken, jar.config);
      const isNew = stored.status !== "signed_in" || stored.accessToken !== accessToken;
      return isNew ? withEvent(auth, "refreshed") : auth;
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      return failedRefresh(error, reason === "renewal" ? { status: "signed_out", error } : stored);
    }
  }

  async start(jar: CookieJar, tokens: IssuedTokens, facts: RefreshFacts | null): Promise<StartedSession> {
    const auth = await withEvent(await verifySession(tokens.accessToken, tokens.idToken, jar.config), "signed_in");
    const signIn = facts?.signIn ?? tokens.accessClaims;
    const commit = async () => {
      const replaced = await readRefreshState(jar);
      const ended = await this.users.create(jar, tokens, facts ?? endOf(tokens), Date.now());
      await markStarted(jar, signIn, replaced);
      for (const grant of [replaced, ended]) {
        // The browser forgets this refresh token now. At Cognito it would live on, even after sign-out.
        if (grant && grant.refreshToken !== tokens.refreshToken) await revokeWithSuccessors(grant, jar.config);
      }
    };
    return { auth, commit };
  }

  async end(jar: CookieJar): Promise<EndedSession | null> {
    const id = readSessionId(jar);
    const record = id === null ? null : await this.users.delete(id, jar.config);
    const { refreshToken = null, signIn } = record ?? {};
    const isRevoked =
      refreshToken !== null && (await revokeWithSuccessors({ refreshToken, isProven: true }, jar.config));
    const inCookies = await cookieChanges.end(jar);
    deleteSession(jar);
    return signIn ? { signIn, isRevoked } : inCookies;
  }

  async forget(jar: CookieJar, session: Session): Promise<void> {
    const id = readSessionId(jar);
    if (id === null) await cookieChanges.forget(jar, session);
    else await this.users.delete(id, jar.config);
  }

  /** A sign-in of the second in which all sessions were ended has ended, too. */
  async hasEnded(
    { sub, auth_time: authTime, iat, username }: AccessTokenClaims,
    { config }: CookieJar,
  ): Promise<boolean> {
    if (typeof username !== "string") return false; // A machine's token.
    const began = typeof authTime === "number" ? authTime : iat;
    return began * 1000 <= (await this.users.indexes.findNotBefore(sub, config));
  }

  /** Refreshes once for all requests of this process that wait for the same. */
  #refreshOnce(id: string, config: AuthConfig, reason: RefreshReason, seen: SessionRecord): Promise<SessionRecord> {
    const key = JSON.stringify([config.issuer, config.clientId, reason, id]);
    const started = () => this.#refresh(id, config, reason, seen).finally(() => this.#refreshes.delete(key));
    const pending = this.#refreshes.get(key) ?? started();
    this.#refreshes.set(key, pending);
    return pending;
  }

  #refresh(id: string, config: AuthConfig, reason: RefreshReason, seen: SessionRecord): Promise<SessionRecord> {
    const startedAt = Date.now();
    const isRenewal = reason === "renewal";
    const isFresh = ({ accessToken, tokenExpiresAt, refreshedAt }: SessionRecord) =>
      accessToken !== seen.accessToken &&
      tokenExpiresAt * 1000 > startedAt &&
      (!isRenewal || refreshedAt >= startedAt - RENEWAL_SHARED_MS);
    const request = (grant: Grant) => requestTokens(grant, config, reason, seen.accessToken);
    return refreshRecord({ records: this.users.records, id, config, isFresh, canSkip: reason === "early", request });
  }

  /** Moves a session from cookies into the store. */
  async #moveIn(jar: CookieJar, tokens: IssuedTokens, facts: RefreshFacts): Promise<SignedIn> {
    const { auth_time: authTime } = tokens.accessClaims;
    await this.users.create(jar, tokens, facts, typeof authTime === "number" ? authTime * 1000 : 0);
    return withEvent(await verifySession(tokens.accessToken, tokens.idToken, jar.config), "refreshed");
  }
}

/** Without a refresh token a session ends with its access token. */
function endOf({ accessClaims }: IssuedTokens): Pick<RefreshFacts, "signIn" | "sessionEndsAt"> {
  return { signIn: accessClaims, sessionEndsAt: accessClaims.exp };
}

async function withEvent(auth: SignedIn, type: "signed_in" | "refreshed"): Promise<SignedIn> {
  const { iss, sub } = auth.session.claims;
  return { ...auth, events: [{ type, subject: await fingerprint(iss, sub), isIdTokenDropped: false }] };
}
