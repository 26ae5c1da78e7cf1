// The live check: asks Cognito whether the sign-in of a session still exists.
import { AuthError } from "../base/errors";
import type { CookieJar } from "../http/cookie-jar";
import { isLive } from "../tokens/user-info";
import type { Authentication, SignedIn } from "./authentication";
import type { SessionChanges } from "./sessions";

/**
 * Returns `auth` while Cognito accepts its access token, `signed_out` when Cognito rejects it, and `unknown` when Cognito
 * does not answer. A sign-in that Cognito ended ends here, too. The userInfo of another user ends nothing, because it does
 * not prove that the sign-in has ended. Throws no AuthError.
 */
export async function checkLive(changes: SessionChanges, auth: SignedIn, jar: CookieJar): Promise<Authentication> {
  const { session, accessToken } = auth;
  try {
    if (await isLive(accessToken, session.claims, jar.config)) return auth;
    if (session.source === "cookie") await changes.forget(jar, session);
    throw new AuthError("token_invalid", "Cognito has ended this sign-in");
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return { status: error.isBadCredential ? "signed_out" : "unknown", error };
  }
}
