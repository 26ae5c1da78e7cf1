// The sessions of users in the store: created, listed and deleted, each with its record and its entry in the index.
import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { AuthError } from "../base/errors";
import { createSecret } from "../base/hash";
import type { SessionStore } from "../base/session-store";
import type { CookieJar } from "../http/cookie-jar";
import { cookieName, deleteCookie } from "../http/cookies";
import type { RefreshFacts } from "../session/refresh-cookie";
import type { IssuedTokens } from "../tokens/issued-tokens";
import type { Grant } from "../tokens/token-endpoint";
import { guardStore } from "./guarded-store";
import { createRecord, recordKey, type SessionRecord } from "./record";
import { Records } from "./records";
import { type IndexEntry, UserIndexes } from "./user-index";

const MAX_SESSIONS = 100; // Of one user. Then the oldest ends.

/** Returns the id of a stored session, or null. Anybody can invent one: it opens only the record that it names. */
export function readSessionId(jar: CookieJar): string | null {
  const id = jar.get(cookieName(jar.config, "session"));
  return id !== undefined && /^[\w-]{43}$/.test(id) ? id : null;
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
   * Creates the record of new tokens under a new id, and deletes that of the id in the jar. Returns the refresh token of
   * the deleted session. Throws `grant_rejected` when all sessions of the user were ended meanwhile.
   */
  async create(
    jar: CookieJar,
    tokens: IssuedTokens,
    facts: Pick<RefreshFacts, "signIn" | "sessionEndsAt">,
    startedAt: number,
  ): Promise<Grant | null> {
    const { config } = jar;
    const [id, oldId] = [createSecret(), readSessionId(jar)];
    const record = createRecord(tokens, facts, startedAt, config);
    const key = await recordKey(id, config);
    // First the index: a session without an entry could not be ended everywhere.
    const { sub, origin_jti: jti } = facts.signIn;
    const originJti = typeof jti === "string" ? jti : null;
    const dropped = await this.#addEntry(sub, { key, startedAt, endsAt: facts.sessionEndsAt, originJti }, config);
    const isWritten = await this.records.write(id, record, null, config);
    const { notBefore } = await this.indexes.read(sub, config);
    if (!isWritten || notBefore >= startedAt) {
      await this.records.delete(id, config);
      throw new AuthError("grant_rejected", "All sessions of this user were ended meanwhile");
    }
    for (const entry of dropped) await this.#store.delete(entry.key);
    const old = oldId === null ? null : await this.delete(oldId, config);
    for (const kind of ["access", "id", "refresh"] as const) deleteCookie(jar, kind);
    const maxAge = Math.max(1, Math.floor(facts.sessionEndsAt - now()));
    jar.set({ name: cookieName(config, "session"), value: id, maxAge });
    return old?.refreshToken ? { refreshToken: old.refreshToken, isProven: true } : null;
  }

  /** Deletes a session. Returns its record, or null when there was none. */
  async delete(id: string, config: AuthConfig): Promise<SessionRecord | null> {
    const found = await this.records.read(id, config);
    await this.records.delete(id, config);
    if (found) await this.#removeEntry(found.record.signIn.sub, await recordKey(id, config), config);
    return found?.record ?? null;
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
    await this.#store.delete(key);
    await this.#removeEntry(sub, key, config);
    return true;
  }

  /**
   * Ends all sessions of a user. Sessions and tokens that began before now are then rejected everywhere. After
   * `store_unavailable` some records may still be there: call it again.
   */
  async endAll(sub: string, config: AuthConfig): Promise<void> {
    const notBefore = Date.now();
    const { entries } = await this.indexes.update(sub, config, (index) => ({ ...index, notBefore }));
    await Promise.all(entries.map(({ key }) => this.#store.delete(key)));
    await this.indexes.update(sub, config, (index) => ({
      ...index,
      entries: index.entries.filter(({ startedAt }) => startedAt > notBefore),
    }));
  }

  /** Returns the entries that were dropped, because a user has too many sessions. */
  async #addEntry(sub: string, entry: IndexEntry, config: AuthConfig): Promise<readonly IndexEntry[]> {
    const keep = MAX_SESSIONS - 1;
    const { entries } = await this.indexes.update(sub, config, (index) => ({
      ...index,
      entries: [entry, ...byAge(index.entries).slice(0, keep)],
    }));
    return byAge(entries).slice(keep);
  }

  async #removeEntry(sub: string, key: string, config: AuthConfig): Promise<void> {
    await this.indexes.update(sub, config, (index) => ({
      ...index,
      entries: index.entries.filter((entry) => entry.key !== key),
    }));
  }
}

/** The newest first. */
function byAge(entries: readonly IndexEntry[]): readonly IndexEntry[] {
  return [...entries].sort((a, b) => b.startedAt - a.startedAt);
}
