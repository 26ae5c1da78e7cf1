// The sessions of users in the store: created, listed and deleted, each with its record and its entry in the index.
import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { AuthError } from "../base/errors";
import type { SessionStore } from "../base/session-store";
import type { CookieJar } from "../http/cookie-jar";
import { cookieName, deleteCookie } from "../http/cookies";
import type { RefreshFacts } from "../session/refresh-cookie";
import type { EndedSession } from "../session/sessions";
import type { IssuedTokens } from "../tokens/issued-tokens";
import { revokeWithSuccessors } from "../tokens/revocation";
import { guardStore } from "./guarded-store";
import { createRecord, recordKey } from "./record";
import { isStoreOutage, Records } from "./records";
import { type IndexEntry, UserIndexes } from "./user-index";

const MAX_SESSIONS = 100; // Of one user. Then the oldest ends.

/** Returns the id of a stored session, or null. Anybody can invent one: it opens only the record that it names. */
export function readSessionId(jar: CookieJar): string | null {
  const id = jar.get(cookieName(jar.config, "session"));
  return id !== undefined && /^[\w-]{43}$/.test(id) ? id : null;
}

/** Gives the browser the id of its new session, instead of all that it had. */
export function writeSessionId(jar: CookieJar, id: string, sessionEndsAt: number): void {
  for (const kind of ["access", "id", "refresh"] as const) deleteCookie(jar, kind);
  const maxAge = Math.max(1, Math.floor(sessionEndsAt - now()));
  jar.set({ name: cookieName(jar.config, "session"), value: id, maxAge });
}

export class UserSessions {
  readonly records: Records;
  readonly indexes: UserIndexes;
  readonly #store: SessionStore;

  constructor(store: SessionStore) {
    this.#store = guardStore(store);
    this.records = new Records(this.#store);
    this.indexes = new UserIndexes(this.#store);
  }

  /**
   * Creates the record of new tokens, if there is none with this id. Throws `grant_rejected` when all sessions of the user
   * were ended meanwhile.
   */
  async create(
    id: string,
    tokens: IssuedTokens,
    facts: Pick<RefreshFacts, "signIn" | "sessionEndsAt">,
    startedAt: number,
    config: AuthConfig,
  ): Promise<void> {
    const record = createRecord(tokens, facts, startedAt, config);
    const key = await recordKey(id, config);
    // First the index: a session without an entry could not be ended everywhere.
    const { sub, origin_jti: jti } = facts.signIn;
    const originJti = typeof jti === "string" ? jti : null;
    const entry = { key, startedAt, endsAt: facts.sessionEndsAt, originJti };
    const { entries } = await this.indexes.update(sub, config, (index) => ({
      ...index,
      entries: [entry, ...index.entries.filter((it) => it.key !== key)],
    }));
    const isWritten = await this.records.write(id, record, null, config);
    const { notBefore } = await this.indexes.read(sub, config);
    if (notBefore >= startedAt) await this.records.delete(id, config);
    const isThere = isWritten || (await this.records.read(id, config)) !== null; // Another server moved it first.
    if (!isThere || notBefore >= startedAt)
      throw new AuthError("grant_rejected", "All sessions of this user were ended meanwhile");
    const others = byAge(entries.filter((it) => it.key !== key));
    await this.#drop(sub, others.slice(MAX_SESSIONS - 1), config);
  }

  /** Ends a session: here, and then at Cognito, also when the store fails. Returns null when there was none. */
  async end(id: string, config: AuthConfig): Promise<EndedSession | null> {
    const found = await this.records.read(id, config);
    if (!found) return null;
    const { signIn, refreshToken } = found.record;
    let [isEnded, isRevoked] = [false, false];
    try {
      isEnded = await this.records.end(id, found.version, config);
    } finally {
      isRevoked = refreshToken !== null && (await revokeWithSuccessors({ refreshToken, isProven: true }, config));
    }
    // A refresh has stored new tokens meanwhile: they end, too.
    if (!isEnded) return (await this.end(id, config)) ?? { signIn, isRevoked };
    await this.#removeEntries(signIn.sub, [await recordKey(id, config)], config).catch((error: unknown) => {
      if (!isStoreOutage(error)) throw error; // The session has ended all the same. The list shows it until its end.
    });
    return { signIn, isRevoked };
  }

  /** Returns the sessions of a user, the newest first. */
  async list(sub: string, config: AuthConfig): Promise<readonly IndexEntry[]> {
    const { notBefore, entries } = await this.indexes.read(sub, config);
    return byAge(entries).filter(({ startedAt }) => startedAt > notBefore);
  }

  /** Ends one session of a user. Returns false when the user has no session with this key. */
  async endOne(sub: string, key: string, config: AuthConfig): Promise<boolean> {
    const { entries } = await this.indexes.read(sub, config);
    if (!entries.some((entry) => entry.key === key)) return false;
    await this.#drop(
      sub,
      entries.filter((entry) => entry.key === key),
      config,
    );
    return true;
  }

  /**
   * Ends all sessions of a user. Sessions and tokens that began before now are then rejected everywhere. After
   * `store_unavailable` some records may still be there: call it again.
   */
  async endAll(sub: string, config: AuthConfig): Promise<void> {
    const { entries } = await this.indexes.update(sub, config, (index) => ({
      ...index,
      notBefore: Math.max(index.notBefore, Date.now()), // Clocks of servers differ.
    }));
    await this.#drop(sub, entries, config);
  }

  /** Deletes records, and then their entries: a record without an entry could not be ended everywhere. */
  async #drop(sub: string, entries: readonly IndexEntry[], config: AuthConfig): Promise<void> {
    if (entries.length === 0) return;
    const keys = entries.map(({ key }) => key);
    await Promise.all(keys.map((key) => this.#store.delete(key)));
    await this.#removeEntries(sub, keys, config);
  }

  async #removeEntries(sub: string, keys: readonly string[], config: AuthConfig): Promise<void> {
    await this.indexes.update(sub, config, (index) => ({
      ...index,
      entries: index.entries.filter(({ key }) => !keys.includes(key)),
    }));
  }
}

/** The newest first. */
function byAge(entries: readonly IndexEntry[]): readonly IndexEntry[] {
  return [...entries].sort((a, b) => b.startedAt - a.startedAt);
}
