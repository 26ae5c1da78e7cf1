// Remembers the results of costly cryptography, in bounded memory.

const MAX_ENTRIES = 2_000;
const MAX_CHARACTERS = 4_000_000; // Of the secrets. A remembered value has about the size of its secret.
const TAIL = 48;

/**
 * A bounded cache for long secrets. The oldest entries go first. The last 48 characters, which differ for each secret,
 * find an entry, and the whole secret is then compared. To hash a whole token at each request would cost more.
 */
export class SecretCache<V> {
  readonly #entries = new Map<string, { readonly key: string; readonly value: V; readonly characters: number }>();
  #characters = 0;

  get(key: string): V | undefined {
    const entry = this.#entries.get(key.slice(-TAIL));
    return entry?.key === key ? entry.value : undefined;
  }

  /** `characters`: the size of key and value, if the value is larger than its key. */
  set(key: string, value: V, characters = key.length): void {
    this.delete(key);
    this.#entries.set(key.slice(-TAIL), { key, value, characters });
    this.#characters += characters;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_ENTRIES && this.#characters <= MAX_CHARACTERS) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const tail = key.slice(-TAIL);
    this.#characters -= this.#entries.get(tail)?.characters ?? 0;
    this.#entries.delete(tail);
  }
}
