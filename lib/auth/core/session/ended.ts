// Marks in the browser: sign-ins that ended, and refresh tokens that Cognito rejected.

import { now } from "../base/clock";
import { fingerprint } from "../base/hash";
import type { CookieJar } from "../http/cookie-jar";
import { cookieName, deleteCookie, readUnsignedCookie } from "../http/cookies";
import { parseEntries, readEntries, writeEntries } from "../http/expiring-list";
import type { SignIn } from "../tokens/issued-tokens";

const MAX_ENDED = 5;
const MAX_REJECTED = 5;
const REJECTED_S = 600;

/** Returns the key of a sign-in: the same from its claims and from the refresh cookie. The key is no credential. */
export async function signInKey({ iss, sub, auth_time, origin_jti }: SignIn): Promise<string> {
  const isName = typeof origin_jti === "string" && /^[\w-]{8,64}$/.test(origin_jti);
  return isName ? origin_jti : fingerprint(iss, sub, auth_time);
}

/**
 * Whether this browser signed out of `signIn` or replaced it by another sign-in, or a live check found it ended. Only
 * sign-out, callback and live checks write these marks, in one cookie for each sign-in. A refresh that arrives late cannot
 * remove them, so it cannot restore the session.
 */
export async function hasEnded(jar: CookieJar, signIn: SignIn): Promise<boolean> {
  const prefix = cookieName(jar.config, "ended");
  if (!jar.names.some((name) => name.startsWith(prefix))) return false;
  for (const key of await keysOf(jar, signIn)) if ((await readEnd(jar, key)) > 0) return true;
  return isInOldList(jar, signIn);
}

/**
 * Returns the possible keys of a mark: two if the pool began to send `origin_jti` after sign-out. A hash has 22
 * characters.
 */
async function keysOf(jar: CookieJar, signIn: SignIn): Promise<readonly string[]> {
  const key = await signInKey(signIn);
  const hasHashes = jar.names.some((name) => /\.ended\.[\w-]{22}$/.test(name));
  return hasHashes ? [key, await signInKey({ ...signIn, origin_jti: undefined })] : [key];
}

/** Records the end of a sign-in. `sessionEndsAt`: when its session would have ended by itself. */
export async function markEnded(jar: CookieJar, signIn: SignIn, sessionEndsAt: number): Promise<void> {
  const key = await signInKey(signIn);
  await evictEnded(jar, key);
  await writeEntries(jar, `ended.${key}`, [[key, sessionEndsAt]]);
}

/**
 * Records a new sign-in, which may replace another. Without `origin_jti`, a new sign-in can have the same key as an
 * ended one. The new sign-in removes the old mark.
 */
export async function markStarted(
  jar: CookieJar,
  signIn: SignIn,
  replaced: { readonly signIn: SignIn; readonly sessionEndsAt: number } | null,
): Promise<void> {
  const key = await signInKey(signIn);
  for (const name of await keysOf(jar, signIn)) deleteCookie(jar, `ended.${name}`);
  deleteCookie(jar, "spent");
  if (await isInOldList(jar, signIn)) deleteCookie(jar, "ended");
  if (replaced && (await signInKey(replaced.signIn)) !== key)
    await markEnded(jar, replaced.signIn, replaced.sessionEndsAt);
}

/** Whether Cognito rejected this refresh token in the last ten minutes. The mark saves a call and proves nothing. */
export async function isRejected(jar: CookieJar, refreshToken: string): Promise<boolean> {
  const entries = await readEntries(jar, "spent");
  if (entries.length === 0) return false;
  const key = await rejectedKey(refreshToken);
  return entries.some(([other]) => other === key);
}

export async function markRejected(jar: CookieJar, refreshToken: string): Promise<void> {
  const key = await rejectedKey(refreshToken);
  const others = (await readEntries(jar, "spent")).filter(([other]) => other !== key);
  await writeEntries(jar, "spent", [...others, [key, now() + REJECTED_S] as const].slice(-MAX_REJECTED));
}

function rejectedKey(refreshToken: string): Promise<string> {
  return fingerprint("refresh_token", refreshToken);
}

/** Makes room for one more mark. Unreadable ones go first, then those that end soonest. */
async function evictEnded(jar: CookieJar, newKey: string): Promise<void> {
  const prefix = `${cookieName(jar.config, "ended")}.`;
  const keys = jar.names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const others = keys.filter((key) => key !== newKey).map(async (key) => ({ key, end: await readEnd(jar, key) }));
  const lastFirst = (await Promise.all(others)).sort((a, b) => b.end - a.end);
  for (const { key } of lastFirst.slice(MAX_ENDED - 1)) jar.delete(prefix + key);
}

async function readEnd(jar: CookieJar, key: string): Promise<number> {
  const entries = await readEntries(jar, `ended.${key}`);
  return entries.find(([name]) => name === key)?.[1] ?? 0;
}

// Version 0.1 kept one `.ended` cookie with a list. Read for one release; remove this with the next one.

async function isInOldList(jar: CookieJar, { iss, sub, auth_time, origin_jti }: SignIn): Promise<boolean> {
  if (jar.get(cookieName(jar.config, "ended")) === undefined) return false;
  const unsigned = readUnsignedCookie(jar, "ended");
  const entries = unsigned ? parseEntries(unsigned) : await readEntries(jar, "ended");
  const key = await (typeof origin_jti === "string" ? fingerprint(origin_jti) : fingerprint(iss, sub, auth_time));
  return entries.some(([other]) => other === key);
}
