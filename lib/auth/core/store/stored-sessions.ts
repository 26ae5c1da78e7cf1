// Sessions in a store: the browser has a random id, and all servers share the record that it names.
import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { AuthError } from "../base/errors";
import { createSecret } from "../base/hash";
import type { SessionStore } from "../base/session-store";
import { SharedCalls } from "../base/shared-calls";
import type { CookieJar } from "../http/cookie-jar";
import type { Authentication, SignedIn, SignedOut } from "../session/authentication";
import {
  cookieChanges,
  cookieSessions,
  NOT_RENEWED,
  refresh as refreshCookies,
  requestTokens,
} from "../session/cookie-sessions";
import { hasEnded, markStarted } from "../session/ended";
import { failedRefresh } from "../session/failed-refresh";
import { type RefreshFacts, readRefreshState } from "../session/refresh-cookie";
import type { Session } from "../session/session";
import { deleteSession, verifySession } from "../session/session-cookies";
import type { EndedSession, RefreshReason, SessionChanges, Sessions, StartedSession } from "../session/sessions";
import type { AccessTokenClaims } from "../tokens/claims";
import type { IssuedTokens } from "../tokens/issued-tokens";
import { revokeWithSuccessors } from "../tokens/revocation";
import type { Grant } from "../tokens/token-endpoint";
import { MAX_WAIT_MS, refreshRecord } from "./lease";
import { endOf, movedId, type SessionRecord } from "./record";
import { readSessionId, writeSessionId } from "./session-id";
import { UserSessions } from "./user-sessions";
import { verifyRecord, withEvent } from "./verify-record";

const [RENEWAL_SHARED_MS, BACK_OFF_S] = [2_000, 2];

export class StoredSessions implements Sessions, SessionChanges {
  readonly users: UserSessions;
  /** The record that each request found. Null: none. */
  readonly #found: WeakMap<CookieJar, SessionRecord | null>;
  /** The refreshes of this process. */
  readonly #refreshes: SharedCalls<SessionRecord>;
  readonly #moves: SharedCalls<void>;

  constructor(store: SessionStore) {
    this.#found = new WeakMap(); // Here: bundlers keep an unused class whose fields call something.
    this.#refreshes = new SharedCalls(MAX_WAIT_MS);
    this.#moves = new SharedCalls(MAX_WAIT_MS);
    this.users = new UserSessions(store);
  }

  async read(jar: CookieJar): Promise<SignedIn | SignedOut> {
    const id = readSessionId(jar);
    if (id !== null) {
      const record = await this.users.records.find(id, jar.config);
      this.#found.set(jar, record);
      if (!record) throw new AuthError("token_invalid", "There is no such session");
      if (await hasEnded(jar, record.signIn)) {
        await this.users.end(id, jar.config); // Its move into the store came after its sign-out.
        this.#found.set(jar, null);
        throw new AuthError("token_invalid", "The session ended");
      }
      return verifySession(record.accessToken, record.idToken, jar.config);
    }
    const auth = await cookieSessions.read(jar); // From before the store: the next refresh moves it.
    if (auth.status !== "signed_in" || !(await this.hasEnded(auth.session.claims, jar))) return auth;
    throw new AuthError("token_invalid", "The session ended");
  }

  async mustRefreshEarly(jar: CookieJar, isEndNear: boolean): Promise<boolean> {
    const lease = this.#found.get(jar)?.lease;
    if (lease) return now() - lease.until >= BACK_OFF_S; // A refresh was lost, and Cognito may have rotated the token.
    return readSessionId(jar) === null && cookieSessions.mustRefreshEarly(jar, isEndNear);
  }

