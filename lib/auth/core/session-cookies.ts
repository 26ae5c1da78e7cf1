import { type Cookie, type CookieJar, cookieName, countBytes, deleteCookie, readCookie, writeCookie } from "./cookies";
import { asRecord, decodeJson, encodeJson, fingerprint, now } from "./encoding";
import { AuthError } from "./errors";
import type { IssuedTokens, SignIn } from "./issued-tokens";

/** What the refresh cookie holds. */
export interface RefreshState {
  readonly refreshToken: string;
  readonly signIn: SignIn;
  /** When the session ends, in seconds since the epoch: set at sign-in, never extended. */
  readonly expiresAt: number;
}

const PROXY_LIMIT_BYTES = 7_500; // nginx and many others stop at 8 kB a header line.
const HARD_LIMIT_BYTES = 12_000; // Node stops at 16 kB for all headers, and then not even sign-out works.
const MAX_ENDED = 5;
const MAX_ROUNDS = 16;
const ROUND_S = 60;

/**
 * The cookies of a session. Above what proxies let through it goes without the ID token; above what Node reads it throws
 * `session_too_large`.
 */
export async function createSessionCookies(
  jar: CookieJar,
  { accessToken, accessClaims, idToken, idClaims }: IssuedTokens,
  state: RefreshState | null,
): Promise<{ cookies: readonly Cookie[]; isIdTokenDropped: boolean }> {
  const secondsTo = (end: number) => Math.max(1, Math.floor(Math.min(end, state?.expiresAt ?? end) - now()));
  const needed = [
    ...(await writeCookie(jar, "access", accessToken, secondsTo(accessClaims.exp))),
    ...(state
      ? await writeCookie(jar, "refresh", writeState(state), secondsTo(state.expiresAt))
      : deleteCookie(jar, "refresh")),
  ];
  if (idToken && idClaims) {
    const cookies = [...needed, ...(await writeCookie(jar, "id", idToken, secondsTo(idClaims.exp)))];
    if (countBytes(jar, cookies) <= PROXY_LIMIT_BYTES) return { cookies, isIdTokenDropped: false };
  }
  const cookies = [...needed, ...deleteCookie(jar, "id")];
  const bytes = countBytes(jar, cookies);
  if (bytes > HARD_LIMIT_BYTES) throw new AuthError("session_too_large", `${bytes} bytes of cookies`);
  return { cookies, isIdTokenDropped: idToken !== null };
}

export async function readRefreshState(jar: CookieJar): Promise<RefreshState | null> {
  const [, facts, refreshToken] = /^([\w-]+)\.(.+)/.exec((await readCookie(jar, "refresh")) ?? "") ?? [];
  const { iss, sub, exp: expiresAt, ...others } = asRecord(decodeJson(facts ?? ""));
  if (!refreshToken || iss !== jar.config.issuer || typeof sub !== "string" || !isEnd(expiresAt)) return null;
  return { refreshToken, signIn: { ...others, iss: jar.config.issuer, sub }, expiresAt };
}

function isEnd(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > now();
}

function writeState({ refreshToken, signIn, expiresAt }: RefreshState): string {
  return `${encodeJson({ ...signIn, exp: expiresAt })}.${refreshToken}`;
}

/** How `.ended` names a sign-in: the same from its claims and from the refresh cookie. */
export function signInKey({ iss, sub, auth_time, origin_jti }: SignIn): Promise<string> {
  return typeof origin_jti === "string" ? fingerprint(origin_jti) : fingerprint(iss, sub, auth_time);
}

/** How `.ended` names a refresh token. */
export function tokenKey(refreshToken: string): Promise<string> {
  return fingerprint("refresh_token", refreshToken);
}

/** Whether `.ended` names the sign-in of these claims, or what the refresh cookie holds: no late answer brings them back. */
export async function hasEnded(jar: CookieJar, claims: SignIn | null): Promise<boolean> {
  if (!jar.values.has(cookieName(jar.config, "ended"))) return false;
  const ended = (await readEntries(jar, "ended")).map(([key]) => key);
  const state = await readRefreshState(jar);
  const signIns = [claims, state?.signIn].filter((signIn) => signIn != null);
  const keys = await Promise.all([...signIns.map(signInKey), state ? tokenKey(state.refreshToken) : ""]);
  return keys.some((key) => ended.includes(key));
}

export async function addEnded(jar: CookieJar, key: string, expiresAt: number): Promise<readonly Cookie[]> {
  const others = (await readEntries(jar, "ended")).filter(([other]) => other !== key);
  return writeEntries(jar, "ended", [...others, [key, expiresAt] as const].slice(-MAX_ENDED));
}

/**
 * After a new sign-in: the one that it replaces has ended. And should the new one bear the name of an ended one (without
 * token revocation `auth_time` is all there is), it has not.
 */
export async function replaceSignIn(jar: CookieJar, signIn: SignIn): Promise<readonly Cookie[]> {
  const [key, replaced] = [await signInKey(signIn), await readRefreshState(jar)];
  const entries = replaced ? [[await signInKey(replaced.signIn), replaced.expiresAt] as const] : [];
  const others = [...(await readEntries(jar, "ended")), ...entries].filter(([other]) => other !== key);
  return others.length > 0 ? writeEntries(jar, "ended", others.slice(-MAX_ENDED)) : deleteCookie(jar, "ended");
}

/** Counts this visit to sign-in among those of the last minute that want to return to the same page. */
export async function countRound(
  jar: CookieJar,
  returnTo: string,
): Promise<{ rounds: number; cookies: readonly Cookie[] }> {
  const key = (await fingerprint(returnTo)).slice(0, 4);
  const entries = [...(await readEntries(jar, "rounds")), [key, now() + ROUND_S] as const].slice(-MAX_ROUNDS);
  const rounds = entries.filter(([other]) => other === key).length;
  return { rounds, cookies: await writeEntries(jar, "rounds", entries) };
}

type Entry = readonly [key: string, expiresAt: number];

/** In the cookie: `key.expiresAt~key.expiresAt`. */
async function readEntries(jar: CookieJar, kind: "ended" | "rounds"): Promise<readonly Entry[]> {
  const found = (await readCookie(jar, kind))?.matchAll(/([\w-]{1,22})\.(\d{1,12})/g) ?? [];
  return [...found].map(([, key = "", end]) => [key, Number(end)] as const).filter(([, end]) => end > now());
}

function writeEntries(jar: CookieJar, kind: "ended" | "rounds", entries: readonly Entry[]): Promise<readonly Cookie[]> {
  const end = Math.max(now(), ...entries.map(([, expiresAt]) => expiresAt));
  return writeCookie(jar, kind, entries.map((entry) => entry.join(".")).join("~"), end - now());
}
