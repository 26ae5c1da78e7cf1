// The session in cookies: access token, ID token, and the refresh token with the facts of its sign-in.

import { now } from "../base/clock";
import { AuthError } from "../base/errors";
import { asRecord, decodeJson, encodeJson } from "../base/json";
import type { CookieJar } from "../http/cookie-jar";
import { cookieName, deleteCookie, readCookie, readUnsignedCookie, writeCookie } from "../http/cookies";
import type { AccessTokenClaims } from "../tokens/claims";
import type { IssuedTokens, SignIn } from "../tokens/issued-tokens";
import type { Grant } from "../tokens/token-endpoint";
import { verifyAccessToken } from "../tokens/verify";

/** The contents of the refresh cookie. */
export interface RefreshFacts {
  readonly refreshToken: string;
  readonly signIn: SignIn;
  /** When the session ends, in seconds since the epoch: set at sign-in, never extended. */
  readonly expiresAt: number;
}

/** The same, as read: `isProven` unless anybody can have made the cookie up. */
export type RefreshState = RefreshFacts & Grant;

const PROXY_LIMIT_BYTES = 7_500; // nginx and many others stop at 8 kB a header line.
const HARD_LIMIT_BYTES = 12_000; // Node stops at 16 kB for all headers, and then not even sign-out works.

/**
 * Writes the cookies of a session. Above the limit of most proxies the ID token is left out; above the limit of Node it
 * writes nothing and throws `session_too_large`. Returns whether it left the ID token out.
 */
export async function writeSessionCookies(
  jar: CookieJar,
  { accessToken, accessClaims, idToken, idClaims }: IssuedTokens,
  state: RefreshFacts | null,
): Promise<{ readonly isIdTokenDropped: boolean }> {
  const draft = jar.clone();
  const secondsTo = (end: number) => Math.max(1, Math.floor(Math.min(end, state?.expiresAt ?? end) - now()));
  await writeCookie(draft, "access", accessToken, secondsTo(accessClaims.exp));
  if (state) await writeRefreshState(draft, state);
  else deleteCookie(draft, "refresh");
  deleteCookie(draft, "id");
  const withIdToken = draft.clone();
  if (idToken && idClaims) await writeCookie(withIdToken, "id", idToken, secondsTo(idClaims.exp));
  const isIdTokenDropped = idToken !== null && withIdToken.bytes > PROXY_LIMIT_BYTES;
  const chosen = isIdTokenDropped ? draft : withIdToken;
  if (chosen.bytes > HARD_LIMIT_BYTES) throw new AuthError("session_too_large", `${chosen.bytes} bytes of cookies`);
  jar.accept(chosen);
  return { isIdTokenDropped };
}

async function writeRefreshState(jar: CookieJar, { refreshToken, signIn, expiresAt }: RefreshFacts): Promise<void> {
  const facts = encodeJson({ ...signIn, exp: expiresAt });
  await writeCookie(jar, "refresh", `${facts}.${refreshToken}`, Math.max(1, expiresAt - now()));
}

/** The refresh token of this browser, or null when the cookie is absent, has expired or cannot be trusted. */
export async function readRefreshState(jar: CookieJar): Promise<RefreshState | null> {
  const state = parseState((await readCookie(jar, "refresh")) ?? "", jar);
  return state ? { ...state, isProven: jar.config.areCookiesAuthentic } : readOldRefreshState(jar);
}

function parseState(text: string, jar: CookieJar): RefreshFacts | null {
  const [, facts = "", refreshToken] = /^([\w-]+)\.(.+)/.exec(text) ?? [];
  const { iss, sub, exp: expiresAt, ...others } = asRecord(decodeJson(facts));
  if (!refreshToken || iss !== jar.config.issuer || typeof sub !== "string" || !isEnd(expiresAt)) return null;
  return { refreshToken, signIn: { ...others, iss: jar.config.issuer, sub }, expiresAt };
}

function isEnd(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > now();
}

// Version 0.1 did not sign the refresh cookie. Read for one release; remove the rest of this file with the next one.

/** Whether the refresh cookie is of version 0.1. A refresh replaces it: only what Cognito accepts is signed. */
export function hasOldRefreshCookie(jar: CookieJar): boolean {
  const name = cookieName(jar.config, "refresh");
  const isSent = jar.get(name) !== undefined || jar.get(`${name}.1`) !== undefined;
  return isSent && jar.config.clientSecrets.length > 0 && readUnsignedCookie(jar, "refresh") !== null;
}

async function readOldRefreshState(jar: CookieJar): Promise<RefreshState | null> {
  const accessToken = hasOldRefreshCookie(jar) ? await readCookie(jar, "access") : null;
  if (!accessToken) return null;
  const claims = await verifyAccessToken(accessToken, jar.config, [jar.config.clientId]).catch(() => null);
  return claims && trustOldState(jar, claims);
}

/** An edited cookie could name a later end, so the end is at most what a sign-in at `auth_time` could have. */
function trustOldState(jar: CookieJar, claims: AccessTokenClaims): RefreshState | null {
  const state = parseState(readUnsignedCookie(jar, "refresh") ?? "", jar);
  const { sub, auth_time: authTime, origin_jti: originJti } = claims;
  if (!state || typeof authTime !== "number") return null;
  const { signIn } = state;
  if (signIn.sub !== sub || signIn.auth_time !== authTime || signIn.origin_jti !== originJti) return null;
  const expiresAt = Math.min(state.expiresAt, authTime + jar.config.sessionMaxAge);
  return expiresAt > now() ? { ...state, expiresAt, isProven: false } : null;
}
