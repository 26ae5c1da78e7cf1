// The sessions of users in the store: created, listed and deleted, each with its record and its entry in the index.
import type { AuthConfig } from "../base/config";
import { AuthError } from "../base/errors";
import type { SessionStore } from "../base/session-store";
import type { RefreshFacts } from "../session/refresh-cookie";
import type { EndedSession } from "../session/sessions";
import type { AccessTokenClaims } from "../tokens/claims";
import type { IssuedTokens } from "../tokens/issued-tokens";
import { revokeWithSuccessors } from "../tokens/revocation";
import { guardStore } from "./guarded-store";
import { createRecord, recordKey } from "./record";
import { isStoreOutage, Records } from "./records";
import { type IndexEntry, UserIndexes } from "./user-index";

const MAX_SESSIONS = 100; // Of one user. Then the oldest ends.
const MAX_TRIES = 5;

export class UserSessions {
  readonly records: Records;
  readonly indexes: UserIndexes;

  constructor(store: SessionStore) {
    const guarded = guardStore(store);
    this.records = new Records(guarded);
    this.indexes = new UserIndexes(guarded);
  }

  /**
   * Creates the record of new tokens, if there is none with this id. Throws `grant_rejected` when this session, or all
   * sessions of the user, were ended since `startedAt`.
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
    const { entries } = await this.indexes.update(sub, config, (index) => {
      if (index.notBefore >= startedAt) throw endedMeanwhile(); // No entry: such sessions could fill the index.
      return { ...index, entries: [entry, ...index.entries.filter((it) => it.key !== key)] };
    });
    const isWritten = await this.records.write(id, record, null, config);
    const { notBefore } = await this.indexes.read(sub, config);
    const isThere = isWritten || (await this.records.read(id, config)) !== null; // Another server moved it first.
    if (!isThere || notBefore >= startedAt) {
      this.records.forget(id);
      await this.#drop(sub, [entry], config);
      throw endedMeanwhile();
    }
    const others = byAge(entries.filter((it) => it.key !== key));
    await this.#drop(sub, others.slice(MAX_SESSIONS - 1), config);
  }

  /** Ends a session: here, and then at Cognito, also when the store fails. Returns null when there was none. */
  async end(id: string, config: AuthConfig): Promise<EndedSession | null> {
    let ended: EndedSession | null = null;
    for (let i = 0; i < MAX_TRIES; i++) {
      const found = await this.records.read(id, config);
      if (!found) return ended;
      const { signIn, refreshToken } = found.record;
      let [isEnded, isRevoked] = [false, false];
      try {
        isEnded = await this.records.end(id, found, config);
      } finally {
        isRevoked = refreshToken !== null && (await revokeWithSuccessors({ refreshToken, isProven: true }, config));
      }
      ended = { signIn, isRevoked };
      if (isEnded) return this.#unlist(ended, await recordKey(id, config), config);
      // A refresh has stored new tokens meanwhile: they end, too.
    }
    throw new AuthError("store_unavailable", "Too many changes of one session");
  }

  /** Whether a token belongs to an ended sign-in. One of the second in which all sessions were ended has ended, too. */
  async hasEnded({ sub, auth_time, iat, username }: AccessTokenClaims, config: AuthConfig): Promise<boolean> {
    if (typeof username !== "string") return false; // A machine's token.
    const began = typeof auth_time === "number" ? auth_time : iat;
    return began * 1000 <= (await this.indexes.findNotBefore(sub, config));
  }

  /** Returns the sessions of a user, the newest first. */
  async list(sub: string, config: AuthConfig): Promise<readonly IndexEntry[]> {
    const { notBefore, entries } = await this.indexes.read(sub, config);
    return byAge(entries).filter(({ startedAt }) => startedAt > notBefore);
  }

  /** Ends one session of a user. Returns false when the user has no session with this key. */
  async endOne(sub: string, key: string, config: AuthConfig): Promise<boolean> {
    const { entries } = await this.indexes.read(sub, config);
    const own = entries.filter((entry) => entry.key === key);
    await this.#drop(sub, own, config);
    return own.length > 0;
  }

  /**
   * Ends all sessions of a user. Sessions and tokens that began before now are then rejected everywhere. After
   * `store_unavailable` some records may still be there: call it again.
   */
  async endAll(sub: string, config: AuthConfig): Promise<void> {
    const { entries } = await this.indexes.update(sub, config, (index) => ({
      ...index,
      notBefore: Math.max(index.notBefore, Date.now(), ...index.entries.map((it) => it.startedAt)), // Clocks differ.
    }));
    await this.#drop(sub, entries, config);
  }

  async #unlist(ended: EndedSession, key: string, config: AuthConfig): Promise<EndedSession> {
    await this.#removeEntries(ended.signIn.sub, [key], config).catch((error: unknown) => {
      if (!isStoreOutage(error)) throw error; // The session has ended all the same. The list shows it until its end.
    });
    return ended;
  }

  /** Ends records, and then removes their entries: a record without an entry could not be ended everywhere. */
  async #drop(sub: string, entries: readonly IndexEntry[], config: AuthConfig): Promise<void> {
    if (entries.length === 0) return;
    const keys = entries.map(({ key }) => key);
    await Promise.all(entries.map(({ key, endsAt }) => this.records.endByKey(key, endsAt)));
    await this.#removeEntries(sub, keys, config);
  }

  async #removeEntries(sub: string, keys: readonly string[], config: AuthConfig): Promise<void> {
    await this.indexes.update(sub, config, (index) => ({
      ...index,
      entries: index.entries.filter(({ key }) => !keys.includes(key)),
    }));
  }
}

function endedMeanwhile(): AuthError {
  return new AuthError("grant_rejected", "This session was ended, or all sessions of its user");
}

/** The newest first. */
function byAge(entries: readonly IndexEntry[]): readonly IndexEntry[] {
  return [...entries].sort((a, b) => b.startedAt - a.startedAt);
}
