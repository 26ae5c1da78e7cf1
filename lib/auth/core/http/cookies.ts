// Stores values in cookies: names, sealing or signing, and chunks.
import type { AuthConfig } from "../base/config";
import { createSecret } from "../base/hash";
import { seal, unseal } from "../base/seal";
import { isSigned, readSigned, sign } from "../base/sign";
import { type Cookie, type CookieJar, serializeCookie } from "./cookie-jar";

export type CookieKind =
  | "access"
  | "id"
  | "refresh"
  | "session" // The id of a stored session
  | "spent" // Rejected refresh tokens
  | "rounds"
  | "outage" // Never in a browser: middleware forwards it.
  | "ended" // Version 0.1
  | `ended.${string}`
  | `txn.${string}`;

const MAX_COOKIE_BYTES = 3_800; // Browsers drop cookies above 4,096 bytes; some count the attributes.

// These hold facts of the kit's own, so a signature must prove them. Cognito signs the tokens, and `state` proves its
// transaction.
const SIGNED_PURPOSES: readonly string[] = ["refresh", "ended", "spent", "rounds"];

/** Stores `value` in one cookie or in numbered chunks, and deletes what it replaces. `maxAge` is in seconds. */
export async function writeCookie(jar: CookieJar, kind: CookieKind, value: string, maxAge: number): Promise<void> {
  const name = cookieName(jar.config, kind);
  const whole = { name, value: await protect(value, purposeOf(kind), jar.config), maxAge };
  deleteCookie(jar, kind);
  if (serializeCookie(whole).length <= MAX_COOKIE_BYTES) jar.set(whole);
  else for (const chunk of splitCookie(whole)) jar.set(chunk);
}

/**
 * The value that writeCookie stored. Null when it is absent or incomplete, or when it lacks the required seal or
 * signature.
 */
export async function readCookie(jar: CookieJar, kind: CookieKind): Promise<string | null> {
  const stored = readStored(jar, kind);
  if (!stored) return null;
  const purpose = purposeOf(kind);
  const mayBeSigned = SIGNED_PURPOSES.includes(purpose);
  const { config } = jar;
  // Signed values stay valid when AUTH_SECRET is set later.
  if (mayBeSigned && isSigned(stored)) return readSigned(stored, purpose, config);
  if (config.secrets.length > 0) return unseal(stored, purpose, config);
  return mayBeSigned && config.clientSecrets.length > 0 ? null : stored;
}

/**
 * A value of version 0.1, which signed nothing. Null when the cookie is signed, or when version 0.1 would have sealed
 * it.
 */
export function readUnsignedCookie(jar: CookieJar, kind: CookieKind): string | null {
  const stored = jar.config.secrets.length > 0 ? null : readStored(jar, kind);
  return stored && !isSigned(stored) ? stored : null;
}

/** Deletes a cookie with all its chunks that the browser sent. */
export function deleteCookie(jar: CookieJar, kind: CookieKind): void {
  const name = cookieName(jar.config, kind);
  jar.delete(name);
  const names = jar.names.filter((it) => it.startsWith(`${name}.`) && /^\.\d{1,2}$/.test(it.slice(name.length)));
  for (const chunk of names) jar.delete(chunk);
}

export function cookieName(config: AuthConfig, kind: CookieKind): string {
  return `${config.cookiePrefix}.${kind}`;
}

/** Whether the request has cookies of a session. They may be invalid. */
export function hasSessionCookie(jar: CookieJar): boolean {
  return jar.names.some((name) => /\.(access|refresh|session)\b/.test(name));
}

/** Tells the pages and routes behind middleware that the session could not be checked. Only they get this cookie. */
export function markOutage(jar: CookieJar): void {
  jar.set({ name: cookieName(jar.config, "outage"), value: "1", maxAge: 1 });
}

export function isOutage(jar: CookieJar): boolean {
  return jar.get(cookieName(jar.config, "outage")) !== undefined;
}

async function protect(value: string, purpose: string, config: AuthConfig): Promise<string> {
  if (config.secrets.length > 0) return seal(value, purpose, config);
  return SIGNED_PURPOSES.includes(purpose) && config.clientSecrets.length > 0 ? sign(value, purpose, config) : value;
}

function readStored(jar: CookieJar, kind: CookieKind): string | null {
  const name = cookieName(jar.config, kind);
  const [whole, first] = [jar.get(name), jar.get(`${name}.1`)];
  if (first === undefined) return whole || null;
  return whole === undefined ? joinChunks(jar, name, first) : null; // With both, nothing says which one is newer.
}

/** All transactions share one purpose, and so do all ended sign-ins. */
function purposeOf(kind: CookieKind): string {
  return kind.replace(/\..*/, "");
}

/** Cuts a cookie into chunks `<number of chunks>.<random id of this write>.<piece>`. Chunks of two writes never mix. */
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
  const chunks = Array.from({ length: Number(count) }, (_, i) => jar.get(`${name}.${i + 1}`));
  return chunks.every((chunk) => chunk?.startsWith(label))
    ? chunks.map((chunk) => chunk?.slice(label.length)).join("")
    : null;
}
