// Calls that requests share: those that come together wait for one call and get its result.
import { settlesWithin } from "./deadline";

export class SharedCalls<T> {
  readonly #limitMs: number;
  readonly #pending = new Map<string, Promise<T>>();

  /** `limitMs`: how long a request waits for the call of another. Some platforms drop a call, so it never settles. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Returns the result of the call under way with this key, or of a new one. Throws what the call throws. */
  async run(key: string, start: () => Promise<T>): Promise<T> {
    for (let shared = this.#pending.get(key); shared; shared = this.#pending.get(key)) {
      if (await settlesWithin(shared, this.#limitMs)) return shared;
      this.#forget(key, shared);
    }
    // No await between this look and the start: two requests would both start a call.
    const own = start();
    this.#pending.set(key, own);
    return own.finally(() => this.#forget(key, own));
  }

  /** Whether a call with this key is under way. */
  has(key: string): boolean {
    return this.#pending.has(key);
  }

  #forget(key: string, call: Promise<T>): void {
    if (this.#pending.get(key) === call) this.#pending.delete(key);
  }
}
