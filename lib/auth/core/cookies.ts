import type { AuthConfig } from "./config";
import { createSecret } from "./encoding";
import { seal, unseal } from "./seal";

/** A cookie to set. `maxAge` is in seconds, and 0 deletes. */
export type Cookie = { readonly name: string; readonly value: string; readonly maxAge: number };

/** The kit's cookies of one request, by name, and the configuration that they are read with. */
export type CookieJar = { readonly values: ReadonlyMap<string, string>; readonly config: AuthConfig };

type CookieKind = "access" | "id" | "refresh" | "ended" | "rounds" | "outage" | `txn.${string}`;

const MAX_COOKIE_BYTES = 3_800; // Browsers drop what is above 4,096, some counting the attributes.

/** The kit's cookies out of a Cookie header (RFC 6265 5.4). A name that comes twice has no value. */
export function readCookieJar(headers: Headers, config: AuthConfig): CookieJar {
  const values = new Map<string, string>();
  const plain = `${config.cookiePrefix.replace("__Host-", "")}.`;
  for (const pair of headers.get("cookie")?.split(";") ?? []) {
    const [name, value] = splitPair(pair);
    if (name.startsWith(plain) || name.startsWith(`__Host-${plain}`)) values.set(name, values.has(name) ? "" : value);
  }
  return { values, config };
}

/** The Set-Cookie line. A deletion repeats the attributes: without them browsers ignore it for a `__Host-` name. */
export function serializeCookie({ name, value, maxAge }: Cookie): string {
  const secure = name.startsWith("__Host-") ? "; Secure" : "";
  return `${name}=${value}; Max-Age=${maxAge}; Path=/; HttpOnly${secure}; SameSite=Lax`;
}

/** The Cookie header that the browser would send once `cookies` are set. */
export function applyCookies(header: string, cookies: readonly Cookie[]): string {
  const kept = header.split(";").filter((pair) => !cookies.some(({ name }) => name === splitPair(pair)[0]));
  const added = cookies.filter(({ maxAge }) => maxAge > 0).map(({ name, value }) => `${name}=${value}`);
  return [...kept.map(trim).filter(Boolean), ...added].join("; ");
}

/** How many bytes of a Cookie header the kit's cookies take once `cookies` are set. */
export function countBytes(jar: CookieJar, cookies: readonly Cookie[]): number {
  return applyCookies([...jar.values].map((pair) => pair.join("=")).join("; "), cookies).length;
}

/** The cookies that store `value`, one or numbered chunks, and the deletion of what they replace. */
export async function writeCookie(
  jar: CookieJar,
  kind: CookieKind,
  value: string,
  maxAge: number,
): Promise<readonly Cookie[]> {
  const [secret] = jar.config.secrets;
  const name = cookieName(jar.config, kind);
  const whole = { name, value: secret ? await seal(value, purposeOf(kind), secret) : value, maxAge };
  const cookies = serializeCookie(whole).length <= MAX_COOKIE_BYTES ? [whole] : splitCookie(whole);
  return [...cookies, ...deleteCookie(jar, kind).filter((old) => !cookies.some((cookie) => cookie.name === old.name))];
}

/** What writeCookie stored, or null when it is not there, not whole, or not sealed as it should be. */
export async function readCookie(jar: CookieJar, kind: CookieKind): Promise<string | null> {
  const name = cookieName(jar.config, kind);
  const [whole, first] = [jar.values.get(name), jar.values.get(`${name}.1`)];
  if (whole !== undefined && first !== undefined) return null; // Of two writings, and no telling which is the newer.
  const value = first === undefined ? whole : joinChunks(jar, name, first);
  if (!value) return null;
  const { secrets } = jar.config;
  return secrets.length > 0 ? unseal(value, purposeOf(kind), secrets) : value;
}

/** Deletes a cookie with all its chunks, if the browser sent any. */
export function deleteCookie(jar: CookieJar, kind: CookieKind): readonly Cookie[] {
  const name = cookieName(jar.config, kind);
  return deleteCookies(jar, (it) => it === name || it.startsWith(`${name}.`));
}

export function deleteCookies(jar: CookieJar, isDeleted: (name: string) => boolean): readonly Cookie[] {
  return [...jar.values.keys()].filter(isDeleted).map((name) => ({ name, value: "", maxAge: 0 }));
}

export function cookieName(config: AuthConfig, kind: CookieKind): string {
  return `${config.cookiePrefix}.${kind}`;
}

/** All transactions share one. */
function purposeOf(kind: CookieKind): string {
  return kind.replace(/\..*/, "");
}

/** A chunk is `<how many>.<which writing>.<piece>`. */
function splitCookie({ name, value, maxAge }: Cookie): readonly Cookie[] {
  const writing = createSecret().slice(0, 8);
  const room = MAX_COOKIE_BYTES - serializeCookie({ name: `${name}.99`, value: `99.${writing}.`, maxAge }).length;
  const pieces = value.match(new RegExp(`.{1,${room}}`, "g")) ?? [];
  return pieces.map((piece, i) => ({
    name: `${name}.${i + 1}`,
    value: `${pieces.length}.${writing}.${piece}`,
    maxAge,
  }));
}

function joinChunks(jar: CookieJar, name: string, first: string): string | null {
  const [label = "", count] = /^(\d{1,2})\.[\w-]{8}\./.exec(first) ?? [];
  const chunks = Array.from({ length: Number(count) }, (_, i) => jar.values.get(`${name}.${i + 1}`));
  return chunks.every((chunk) => chunk?.startsWith(label))
    ? chunks.map((chunk) => chunk?.slice(label.length)).join("")
    : null;
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
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}
