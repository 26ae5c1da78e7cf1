// The session that cookies hold: read and verified, or written from new tokens.

import { AuthError } from "../base/errors";
import type { SessionEvent } from "../base/events";
import { fingerprint } from "../base/hash";
import type { CookieJar } from "../http/cookie-jar";
import { readCookie } from "../http/cookies";
import type { AccessTokenClaims, IdTokenClaims } from "../tokens/claims";
import { type IssuedTokens, isSameSignIn } from "../tokens/issued-tokens";
import { verifyAccessToken, verifyIdToken } from "../tokens/verify";
import type { SignedIn, SignedOut } from "./authentication";
import { hasEnded } from "./ended";
import { createSession, isMachine } from "./session";
import { type RefreshFacts, writeSessionCookies } from "./session-cookies";

/** The session of the access token cookie. Throws as verifyAccessToken does, also when the session has ended. */
export async function readSession(jar: CookieJar): Promise<SignedIn | SignedOut> {
  const accessToken = await readCookie(jar, "access");
  if (!accessToken) return { status: "signed_out", error: null };
  const claims = await verifyAccessToken(accessToken, jar.config, [jar.config.clientId]);
  if (await hasEnded(jar, claims)) throw new AuthError("token_invalid", "The session ended");
  const { idToken, idClaims, events } = await readIdToken(jar, claims);
  const session = createSession(claims, idClaims, "cookie");
  if (isMachine(session)) throw new AuthError("token_invalid", "The token is a machine's");
  return { status: "signed_in", session, accessToken, idToken, events };
}

interface StoredIdToken {
  readonly idToken: string | null;
  readonly idClaims: IdTokenClaims | null;
  readonly events: readonly SessionEvent[];
}

/** The ID token of the same sign-in as the access token. A bad one is left out and reported. */
async function readIdToken(jar: CookieJar, claims: AccessTokenClaims): Promise<StoredIdToken> {
  const idToken = await readCookie(jar, "id");
  if (!idToken) return { idToken: null, idClaims: null, events: [] };
  try {
    const idClaims = await verifyIdToken(idToken, jar.config);
    if (!isSameSignIn(idClaims, claims)) throw new AuthError("token_invalid", "The ID token is of another sign-in");
    return { idToken, idClaims, events: [] };
  } catch (error) {
    if (!(error instanceof AuthError && error.isBadCredential)) throw error;
    const { code, message: detail } = error;
    return { idToken: null, idClaims: null, events: [{ type: "id_token_dropped", code, detail }] };
  }
}

/** Writes verified tokens to the jar and returns their session. Throws `session_too_large`. */
export async function storeTokens(
  jar: CookieJar,
  tokens: IssuedTokens,
  state: RefreshFacts | null,
  type: "signed_in" | "refreshed",
): Promise<SignedIn> {
  const { isIdTokenDropped } = await writeSessionCookies(jar, tokens, state);
  const { accessToken, accessClaims, idClaims } = tokens;
  const idToken = isIdTokenDropped ? null : tokens.idToken;
  const session = createSession(accessClaims, isIdTokenDropped ? null : idClaims, "cookie");
  const subject = await fingerprint(accessClaims.iss, accessClaims.sub);
  return { status: "signed_in", session, accessToken, idToken, events: [{ type, subject, isIdTokenDropped }] };
}
