// The refresh cookie: the refresh token, and the facts of its sign-in.
import { now } from "../base/clock";
import { asRecord, decodeJson, encodeJson } from "../base/json";
import type { CookieJar } from "../http/cookie-jar";
import { cookieName, readCookie, readUnsignedCookie, writeCookie } from "../http/cookies";
import type { AccessTokenClaims } from "../tokens/claims";
import type { SignIn } from "../tokens/issued-tokens";
import type { Grant } from "../tokens/token-endpoint";
import { verifyAccessToken } from "../tokens/verify";

/** The contents of the refresh cookie. */
export interface RefreshFacts {
  readonly refreshToken: string;
  readonly signIn: SignIn;
  /** When the session ends, in seconds since the epoch: set at sign-in, never extended. */
  readonly sessionEndsAt: number;
}

/** The contents as read. `isProven` is false when an attacker could have written the cookie. */
export type RefreshState = RefreshFacts & Grant;

/** Writes the cookie. `tokenExpiresAt` is the end of the access token: the idle limit counts from there. */
export async function writeRefreshFacts(jar: CookieJar, facts: RefreshFacts, tokenExpiresAt: number): Promise<void> {
  const { refreshToken, signIn, sessionEndsAt } = facts;
  const text = `${encodeJson({ ...signIn, exp: sessionEndsAt, tokenExp: tokenExpiresAt })}.${refreshToken}`;
  const end = Math.min(sessionEndsAt, idleEnd(tokenExpiresAt, jar));
  await writeCookie(jar, "refresh", text, Math.max(1, Math.floor(end - now())));
}

/** When an unused session ends (AUTH_SESSION_IDLE). A cookie that was written without the time has no idle limit. */
function idleEnd(tokenExpiresAt: unknown, { config: { sessionIdle } }: CookieJar): number {
  if (sessionIdle === null || typeof tokenExpiresAt !== "number") return Number.POSITIVE_INFINITY;
  return tokenExpiresAt + sessionIdle;
}

/** Returns the refresh token of this browser. Null when the cookie is absent, has expired or cannot be trusted. */
export async function readRefreshState(jar: CookieJar): Promise<RefreshState | null> {
  const facts = parseFacts((await readCookie(jar, "refresh")) ?? "", jar);
  return facts ? { ...facts, isProven: jar.config.canAuthenticateCookies } : readOldRefreshState(jar);
}

function parseFacts(text: string, jar: CookieJar): RefreshFacts | null {
  const [, encoded = "", refreshToken] = /^([\w-]+)\.(.+)/.exec(text) ?? [];
  const { iss, sub, exp: sessionEndsAt, tokenExp, ...others } = asRecord(decodeJson(encoded));
  const { issuer } = jar.config;
  if (!refreshToken || iss !== issuer || typeof sub !== "string" || !isFutureTime(sessionEndsAt)) return null;
  if (idleEnd(tokenExp, jar) <= now()) return null;
  return { refreshToken, signIn: { ...others, iss: issuer, sub }, sessionEndsAt };
}

function isFutureTime(value: unknown): value is number {
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
  return claims && confirmOldFacts(jar, claims);
}

/** Limits the end to that of a sign-in at `auth_time`, because an edited cookie could name a later one. */
function confirmOldFacts(jar: CookieJar, claims: AccessTokenClaims): RefreshState | null {
  const facts = parseFacts(readUnsignedCookie(jar, "refresh") ?? "", jar);
  const { sub, auth_time: authTime, origin_jti: originJti } = claims;
  if (!facts || typeof authTime !== "number") return null;
  const { signIn } = facts;
  if (signIn.sub !== sub || signIn.auth_time !== authTime || signIn.origin_jti !== originJti) return null;
  const sessionEndsAt = Math.min(facts.sessionEndsAt, authTime + jar.config.sessionMaxAge);
  return sessionEndsAt > now() ? { ...facts, sessionEndsAt, isProven: false } : null;
}
