import type { PutOptions, SessionStore, StoredValue } from "@/lib/auth/core/base/session-store";

type Method = "get" | "put" | "delete";
type Kind = "session" | "user";
type Entries = Map<string, StoredValue & { readonly expiresAt: number }>;

interface Failure {
  readonly method: Method;
  readonly kind: Kind;
  /** Whether the call has its effect all the same. Then only its answer is lost. */
  readonly hasEffect: boolean;
  /** How many such calls succeed before. */
  skip: number;
}

/** A database in memory, as its own process would be: it outlives every load of the kit. It can fail, and it counts. */
export class TestStore implements SessionStore {
  readonly entries: Entries;
  readonly calls: Method[] = [];
  /** Called before each method; it may throw or wait. */
  fault: (method: Method, key: string) => void | Promise<void> = () => {};
  readonly #failures: Failure[] = [];

  constructor(entries: Entries = new Map()) {
    this.entries = entries;
  }

  /** Another server's connection to the same database. It has faults and counts of its own. */
  connect(): TestStore {
    return new TestStore(this.entries);
  }

  count(method: Method): number {
    return this.calls.filter((it) => it === method).length;
  }

  /** The keys of records or of users' indexes. The marks of ended sessions are no records. */
  keys(kind: Kind): string[] {
    const kept = [...this.entries].filter(([key, { value }]) => key.startsWith(`${kind}.`) && value !== "ended");
    return kept.map(([key]) => key);
  }

  /** One call fails without an effect, after `skip` others of its kind. */
  lose(method: Method, kind: Kind, skip = 0): void {
    this.#failures.push({ method, kind, hasEffect: false, skip });
  }

  /** One call has its effect, and its answer is lost. */
  loseAnswer(method: Method, kind: Kind, skip = 0): void {
    this.#failures.push({ method, kind, hasEffect: true, skip });
  }

  /** All calls fail, until `repair`. */
  breakDown(): void {
    this.fault = () => {
      throw new Error("down");
    };
  }

  /** From now on no call gets an answer, until `repair`. */
  hang(): void {
    this.fault = () => new Promise(() => {});
  }

  repair(): void {
    this.fault = () => {};
  }

  /** Holds the next call of this kind before its effect. `isHeld` says that it has come; `release` lets it go on. */
  hold(method: Method, kind: Kind): { readonly isHeld: () => boolean; readonly release: () => void } {
    let release = () => {};
    const isReleased = new Promise<void>((resolve) => {
      release = resolve;
    });
    const others = this.fault;
    let isHeld = false;
    this.fault = (called, key) => {
      if (isHeld || called !== method || !key.startsWith(kind)) return others(called, key);
      isHeld = true;
      return isReleased;
    };
    return { isHeld: () => isHeld, release: () => release() };
  }

  async get(key: string): Promise<StoredValue | null> {
    const end = await this.#start("get", key);
    const entry = this.#find(key);
    end();
    return entry ? { value: entry.value, version: entry.version } : null;
  }

  async put(key: string, value: string, { expiresAt, ifVersion }: PutOptions): Promise<boolean> {
    const end = await this.#start("put", key);
    const isCurrent = (this.#find(key)?.version ?? null) === ifVersion;
    if (isCurrent) this.entries.set(key, { value, version: crypto.randomUUID(), expiresAt });
    end();
    return isCurrent;
  }

  async delete(key: string): Promise<void> {
    const end = await this.#start("delete", key);
    this.entries.delete(key);
    end();
  }

  /** Returns a function that loses the answer, if it is to be lost. */
  async #start(method: Method, key: string): Promise<() => void> {
    this.calls.push(method);
    const failure = this.#takeFailure(method, key);
    await this.fault(method, key);
    const fail = () => {
      throw new Error("connection reset");
    };
    if (failure && !failure.hasEffect) fail();
    return failure ? fail : () => {};
  }

  #takeFailure(method: Method, key: string): Failure | undefined {
    const at = this.#failures.findIndex(
      (it) => it.method === method && key.startsWith(`${it.kind}.`) && it.skip-- <= 0,
    );
    return at < 0 ? undefined : this.#failures.splice(at, 1)[0];
  }

  #find(key: string) {
    const entry = this.entries.get(key);
    return entry && entry.expiresAt * 1000 > Date.now() ? entry : null;
  }
}
