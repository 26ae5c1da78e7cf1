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
import { report } from "@/lib/auth/events";
import { sessionChanges } from "@/lib/auth/sessions";

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

/** If Cognito is down, the user is still signed out here. A store that is down must end the session first: 503. */
async function signOut(request: Request, config: AuthConfig): Promise<Response> {
  const jar = new CookieJar(request.headers, config);
  const ended = await sessionChanges.end(jar).catch((error: unknown) => {
    if (error instanceof AuthError && error.status === 503) return error;
    throw error;
  });
  if (ended instanceof AuthError)
    return page(503, "Not possible now", "<p>You are still signed in. Try again soon.</p>");
  const subject = ended && (await fingerprint(ended.signIn.iss, ended.signIn.sub));
  const { pathname: path } = new URL(request.url);
  emit(report, config, { type: "signed_out", path, subject, isRevoked: ended?.isRevoked ?? false });
  const query = new URLSearchParams({ client_id: config.clientId, logout_uri: config.baseUrl });
  return redirectTo(`${config.domain}/logout?${query}`, jar);
}
