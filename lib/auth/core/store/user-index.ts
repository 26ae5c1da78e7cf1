// The index of a user's sessions in the store: the keys of their records, and when all of them were ended.
import { encode } from "jose/base64url";
import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { deriveKey } from "../base/derive-key";
import { AuthError } from "../base/errors";
import { asRecord, parseJson } from "../base/json";
import { seal, unseal } from "../base/seal";
import { SecretCache } from "../base/secret-cache";
import type { SessionStore } from "../base/session-store";
import { SharedCalls } from "../base/shared-calls";
import { isStoreOutage, REMEMBERED_MS } from "./records";

export interface IndexEntry {
  /** The key of the session's record. It opens nothing. */
  readonly key: string;
  /** In milliseconds since the epoch. */
  readonly startedAt: number;
  /** In seconds since the epoch. */
  readonly endsAt: number;
  /** `origin_jti` of the session's tokens, or null. */
  readonly originJti: string | null;
}

/** Sessions that began at or before `notBefore` have ended. In milliseconds since the epoch. */
export interface UserIndex {
  readonly notBefore: number;
  readonly entries: readonly IndexEntry[];
}

type Found = UserIndex & { readonly secret: string; readonly version: string | null };

const EMPTY: Found = { notBefore: 0, entries: [], secret: "", version: null };
const MAX_ATTEMPTS = 12;
const MAX_PAUSE_MS = 2_000; // Fifty sign-ins of one user can come together.
const MIN_S = 60;
const MAX_GRANT_S = 3_650 * 86_400; // Cognito's longest refresh token: it brings new Bearer tokens of an ended sign-in.

export class UserIndexes {
  readonly #store: SessionStore;
  readonly #remembered: SecretCache<{ readonly notBefore: number; readonly readAt: number }>;
  readonly #reads: SharedCalls<UserIndex>;

  constructor(store: SessionStore) {
    this.#store = store;
    this.#remembered = new SecretCache(); // As in Records.
    this.#reads = new SharedCalls(REMEMBERED_MS);
  }

  /** Returns `notBefore`, at most 5 s old; when the store does not answer, an older one. Throws `store_unavailable`. */
  async findNotBefore(sub: string, config: AuthConfig): Promise<number> {
    const user = JSON.stringify([config.issuer, config.clientId, sub]);
    const known = this.#remembered.get(user);
    if (known && Date.now() - known.readAt < REMEMBERED_MS) return known.notBefore;
    const readAt = Date.now();
    try {
      const { notBefore } = await this.#reads.run(user, () => this.read(sub, config));
      this.#remembered.set(user, { notBefore, readAt });
      return notBefore;
    } catch (error) {
      if (known && isStoreOutage(error)) return known.notBefore;
      throw error;
    }
  }

  /** Returns the index without sessions that have expired. Indexes of older secrets count, too. */
  async read(sub: string, config: AuthConfig): Promise<UserIndex> {
    return merge(await this.#readAll(sub, config));
  }

  /** Changes the index, again if somebody else changes it meanwhile. Returns it as it was before. */
  async update(sub: string, config: AuthConfig, change: (index: UserIndex) => UserIndex): Promise<UserIndex> {
    for (let i = 0; i < MAX_ATTEMPTS; i++) {
      const [newest = EMPTY, ...older] = await this.#readAll(sub, config);
      const before = merge([newest, ...older]);
      const after = change(before);
      if (await this.#write(sub, newest, after, config)) {
        // Its entries have moved. When another server changed it meanwhile, the next change moves them again.
        for (const old of older.filter(({ entries }) => entries.length > 0))
          await this.#write(sub, old, { ...after, entries: [] }, config);
        return before;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(MAX_PAUSE_MS, 50 * 2 ** i)));
    }
    throw new AuthError("store_unavailable", "Too many changes of one user's sessions");
  }

  /** Moves what indexes of older secrets have: without their secret nobody can read them. */
  async moveToNewest(sub: string, config: AuthConfig): Promise<void> {
    if (config.secrets.length < 2) return;
    try {
      const [newest = EMPTY, ...older] = await this.#readAll(sub, config);
      const isMoved = older.every((it) => it.entries.length === 0 && it.notBefore <= newest.notBefore);
      if (!isMoved) await this.update(sub, config, (index) => index);
    } catch (error) {
      if (!isStoreOutage(error)) throw error; // The next refresh moves them.
    }
  }

  #readAll(sub: string, config: AuthConfig): Promise<readonly Found[]> {
    return Promise.all(config.secrets.map((secret) => this.#readOne(sub, secret, config)));
  }

  /** Writes an index if the store still has its version. Tokens and cookie sessions can outlive all its entries. */
  async #write(sub: string, { secret, version }: Found, index: UserIndex, config: AuthConfig): Promise<boolean> {
    const { notBefore, entries } = index;
    const value = await seal(JSON.stringify({ sub, notBefore, entries }), "user index", {
      ...config,
      secrets: [secret],
    });
    const keepUntil = now() + (notBefore > 0 ? MAX_GRANT_S : MIN_S);
    const expiresAt = Math.ceil(Math.max(keepUntil, ...entries.map(({ endsAt }) => endsAt)));
    return this.#store.put(await indexKey(sub, secret, config), value, { expiresAt, ifVersion: version });
  }

  async #readOne(sub: string, secret: string, config: AuthConfig): Promise<Found> {
    const found = await this.#store.get(await indexKey(sub, secret, config));
    const text = found && (await unseal(found.value, "user index", config));
    const content = asRecord(parseJson(text ?? ""));
    // An index that was moved here from another user is no index of this one.
    if (!found || content.sub !== sub || typeof content.notBefore !== "number") {
      return { ...EMPTY, secret, version: found?.version ?? null };
    }
    const entries = Array.isArray(content.entries) ? content.entries.filter(isEntry) : [];
    return { notBefore: content.notBefore, entries, secret, version: found.version };
  }
}

/** Returns the live entries of all indexes of a user, each once. */
function merge(all: readonly Found[]): UserIndex {
  const live = all.flatMap(({ entries }) => entries).filter(({ endsAt }) => endsAt * 1000 > Date.now());
  const entries = [...new Map(live.map((entry) => [entry.key, entry])).values()];
  return { notBefore: Math.max(...all.map(({ notBefore }) => notBefore)), entries };
}

/** Returns the key of a user's index: a keyed hash, so that the store cannot find out whose it is. */
async function indexKey(sub: string, secret: string, { issuer, clientId }: AuthConfig): Promise<string> {
  const key = await deriveKey(secret, JSON.stringify(["user index", issuer, clientId]), "HMAC");
  const text = new TextEncoder().encode(JSON.stringify([issuer, sub]));
  return `user.${encode(new Uint8Array(await crypto.subtle.sign("HMAC", key, text)))}`;
}

function isEntry(value: unknown): value is IndexEntry {
  const { key, startedAt, endsAt, originJti } = asRecord(value);
  const isKnown = originJti === null || typeof originJti === "string";
  return typeof key === "string" && typeof startedAt === "number" && typeof endsAt === "number" && isKnown;
}
