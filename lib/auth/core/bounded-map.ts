/** A map that forgets its oldest entries once it holds too many, or too many characters of keys. */
export class BoundedMap<V> extends Map<string, V> {
  readonly #maxEntries: number;
  readonly #maxCharacters: number;
  #characters = 0;

  constructor(maxEntries: number, maxCharacters: number) {
    super();
    this.#maxEntries = maxEntries;
    this.#maxCharacters = maxCharacters;
  }

  override set(key: string, value: V): this {
    this.delete(key);
    this.#characters += key.length;
    super.set(key, value);
    for (const oldest of this.keys()) {
      if (this.size <= this.#maxEntries && this.#characters <= this.#maxCharacters) break;
      this.delete(oldest);
    }
    return this;
  }

  override delete(key: string): boolean {
    if (this.has(key)) this.#characters -= key.length;
    return super.delete(key);
  }
}
