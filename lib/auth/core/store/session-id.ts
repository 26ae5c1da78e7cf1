// The cookie of a stored session: a random id, the only thing that the browser keeps of it.
import { now } from "../base/clock";
import type { CookieJar } from "../http/cookie-jar";
import { cookieName, deleteCookie } from "../http/cookies";

/** Returns the id of a stored session, or null. Anybody can invent one: it opens only the record that it names. */
export function readSessionId(jar: CookieJar): string | null {
  const id = jar.get(cookieName(jar.config, "session"));
  return id !== undefined && /^[\w-]{43}$/.test(id) ? id : null;
}

/** Gives the browser the id of its new session, instead of all that it had. */
export function writeSessionId(jar: CookieJar, id: string, sessionEndsAt: number): void {
  for (const kind of ["access", "id", "refresh"] as const) deleteCookie(jar, kind);
  const maxAge = Math.max(1, Math.floor(sessionEndsAt - now()));
  jar.set({ name: cookieName(jar.config, "session"), value: id, maxAge });
}
