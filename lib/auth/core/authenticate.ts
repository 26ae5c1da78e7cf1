// Authenticates a request: verifies its credential, and refreshes the session when that is due.
import { now } from "./base/clock";
import { AuthError } from "./base/errors";
import type { CookieJar } from "./http/cookie-jar";
import { isOutage } from "./http/cookies";
import { isPrefetch, readBearer, requestKind } from "./http/request";
import type { Authentication } from "./session/authentication";
import { createSession } from "./session/session";
import type { Sessions } from "./session/sessions";
import { verifyAccessToken } from "./tokens/verify";

interface Options {
  /**
   * `never` where no cookie can be set; `due` when the access token has expired or is about to; `always` even before.
   */
  readonly refresh: "never" | "due" | "always";
}

// Seconds before the end of the access token. A page load refreshes early and alone, so the requests that follow it find
// a fresh token.
const REFRESH_AHEAD_S = { document: 60, action: 60, data: 10, api: 10 };

/**
 * Verifies the credential of a request: `Authorization: Bearer` when present, else the session of its cookies. A refresh
 * changes the jar. Throws no AuthError.
 */
export async function authenticate(
  sessions: Sessions,
  headers: Headers,
  jar: CookieJar,
  { refresh }: Options,
): Promise<Authentication> {
  const bearer = readBearer(headers);
  if (bearer !== null) return toAuthentication(authenticateBearer(sessions, bearer, jar));
  const stored = await toAuthentication(sessions.read(jar));
  if (stored.status === "unknown") return stored;
  if (stored.status === "signed_out" && isOutage(jar)) {
    return { status: "unknown", error: new AuthError("token_endpoint_unavailable") };
  }
  if (refresh === "never" || isPrefetch(headers)) return stored;
  const left = secondsLeft(stored);
  const isDue = refresh === "always" || left < REFRESH_AHEAD_S[requestKind(headers)];
  if (!isDue && !(await sessions.mustRefreshEarly(jar, left < REFRESH_AHEAD_S.document))) return stored;
  return sessions.refresh(jar, stored, stored.status === "signed_in" ? "early" : "due");
}

/**
 * Renews the session of the cookies at Cognito, so that its claims are today's. The result is `signed_in` only with new
 * tokens, and `unknown` when Cognito does not answer: the session is kept. Changes the jar. Throws no AuthError.
 */
export async function renew(sessions: Sessions, jar: CookieJar): Promise<Authentication> {
  const stored = await toAuthentication(sessions.read(jar));
  if (stored.status === "unknown") return stored; // New tokens could not be verified either.
  return sessions.refresh(jar, stored, "renewal");
}

function secondsLeft(stored: Authentication): number {
  return stored.status === "signed_in" ? stored.session.expiresAt - now() : 0;
}

async function toAuthentication(result: Promise<Authentication>): Promise<Authentication> {
  try {
    return await result;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return { status: error.isBadCredential ? "signed_out" : "unknown", error };
  }
}

async function authenticateBearer(sessions: Sessions, token: string, jar: CookieJar): Promise<Authentication> {
  const { config } = jar;
  const claims = await verifyAccessToken(token, config, config.bearerClientIds);
  const isForOther = claims.aud !== undefined && config.resource === null;
  if (isForOther)
    throw new AuthError("token_invalid", "The token is bound to a resource, and COGNITO_RESOURCE is not set");
  if (await sessions.hasEnded(claims, jar)) throw new AuthError("token_invalid", "All sessions of the user were ended");
  const session = createSession(claims, null, "bearer", config.tenant);
  return { status: "signed_in", session, accessToken: token, idToken: null };
}
