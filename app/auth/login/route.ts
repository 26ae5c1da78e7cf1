// GET /auth/login?returnTo=/path: starts a sign-in at Cognito, or returns to the path when there is a session.
import { authenticate } from "@/lib/auth/core/authenticate";
import { getConfig } from "@/lib/auth/core/base/config";
import { emit, emitAll } from "@/lib/auth/core/base/events";
import { CookieJar } from "@/lib/auth/core/http/cookie-jar";
import { isPrefetch, requestKind } from "@/lib/auth/core/http/request";
import { emptyResponse, errorPath, page, redirectTo } from "@/lib/auth/core/http/responses";
import { safeReturnTo } from "@/lib/auth/core/http/return-to";
import { createAuthorizationRequest, readLink } from "@/lib/auth/core/sign-in/authorization";
import { countRound } from "@/lib/auth/core/sign-in/rounds";
import { report } from "@/lib/auth/events";

const MAX_ROUNDS = 3;

export async function GET(request: Request): Promise<Response> {
  const { pathname: path, searchParams: link } = new URL(request.url);
  const config = getConfig(); // After a look at the request: Next then does not prerender, so a build needs no variables.
  // Only a page load can show Cognito's page, and a prefetch must change nothing.
  if (requestKind(request.headers) !== "document" || isPrefetch(request.headers)) return emptyResponse(401);
  const returnTo = safeReturnTo(link.getAll("returnTo"), config);
  const jar = new CookieJar(request.headers, config);

  // A browser that loses the session cookies, or a page that rejects every session, would be redirected without end.
  const rounds = await countRound(jar, returnTo);
  if (rounds > MAX_ROUNDS) {
    emit(report, { type: "sign_in_failed", path, code: "sign_in_loop", detail: `${rounds} rounds within a minute` });
    return redirectTo(config.baseUrl + errorPath("sign_in_loop", returnTo)); // Without this visit: the minute does not start anew.
  }

  // On a second visit within a minute, middleware may have rejected a token that this route accepts, because its keys are
  // newer. So refresh anyway, except on navigations from other sites: they could use up the refresh token.
  const isOwnNavigation = /^(none|same-origin)$/.test(request.headers.get("sec-fetch-site") ?? "");
  const refresh = rounds > 1 && isOwnNavigation ? "always" : "due";
  // A prompt asks for Cognito's page, session or not.
  const auth = readLink(link).prompt ? null : await authenticate(request.headers, jar, { refresh });
  emitAll(report, path, auth?.events);
  if (auth?.status === "signed_in") return redirectTo(config.origin + returnTo, jar);
  if (auth?.status === "unknown") {
    return page(503, "Sign-in is not available", "<p>Your session is kept. Try again soon.</p>");
  }
  return redirectTo(await createAuthorizationRequest(jar, returnTo, link), jar);
}

export function HEAD(): Response {
  return emptyResponse(405, { allow: "GET" });
}
