// A cookie that holds a short list of keys, each with its end: `key.expiresAt~key.expiresAt`.

import { now } from "../base/clock";
import type { CookieJar } from "./cookie-jar";
import { type CookieKind, readCookie, writeCookie } from "./cookies";

export type Entry = readonly [key: string, expiresAt: number];

/** The entries that have not expired. */
export async function readEntries(jar: CookieJar, kind: CookieKind): Promise<readonly Entry[]> {
  return parseEntries((await readCookie(jar, kind)) ?? "");
}

export function parseEntries(text: string): readonly Entry[] {
  return [...text.matchAll(/([\w-]{1,64})\.(\d{1,12})/g)]
    .map(([, key = "", end]) => [key, Number(end)] as const)
    .filter(([, end]) => end > now());
}

/** Writes the list. The cookie lives as long as the entry that ends last. */
export async function writeEntries(jar: CookieJar, kind: CookieKind, entries: readonly Entry[]): Promise<void> {
  const end = Math.max(...entries.map(([, expiresAt]) => expiresAt));
  if (end > now()) await writeCookie(jar, kind, entries.map((entry) => entry.join(".")).join("~"), end - now());
}
