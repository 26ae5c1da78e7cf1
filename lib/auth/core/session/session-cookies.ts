// The session in cookies: read and verified, written from new tokens, deleted.
import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { AuthError } from "../base/errors";
import type { SessionEvent } from "../base/events";
import { fingerprint } from "../base/hash";
import type { CookieJar } from "../http/cookie-jar";
import { cookieName, deleteCookie, readCookie, writeCookie } from "../http/cookies";
import type { IdTokenClaims, TokenClaims } from "../tokens/claims";
import { type IssuedTokens, isSameSignIn } from "../tokens/issued-tokens";
import { verifyAccessToken, verifyIdToken } from "../tokens/verify";
import type { SignedIn, SignedOut } from "./authentication";
import { hasEnded } from "./ended";
import { type RefreshFacts, writeRefreshFacts } from "./refresh-cookie";
import { createSession, isMachine } from "./session";

const PROXY_LIMIT_BYTES = 7_500; // nginx and many others stop at 8 kB a header line.

/**
 * Returns the session of the access token cookie. Throws as verifyAccessToken does, also when the session has ended.
 */
export async function readSession(jar: CookieJar): Promise<SignedIn | SignedOut> {
  const accessToken = await readCookie(jar, "access");
  if (!accessToken) return { status: "signed_out", error: null };
  const auth = await verifySession(accessToken, await readCookie(jar, "id"), jar.config);
  if (await hasEnded(jar, auth.session.claims)) throw new AuthError("token_invalid", "The session ended");
  return auth;
}

/** Returns the session of the app's own tokens. Leaves a bad ID token out, and reports it. Throws as verifyAccessToken. */
export async function verifySession(
  accessToken: string,
  idToken: string | null,
  config: AuthConfig,
): Promise<SignedIn> {
  const claims = await verifyAccessToken(accessToken, config, [config.clientId]);
  const { idClaims, events } = idToken ? await checkIdToken(idToken, claims, config) : NO_ID_TOKEN;
  const session = createSession(claims, idClaims, "cookie", config.tenant);
  if (isMachine(session)) throw new AuthError("token_invalid", "The token is a machine's");
  return { status: "signed_in", session, accessToken, idToken: idClaims && idToken, events };
}

interface CheckedIdToken {
  readonly idClaims: IdTokenClaims | null;
  readonly events: readonly SessionEvent[];
}

const NO_ID_TOKEN: CheckedIdToken = { idClaims: null, events: [] };

/** Returns the claims of the ID token if it belongs to the sign-in of the access token. */
async function checkIdToken(idToken: string, accessClaims: TokenClaims, config: AuthConfig): Promise<CheckedIdToken> {
  try {
    const idClaims = await verifyIdToken(idToken, config);
    if (isSameSignIn(idClaims, accessClaims)) return { idClaims, events: [] };
    throw new AuthError("token_invalid", "The ID token is of another sign-in");
  } catch (error) {
    if (!(error instanceof AuthError && error.isBadCredential)) throw error;
    const { code, message: detail } = error;
    return { idClaims: null, events: [{ type: "id_token_dropped", code, detail }] };
  }
}

/**
 * Writes verified tokens to the jar and returns their session. Above the limit of most proxies it
 * leaves the ID token out. Above `maxCookieBytes` it writes nothing and throws `session_too_large`.
 */
export async function writeSession(
  jar: CookieJar,
  tokens: IssuedTokens,
  facts: RefreshFacts | null,
  type: "signed_in" | "refreshed",
): Promise<SignedIn> {
  const { accessToken, accessClaims } = tokens;
  const secondsTo = (end: number) => Math.max(1, Math.floor(Math.min(end, facts?.sessionEndsAt ?? end) - now()));
  const small = jar.clone();
  await writeCookie(small, "access", accessToken, secondsTo(accessClaims.exp));
  if (facts) await writeRefreshFacts(small, facts, accessClaims.exp);
  else deleteCookie(small, "refresh");
  deleteCookie(small, "id");
  const whole = small.clone();
  if (tokens.idToken && tokens.idClaims) await writeCookie(whole, "id", tokens.idToken, secondsTo(tokens.idClaims.exp));
  const isIdTokenDropped =
    tokens.idToken !== null && whole.bytes > Math.min(PROXY_LIMIT_BYTES, jar.config.maxCookieBytes);
  const chosen = isIdTokenDropped ? small : whole;
  if (chosen.bytes > jar.config.maxCookieBytes)
    throw new AuthError("session_too_large", `${chosen.bytes} bytes of cookies`);
  jar.accept(chosen);

  const [idToken, idClaims] = isIdTokenDropped ? [null, null] : [tokens.idToken, tokens.idClaims];
  const session = createSession(accessClaims, idClaims, "cookie", jar.config.tenant);
  const subject = await fingerprint(accessClaims.iss, accessClaims.sub);
  return { status: "signed_in", session, accessToken, idToken, events: [{ type, subject, isIdTokenDropped }] };
}

/**
 * Deletes the kit's cookies except the marks of ended sessions. The session goes first, because a jar bounds deletions.
 */
export function deleteSession(jar: CookieJar): void {
  for (const kind of ["access", "id", "refresh"] as const) deleteCookie(jar, kind);
  const mark = cookieName(jar.config, "ended");
  for (const name of jar.names) if (name !== mark && !name.startsWith(`${mark}.`)) jar.delete(name);
}
