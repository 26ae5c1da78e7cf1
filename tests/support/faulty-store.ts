import type { PutOptions, SessionStore, StoredValue } from "@/lib/auth/core/base/session-store";

type Method = "get" | "put" | "delete";

/** A database in memory, as its own process would be: it outlives every load of the kit. It can fail, and it counts. */
export class TestStore implements SessionStore {
  readonly entries = new Map<string, StoredValue & { readonly expiresAt: number }>();
  readonly calls: Method[] = [];
  /** Called before each method; it may throw or wait. */
  fault: (method: Method, key: string) => void | Promise<void> = () => {};
  /** Whether the next put is answered with an error although it was stored. */
  losesAnswer = false;

  count(method: Method): number {
    return this.calls.filter((it) => it === method).length;
  }

  /** The keys of records or of users' indexes. */
  keys(kind: "session" | "user"): string[] {
    return [...this.entries.keys()].filter((key) => key.startsWith(`${kind}.`));
  }

  async get(key: string): Promise<StoredValue | null> {
    await this.#start("get", key);
    const entry = this.#find(key);
    return entry ? { value: entry.value, version: entry.version } : null;
  }

  async put(key: string, value: string, { expiresAt, ifVersion }: PutOptions): Promise<boolean> {
    await this.#start("put", key);
    if ((this.#find(key)?.version ?? null) !== ifVersion) return false;
    this.entries.set(key, { value, version: crypto.randomUUID(), expiresAt });
    if (!this.losesAnswer) return true;
    this.losesAnswer = false;
    throw new Error("connection reset");
  }

  async delete(key: string): Promise<void> {
    await this.#start("delete", key);
    this.entries.delete(key);
  }

  async #start(method: Method, key: string): Promise<void> {
    this.calls.push(method);
    await this.fault(method, key);
  }

  #find(key: string) {
    const entry = this.entries.get(key);
    return entry && entry.expiresAt * 1000 > Date.now() ? entry : null;
  }
}
