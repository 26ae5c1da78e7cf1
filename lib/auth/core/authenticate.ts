import type { AuthConfig } from "./config";
import { type Cookie, type CookieJar, cookieName, readCookie, readCookieJar } from "./cookies";
import { fingerprint, now } from "./encoding";
import { AuthError } from "./errors";
import type { SessionEvent } from "./events";
import { checkContinuation, type IssuedTokens } from "./issued-tokens";
import { isPrefetch, readBearer } from "./navigation";
import { refreshOnce } from "./refresh";
import { createSession, isMachine, type Session } from "./session";
import {
  addEnded,
  createSessionCookies,
  hasEnded,
  type RefreshState,
  readRefreshState,
  tokenKey,
} from "./session-cookies";
import { verifyAccessToken, verifyIdToken } from "./verify";

/** The verdict on a request's credential. What cannot be judged is `unknown`, and that is not "signed out". */
export type Authentication =
  | SignedIn
  | (Extras & { readonly status: "signed_out"; readonly error: AuthError | null /* null: there was none */ })
  | (Extras & { readonly status: "unknown"; readonly error: AuthError });

export interface SignedIn extends Extras {
  readonly status: "signed_in";
  readonly session: Session;
  readonly accessToken: string;
  readonly idToken: string | null;
}

interface Extras {
  /** To be set on the response, whatever it is. */
  readonly cookies?: readonly Cookie[];
  /** To be reported. */
  readonly event?: SessionEvent;
}

const REFRESH_AHEAD_S = 60;

/**
 * Who sends this request? `Authorization: Bearer` decides when present, else the cookies do. With `mayRefresh`, a
 * session whose access token has expired, or will within a minute, is refreshed; one `isDoubted` is, whatever its token
 * says. Throws no AuthError.
 */
export async function authenticate(
  headers: Headers,
  config: AuthConfig,
  mayRefresh: boolean,
  isDoubted = false,
): Promise<Authentication> {
  const bearer = readBearer(headers);
  if (bearer !== null) return judge(authenticateBearer(bearer, config));
  const jar = readCookieJar(headers, config);
  const stored = await judge(authenticateCookies(jar));
  if (stored.status === "signed_out" && jar.values.has(cookieName(jar.config, "outage"))) {
    return { status: "unknown", error: new AuthError("token_endpoint_unavailable") };
  }
  const isFresh = stored.status === "signed_in" && stored.session.expiresAt - now() >= REFRESH_AHEAD_S;
  if (isFresh && !isDoubted) return stored;
  if (stored.status === "unknown" || !mayRefresh || isPrefetch(headers)) return stored;
  const state = await readRefreshState(jar);
  return state && !(await hasEnded(jar, null)) ? refresh(jar, state, stored) : stored;
}

async function judge(verdict: Promise<Authentication>): Promise<Authentication> {
  try {
    return await verdict;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return { status: error.isBadCredential ? "signed_out" : "unknown", error };
  }
}

async function authenticateBearer(token: string, config: AuthConfig): Promise<Authentication> {
  const claims = await verifyAccessToken(token, config, config.bearerClientIds);
  return { status: "signed_in", session: createSession(claims, null, "bearer"), accessToken: token, idToken: null };
}

async function authenticateCookies(jar: CookieJar): Promise<Authentication> {
  const accessToken = await readCookie(jar, "access");
  if (!accessToken) return { status: "signed_out", error: null };
  const claims = await verifyAccessToken(accessToken, jar.config, [jar.config.clientId]);
  const idToken = await readCookie(jar, "id");
  const idClaims = await verifyIdToken(idToken ?? "", jar.config).catch(() => null);
  const isOwn = idClaims?.sub === claims.sub;
  const session = createSession(claims, isOwn ? idClaims : null, "cookie");
  if (isMachine(session)) throw new AuthError("token_invalid", "It stands for no user");
  if (await hasEnded(jar, claims)) throw new AuthError("token_invalid", "The session ended");
  return { status: "signed_in", session, accessToken, idToken: isOwn ? idToken : null };
}

async function refresh(jar: CookieJar, state: RefreshState, stored: Authentication): Promise<Authentication> {
  const { refreshToken, expiresAt, signIn } = state;
  try {
    const tokens = await refreshOnce(refreshToken, jar.config, stored.status !== "signed_in");
    checkContinuation(tokens, signIn);
    return await storeTokens(jar, tokens, { ...state, refreshToken: tokens.refreshToken ?? refreshToken }, "refreshed");
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const { code, message: detail, isBadCredential } = error;
    const event = { type: "refresh_failed", code, detail, isSessionKept: !isBadCredential } as const;
    if (!isBadCredential)
      return stored.status === "signed_in" ? { ...stored, event } : { status: "unknown", error, event };
    // Nothing is deleted: whoever won a race for this refresh token has just stored a good session in this browser.
    const cookies = await addEnded(jar, await tokenKey(refreshToken), expiresAt);
    return { status: "signed_out", error, event, cookies };
  }
}

/** The session that verified tokens make, with the cookies that hold it. Throws `session_too_large`. */
export async function storeTokens(
  jar: CookieJar,
  tokens: IssuedTokens,
  state: RefreshState | null,
  type: "signed_in" | "refreshed",
): Promise<SignedIn> {
  const { cookies, isIdTokenDropped } = await createSessionCookies(jar, tokens, state);
  const { accessToken, accessClaims, idClaims } = tokens;
  const idToken = isIdTokenDropped ? null : tokens.idToken;
  const session = createSession(accessClaims, isIdTokenDropped ? null : idClaims, "cookie");
  const event = { type, subject: await fingerprint(accessClaims.iss, accessClaims.sub), isIdTokenDropped };
  return { status: "signed_in", session, accessToken, idToken, cookies, event };
}
