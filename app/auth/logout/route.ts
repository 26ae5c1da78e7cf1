// POST /auth/logout: ends the session here and at Cognito. A link on a page of this app may do so too.
import { authenticate } from "@/lib/auth/core/authenticate";
import { type AuthConfig, getConfig } from "@/lib/auth/core/base/config";
import { emit } from "@/lib/auth/core/base/events";
import { fingerprint } from "@/lib/auth/core/base/hash";
import { KIT_PATHS } from "@/lib/auth/core/base/paths";
import { CookieJar } from "@/lib/auth/core/http/cookie-jar";
import { isCrossSite, isPrefetch, requestKind } from "@/lib/auth/core/http/request";
import { emptyResponse, page, redirectTo } from "@/lib/auth/core/http/responses";
import { markEnded } from "@/lib/auth/core/session/ended";
import { readRefreshState } from "@/lib/auth/core/session/refresh-cookie";
import { deleteSession } from "@/lib/auth/core/session/session-cookies";
import { revokeWithSuccessors } from "@/lib/auth/core/tokens/revocation";
import { report } from "@/lib/auth/events";

export async function POST(request: Request): Promise<Response> {
  const config = getConfig();
  return isCrossSite(request.headers, config.origin) ? emptyResponse(403) : signOut(request, config);
}

export async function GET(request: Request): Promise<Response> {
  if (isPrefetch(request.headers) || requestKind(request.headers) !== "document") return emptyResponse(403);
  const config = getConfig();
  // Only Fetch Metadata proves that the link is on a page of this app. A typed address gets a button instead.
  if (request.headers.get("sec-fetch-site") === "same-origin") return signOut(request, config);
  const form = `<form method="post" action="${config.basePath}${KIT_PATHS.logout}"><button>Sign out</button></form>`;
  return page(403, "Sign out?", form, config.domain);
}

export function HEAD(): Response {
  return emptyResponse(405, { allow: "GET, POST" });
}

/** The sign-in of an access token without a readable refresh cookie: it can be used until it expires. */
async function readAccessFacts(jar: CookieJar) {
  const auth = await authenticate(new Headers(), jar, { refresh: "never" });
  return auth.status === "signed_in" ? { signIn: auth.session.claims, expiresAt: auth.session.expiresAt } : null;
}

/** If Cognito is down, the user is still signed out here. */
async function signOut(request: Request, config: AuthConfig): Promise<Response> {
  const jar = new CookieJar(request.headers, config);
  const state = await readRefreshState(jar);
  const isRevoked = state !== null && (await revokeWithSuccessors(state, config));
  const ended = state ?? (await readAccessFacts(jar));
  const subject = ended && (await fingerprint(ended.signIn.iss, ended.signIn.sub));
  emit(report, { type: "signed_out", path: new URL(request.url).pathname, subject, isRevoked });

  deleteSession(jar);
  if (ended) await markEnded(jar, ended.signIn, ended.expiresAt);
  const query = new URLSearchParams({ client_id: config.clientId, logout_uri: config.baseUrl });
  return redirectTo(`${config.domain}/logout?${query}`, jar);
}
