// Counts visits to sign-in, so that a redirect loop ends on the error page.

import { now } from "../base/clock";
import { fingerprint } from "../base/hash";
import type { CookieJar } from "../http/cookie-jar";
import { readEntries, writeEntries } from "../http/expiring-list";

const MAX_ENTRIES = 16;
const ROUND_S = 60;

/** Counts this visit. Returns how many visits of the last minute wanted to return to the same page. */
export async function countRound(jar: CookieJar, returnTo: string): Promise<number> {
  const key = (await fingerprint(returnTo)).slice(0, 4);
  const entries = [...(await readEntries(jar, "rounds")), [key, now() + ROUND_S] as const].slice(-MAX_ENTRIES);
  await writeEntries(jar, "rounds", entries);
  return entries.filter(([other]) => other === key).length;
}