  async refresh(jar: CookieJar, stored: Authentication, reason: RefreshReason): Promise<Authentication> {
    const id = readSessionId(jar);
    if (id === null) return refreshCookies(jar, stored, reason, (...parts) => this.#moveIn(...parts));
    const seen = this.#found.get(jar);
    const fallback = reason === "renewal" ? NOT_RENEWED : stored;
    const key = JSON.stringify([jar.config.issuer, jar.config.clientId, reason, id]);
    // An invented id costs one read. A token that is still valid does not wait for a refresh.
    if (!seen?.refreshToken || (reason === "early" && this.#refreshes.has(key))) return fallback;
    try {
      const renewed = await this.#refreshes.run(key, () => this.#refresh(id, jar.config, reason, seen));
      return await verifyRecord(renewed, stored, jar.config);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      return failedRefresh(error, fallback);
    }
  }

  async start(jar: CookieJar, tokens: IssuedTokens, facts: RefreshFacts | null): Promise<StartedSession> {
    const auth = await withEvent(await verifySession(tokens.accessToken, tokens.idToken, jar.config), "signed_in");
    const { signIn, sessionEndsAt } = facts ?? endOf(tokens);
    const startedAt = Date.now(); // A sign-out everywhere during the app's hook ends this session, too.
    const commit = async () => {
      const replaced = await readRefreshState(jar);
      const [id, oldId] = [createSecret(), readSessionId(jar)];
      await this.users.create(id, tokens, { signIn, sessionEndsAt }, startedAt, jar.config);
      if (oldId !== null) await this.users.end(oldId, jar.config);
      writeSessionId(jar, id, sessionEndsAt);
      await markStarted(jar, signIn, replaced);
      // The browser forgets this refresh token now. At Cognito it would live on, even after sign-out.
      if (replaced && replaced.refreshToken !== tokens.refreshToken) await revokeWithSuccessors(replaced, jar.config);
    };
    return { auth, commit };
  }

  async end(jar: CookieJar): Promise<EndedSession | null> {
    const id = readSessionId(jar);
    const ended = id === null ? null : await this.users.end(id, jar.config);
    const state = await readRefreshState(jar); // The answer to its move into the store may be lost.
    if (state) await this.users.end(await movedId(state.refreshToken, jar.config), jar.config);
    const inCookies = await cookieChanges.end(jar);
    deleteSession(jar);
    return ended ?? inCookies;
  }

  async forget(jar: CookieJar, session: Session): Promise<void> {
    const id = readSessionId(jar);
    if (id === null) await cookieChanges.forget(jar, session);
    else await this.users.end(id, jar.config);
  }

  hasEnded(claims: AccessTokenClaims, { config }: CookieJar): Promise<boolean> {
    return this.users.hasEnded(claims, config);
  }

  async #refresh(id: string, config: AuthConfig, reason: RefreshReason, seen: SessionRecord): Promise<SessionRecord> {
    const [startedAt, { records, indexes }] = [Date.now(), this.users];
    const isFresh = ({ accessToken, tokenExpiresAt, refreshedAt }: SessionRecord) =>
      accessToken !== seen.accessToken &&
      tokenExpiresAt * 1000 > startedAt &&
      (reason !== "renewal" || refreshedAt >= startedAt - RENEWAL_SHARED_MS);
    const request = (grant: Grant) => requestTokens(grant, config, reason, seen.accessToken);
    const renewed = await refreshRecord({ records, id, config, isFresh, canSkip: reason === "early", request });
    await indexes.moveToNewest(seen.signIn.sub, config); // As the record.
    return renewed;
  }

  /** Moves a session from cookies into the store. Requests that come together, to any server, make one record. */
  async #moveIn(jar: CookieJar, tokens: IssuedTokens, facts: RefreshFacts): Promise<SignedIn> {
    const { auth_time: authTime } = tokens.accessClaims;
    const startedAt = typeof authTime === "number" ? authTime * 1000 : 1; // Before each sign-out everywhere.
    const { refreshToken } = (await readRefreshState(jar)) ?? facts;
    const id = await movedId(refreshToken, jar.config);
    await this.#moves.run(id, () => this.users.create(id, tokens, facts, startedAt, jar.config));
    writeSessionId(jar, id, facts.sessionEndsAt);
    return withEvent(await verifySession(tokens.accessToken, tokens.idToken, jar.config), "refreshed");
  }
}
