// Reads the session of so many different users, and prints what of it stays in memory.

import { authenticate } from "../../../lib/auth/core/authenticate";
import { CookieJar } from "../../../lib/auth/core/http/cookie-jar";
import { writeCookie } from "../../../lib/auth/core/http/cookies";
import { cookieSessions } from "../../../lib/auth/core/session/cookie-sessions";
import { Samples } from "./samples";
import { SECRET } from "./stage";

const AT_ONCE = 200;
const most = Number(process.argv[2]);

const samples = new Samples();
const plain = samples.config();
const sealed = samples.config({ AUTH_SECRET: SECRET });
const lines: object[] = [];
let tokens = 0;
for (const wanted of [0, most / 100, most / 10, most]) {
  for (; tokens < wanted; tokens += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, visit));
  for (let times = 0; times < 4; times += 1) globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  lines.push({ tokens, heapUsed, rss });
}
console.log(JSON.stringify(lines));

/** Every second cookie is sealed. */
async function visit(_: unknown, index: number): Promise<void> {
  const config = index % 2 === 0 ? plain : sealed;
  const jar = new CookieJar(new Headers(), config);
  await writeCookie(jar, "access", await samples.issueAccessToken(), 3600);
  const headers = new Headers({ cookie: jar.applyToHeader("") });
  const { status } = await authenticate(cookieSessions, headers, new CookieJar(headers, config), { refresh: "never" });
  if (status !== "signed_in") throw new Error(`The session is ${status}`);
}
