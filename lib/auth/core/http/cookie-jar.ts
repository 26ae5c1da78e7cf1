// The kit's cookies of one request, and the changes that the answer will make to them.
import type { AuthConfig } from "../base/config";

/** A cookie to set. `maxAge` is in seconds; 0 deletes. */
export interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly maxAge: number;
}

// A visitor can send thousands of cookies with our names. Deleting each would make an answer many times as large.
const MAX_DELETIONS = 64;

/**
 * Reads the kit's cookies from a Cookie header (RFC 6265 5.4) and collects changes: the last change of a name wins, and
 * `applyTo` writes each name once. Reading always gives what the browser sent. A name that was sent twice has no value.
 */
export class CookieJar {
  readonly config: AuthConfig;
  readonly #sent = new Map<string, string>();
  readonly #changes = new Map<string, Cookie>();

  constructor(headers: Headers, config: AuthConfig) {
    this.config = config;
    const plain = `${config.cookiePrefix.replace("__Host-", "")}.`;
    for (const pair of headers.get("cookie")?.split(";") ?? []) {
      const [name, value] = splitPair(pair);
      const isOurs = name.startsWith(plain) || name.startsWith(`__Host-${plain}`);
      if (isOurs) this.#sent.set(name, this.#sent.has(name) ? "" : value);
    }
  }

  /** The names that the browser sent. */
  get names(): readonly string[] {
    return [...this.#sent.keys()];
  }

  get isEmpty(): boolean {
    return this.#sent.size === 0;
  }

  /** The cookies that the answer will set and delete. */
  get changes(): readonly Cookie[] {
    return [...this.#changes.values()];
  }

  get(name: string): string | undefined {
    return this.#sent.get(name);
  }

  set(cookie: Cookie): void {
    this.#changes.set(cookie.name, cookie);
  }

  delete(name: string): void {
    if (this.#sent.has(name)) this.set({ name, value: "", maxAge: 0 });
    else this.#changes.delete(name);
  }

  /** A jar with the same cookies and changes, to try further changes on. */
  clone(): CookieJar {
    const copy = new CookieJar(new Headers(), this.config);
    for (const [name, value] of this.#sent) copy.#sent.set(name, value);
    for (const cookie of this.changes) copy.set(cookie);
    return copy;
  }

  /** Takes over the changes of a clone. */
  accept(clone: CookieJar): void {
    for (const [name, cookie] of clone.#changes) this.#changes.set(name, cookie);
  }

  /** The size of the kit's cookies in a Cookie header, in bytes, once the changes are made. */
  get bytes(): number {
    return this.applyToHeader([...this.#sent].map((pair) => pair.join("=")).join("; ")).length;
  }

  /** The Cookie header that the browser would send once the changes are made. */
  applyToHeader(header: string): string {
    const kept = header.split(";").filter((pair) => !this.#changes.has(splitPair(pair)[0]));
    const added = this.changes.filter(({ maxAge }) => maxAge > 0);
    return [...kept.map(trim).filter(Boolean), ...added.map(({ name, value }) => `${name}=${value}`)].join("; ");
  }

  /** Adds one Set-Cookie line for each change. Of the deletions it writes 64, those of own names first. */
  applyTo<R extends Response>(response: R): R {
    const set = this.changes.filter(({ maxAge }) => maxAge > 0);
    const deleted = this.changes.filter(({ maxAge }) => maxAge === 0);
    const own = deleted.filter(({ name }) => name.startsWith(this.config.cookiePrefix));
    const planted = deleted.filter((cookie) => !own.includes(cookie));
    for (const cookie of [...set, ...[...own, ...planted].slice(0, MAX_DELETIONS)])
      response.headers.append("set-cookie", serializeCookie(cookie));
    return response;
  }
}

/**
 * The Set-Cookie line. A deletion repeats the attributes: without them browsers ignore it for a `__Host-` name. It also
 * has a date, because NextResponse loses `Max-Age=0` when the app's middleware sets a cookie of its own.
 */
export function serializeCookie({ name, value, maxAge }: Cookie): string {
  const secure = name.startsWith("__Host-") ? "; Secure" : "";
  const expires = maxAge > 0 ? "" : "; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
  return `${name}=${value}; Max-Age=${maxAge}; Path=/; HttpOnly${secure}; SameSite=Lax${expires}`;
}

function splitPair(pair: string): readonly [name: string, value: string] {
  const at = pair.indexOf("=");
  return at < 0 ? [trim(pair), ""] : [trim(pair.slice(0, at)), trim(pair.slice(at + 1))];
}

/**
 * Removes spaces and tabs only, as browsers do (RFC 6265bis 5.7). String.trim() also removes U+00A0: a sub-domain could
 * plant the byte 0xA0 and then `__Host-auth.access`, which browsers accept because the name has no prefix for them.
 */
function trim(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text, start)) start++;
  while (end > start && isBlank(text, end - 1)) end--;
  return text.slice(start, end);
}

function isBlank(text: string, at: number): boolean {
  return text[at] === " " || text[at] === "\t";
}
