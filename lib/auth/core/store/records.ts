// Reads and writes the records of sessions, and remembers them for a few seconds.
import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { AuthError } from "../base/errors";
import { SecretCache } from "../base/secret-cache";
import type { SessionStore } from "../base/session-store";
import { SharedCalls } from "../base/shared-calls";
import type { IssuedTokens } from "../tokens/issued-tokens";
import type { Grant } from "../tokens/token-endpoint";
import { decryptRecord, encryptRecord, recordKey, type SessionRecord } from "./record";

/** A record as the store has it. */
export interface StoredRecord {
  readonly record: SessionRecord;
  readonly version: string;
}

/** A refresh of one session. */
export interface Refresh {
  readonly records: Records;
  readonly id: string;
  readonly config: AuthConfig;
  /** Whether the record is as the caller needs it, because somebody else has refreshed it. */
  readonly isFresh: (record: SessionRecord) => boolean;
  /** Whether the caller goes on with the record as it is while another process holds the lease. */
  readonly canSkip: boolean;
  readonly request: (grant: Grant) => Promise<IssuedTokens>;
}

interface Remembered {
  readonly config: AuthConfig;
  readonly record: SessionRecord;
  readonly readAt: number;
}

/** How long a sign-out on another server may take to arrive here. */
export const REMEMBERED_MS = 5_000;
const PAUSE_MS = 1_000;
const ENDED = "ended"; // No record: read finds no session.
const MIN_MARK_S = 60; // A move or a refresh under way can write a little after the session's end.
const MAX_TRIES = 5;

export function isStoreOutage(error: unknown): boolean {
  return error instanceof AuthError && error.code === "store_unavailable";
}

export class Records {
  readonly #store: SessionStore;
  readonly #remembered: SecretCache<Remembered>;
  readonly #reads: SharedCalls<StoredRecord | null>;
  #failedAt = 0;

  constructor(store: SessionStore) {
    this.#store = store;
    this.#remembered = new SecretCache(); // Here: bundlers keep an unused class whose fields call something.
    this.#reads = new SharedCalls(REMEMBERED_MS);
  }

  /**
   * Returns the record with this id, at most 5 s old. When the store does not answer, an older one serves. Throws
   * `store_unavailable` when this process remembers none with a valid token: somebody else may have refreshed it.
   */
  async find(id: string, config: AuthConfig): Promise<SessionRecord | null> {
    const known = this.#remembered.get(id);
    // With an expired token it is of no use: another process may have new ones.
    const isUsable = known?.config === config && Math.min(known.record.tokenExpiresAt, known.record.expiresAt) > now();
    const own = isUsable ? known : null;
    const isOutage = Date.now() - this.#failedAt < PAUSE_MS; // Not every request waits for a store that is down.
    if (own && (isOutage || Date.now() - own.readAt < REMEMBERED_MS)) return own.record;
    try {
      return (await this.#readShared(id, config))?.record ?? null;
    } catch (error) {
      this.#failedAt = Date.now();
      if (own && isStoreOutage(error)) return own.record;
      throw error;
    }
  }

  /** Returns the record as the store has it now. */
  async read(id: string, config: AuthConfig): Promise<StoredRecord | null> {
    const startedAt = Date.now();
    const found = await this.#store.get(await recordKey(id, config));
    const record = found && (await decryptRecord(found.value, id, config));
    if (!record || record.expiresAt * 1000 <= startedAt) {
      this.#remembered.delete(id);
      return null;
    }
    this.#remember(id, record, config, startedAt);
    return { record, version: found.version };
  }

  /** Writes a record if the store still has this version; null: if it has none. */
  async write(id: string, record: SessionRecord, ifVersion: string | null, config: AuthConfig): Promise<boolean> {
    const value = await encryptRecord(record, id, config);
    const { expiresAt } = record;
    const isWritten = await this.#store.put(await recordKey(id, config), value, { expiresAt, ifVersion });
    if (isWritten) this.#remember(id, record, config, Date.now());
    else this.#remembered.delete(id);
    return isWritten;
  }

  /** Ends a record if the store still has this version: another server may just store new tokens. */
  async end(id: string, { record, version }: StoredRecord, config: AuthConfig): Promise<boolean> {
    this.forget(id);
    return this.#markEnded(await recordKey(id, config), record.sessionEndsAt, version);
  }

  /** Ends the record with this key, and one that a sign-in or a move under way would write. Throws `store_unavailable`. */
  async endByKey(key: string, sessionEndsAt: number): Promise<void> {
    for (let i = 0; i < MAX_TRIES; i++) {
      const found = await this.#store.get(key);
      if (found?.value === ENDED || (await this.#markEnded(key, sessionEndsAt, found?.version ?? null))) return;
    }
    throw new AuthError("store_unavailable", "Too many changes of one session");
  }

  forget(id: string): void {
    this.#remembered.delete(id);
  }

  /** The mark stays until the session's end: cookies from before a move into the store could create the record again. */
  #markEnded(key: string, sessionEndsAt: number, ifVersion: string | null): Promise<boolean> {
    const expiresAt = Math.ceil(Math.max(sessionEndsAt, now() + MIN_MARK_S));
    return this.#store.put(key, ENDED, { expiresAt, ifVersion });
  }

  #readShared(id: string, config: AuthConfig): Promise<StoredRecord | null> {
    return this.#reads.run(`${config.issuer} ${config.clientId} ${id}`, () => this.read(id, config));
  }

  #remember(id: string, record: SessionRecord, config: AuthConfig, readAt: number): void {
    const characters = record.accessToken.length + (record.idToken?.length ?? 0) + 2_000;
    this.#remembered.set(id, { config, record, readAt }, characters);
  }
}
