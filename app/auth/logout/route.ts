// POST /auth/logout: ends the session here and at Cognito. A link on a page of this app may do so too.
import { getConfig } from "@/lib/auth/config";
import type { AuthConfig } from "@/lib/auth/core/base/config";
import { AuthError } from "@/lib/auth/core/base/errors";
import { emit } from "@/lib/auth/core/base/events";
import { fingerprint } from "@/lib/auth/core/base/hash";
import { KIT_PATHS } from "@/lib/auth/core/base/paths";
import { CookieJar } from "@/lib/auth/core/http/cookie-jar";
import { isCrossSite, isPrefetch, requestKind } from "@/lib/auth/core/http/request";
import { emptyResponse, page, redirectTo, unknownAddress } from "@/lib/auth/core/http/responses";
import { markEnded } from "@/lib/auth/core/session/ended";
import { readRefreshState } from "@/lib/auth/core/session/refresh-cookie";
import { deleteSession, readSession } from "@/lib/auth/core/session/session-cookies";
import { revokeWithSuccessors } from "@/lib/auth/core/tokens/revocation";
import { report } from "@/lib/auth/events";

export async function POST(request: Request): Promise<Response> {
  const config = getConfig(request.headers);
  if (!config) return unknownAddress();
  return isCrossSite(request.headers, config.origin) ? emptyResponse(403) : signOut(request, config);
}

export async function GET(request: Request): Promise<Response> {
  if (isPrefetch(request.headers) || requestKind(request.headers) !== "document") return emptyResponse(403);
  const config = getConfig(request.headers);
  if (!config) return unknownAddress();
  // Only Fetch Metadata proves that the link is on a page of this app. A typed address gets a button instead.
  if (request.headers.get("sec-fetch-site") === "same-origin") return signOut(request, config);
  const form = `<form method="post" action="${config.basePath}${KIT_PATHS.logout}"><button>Sign out</button></form>`;
  return page(403, "Sign out?", form, config.domain);
}

export function HEAD(): Response {
  return emptyResponse(405, { allow: "GET, POST" });
}

/**
 * Returns the sign-in of the access token, for want of a readable refresh cookie. That token works until it expires.
 */
async function readAccessSignIn(jar: CookieJar) {
  try {
    const auth = await readSession(jar);
    return auth.status === "signed_in" ? { signIn: auth.session.claims, sessionEndsAt: auth.session.expiresAt } : null;
  } catch (error) {
    if (error instanceof AuthError) return null;
    throw error;
  }
}

/** If Cognito is down, the user is still signed out here. */
async function signOut(request: Request, config: AuthConfig): Promise<Response> {
  const jar = new CookieJar(request.headers, config);
  const state = await readRefreshState(jar);
  const isRevoked = state !== null && (await revokeWithSuccessors(state, config));
  const ended = state ?? (await readAccessSignIn(jar));
  const subject = ended && (await fingerprint(ended.signIn.iss, ended.signIn.sub));
  emit(report, config, { type: "signed_out", path: new URL(request.url).pathname, subject, isRevoked });

  deleteSession(jar);
  if (ended) await markEnded(jar, ended.signIn, ended.sessionEndsAt);
  const query = new URLSearchParams({ client_id: config.clientId, logout_uri: config.baseUrl });
  return redirectTo(`${config.domain}/logout?${query}`, jar);
}
