// GET /auth/login?returnTo=/path: starts a sign-in at Cognito, or returns to the path when there is a session.

import { getConfig } from "@/lib/auth/config";
import { authenticate } from "@/lib/auth/core/authenticate";
import { emit, emitAll } from "@/lib/auth/core/base/events";
import { CookieJar } from "@/lib/auth/core/http/cookie-jar";
import { isPrefetch, requestKind } from "@/lib/auth/core/http/request";
import { emptyResponse, errorPath, page, redirectTo, unknownAddress } from "@/lib/auth/core/http/responses";
import { safeReturnTo } from "@/lib/auth/core/http/return-to";
import type { Authentication } from "@/lib/auth/core/session/authentication";
import { createAuthorizationRequest, readLink } from "@/lib/auth/core/sign-in/authorization";
import { countRound } from "@/lib/auth/core/sign-in/rounds";
import { isRecent } from "@/lib/auth/core/tokens/issued-tokens";
import { report } from "@/lib/auth/events";
import { sessions } from "@/lib/auth/sessions";

const MAX_ROUNDS = 3;

export async function GET(request: Request): Promise<Response> {
  const { pathname: path, searchParams: link } = new URL(request.url);
  const config = getConfig(request.headers); // The request comes first: Next then does not prerender this.
  if (!config) return unknownAddress();
  // Only a page load can show Cognito's page, and a prefetch must change nothing.
  if (requestKind(request.headers) !== "document" || isPrefetch(request.headers)) return emptyResponse(401);
  const returnTo = safeReturnTo(link.getAll("returnTo"), config);
  const jar = new CookieJar(request.headers, config);

  // A browser that loses the session cookies, or a page that rejects every session, would be redirected without end.
  const rounds = await countRound(jar, returnTo);
  if (rounds > MAX_ROUNDS) {
    emit(report, config, {
      type: "sign_in_failed",
      path,
      code: "sign_in_loop",
      detail: `${rounds} rounds within a minute`,
    });
    return redirectTo(config.baseUrl + errorPath("sign_in_loop", returnTo)); // Without the jar: this visit does not count.
  }

  const refresh = rounds > 1 && isOwnNavigation(request.headers) ? "always" : "due";
  const { prompt, max_age: maxAge } = readLink(link);
  // A prompt asks for Cognito's page, session or not. With a max_age a recent sign-in is enough.
  const auth = prompt && maxAge === undefined ? null : await authenticate(sessions, request.headers, jar, { refresh });
  emitAll(report, config, path, auth?.events);
  if (isEnough(auth, maxAge)) return redirectTo(config.origin + returnTo, jar);
  if (auth?.status === "unknown") {
    return page(503, "Sign-in is not available", "<p>Your session is kept. Try again soon.</p>");
  }
  return redirectTo(await createAuthorizationRequest(jar, returnTo, link), jar);
}

/**
 * On a second visit within a minute, middleware may have rejected a token that this route accepts, because its keys are
 * newer. So the route refreshes anyway, except on navigations from other sites: they could use up the refresh token.
 */
function isOwnNavigation(headers: Headers): boolean {
  return /^(none|same-origin)$/.test(headers.get("sec-fetch-site") ?? "");
}

/** Whether the user is signed in; with a max_age, only after a recent sign-in. */
function isEnough(auth: Authentication | null, maxAge: string | undefined): boolean {
  if (auth?.status !== "signed_in") return false;
  return maxAge === undefined || isRecent(auth.session.authenticatedAt, Number(maxAge));
}

export function HEAD(): Response {
  return emptyResponse(405, { allow: "GET" });
}
