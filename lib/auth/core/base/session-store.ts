// The seam to a database that keeps sessions. Adapters are in lib/auth-extras/stores.

/** A stored value. A key never gets a version that it had before. */
export interface StoredValue {
  readonly value: string;
  readonly version: string;
}

export interface PutOptions {
  /** When the entry ends, in seconds since the epoch. */
  readonly expiresAt: number;
  /** The version that the entry must still have. Null: there must be no entry. */
  readonly ifVersion: string | null;
}

/**
 * A database for sessions. Values are opaque strings of at most 300 kB; keys have at most 128 characters of
 * `[\w.-]`. Every read must see the writes that ended before it started. Each method throws when the database does not
 * answer: a `put` or `delete` that throws may have had its effect, or may have it later.
 */
export interface SessionStore {
  /** Returns the value of a key, or null. An expired entry counts as absent, also while the database still has it. */
  get(key: string): Promise<StoredValue | null>;
  /** Stores a value under a new version. Returns false, and stores nothing, when the version is another one. */
  put(key: string, value: string, options: PutOptions): Promise<boolean>;
  /** Deletes an entry, if there is one. A put that expects its version then returns false. */
  delete(key: string): Promise<void>;
}
