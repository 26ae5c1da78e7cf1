// GET /auth/login?returnTo=/path: starts a sign-in at Cognito, or goes straight back when there is a session.
import { authenticate } from "@/lib/auth/core/authenticate";
import { createAuthorizationRequest, readLink } from "@/lib/auth/core/authorization";
import { getConfig } from "@/lib/auth/core/config";
import { readCookieJar } from "@/lib/auth/core/cookies";
import { isPrefetch, requestKind, safeReturnTo } from "@/lib/auth/core/navigation";
import { bare, errorPath, page, redirectTo } from "@/lib/auth/core/responses";
import { countRound } from "@/lib/auth/core/session-cookies";
import { report } from "@/lib/auth/events";

const MAX_ROUNDS = 3;

export async function GET(request: Request): Promise<Response> {
  const { pathname: path, searchParams: link } = new URL(request.url);
  const config = getConfig(); // After a look at the request: Next then knows not to prerender, and a build needs no variables.
  // Only somebody who loads a page starts a sign-in: a fetch cannot show Cognito's page, a prefetch changes nothing.
  if (requestKind(request.headers) !== "document" || isPrefetch(request.headers)) return bare(401);
  const returnTo = safeReturnTo(link.getAll("returnTo"), config);
  const jar = readCookieJar(request.headers, config);

  // A browser that loses the session's cookies, or a page that refuses everybody, would go round for ever.
  const { rounds, cookies: counted } = await countRound(jar, returnTo);
  if (rounds > MAX_ROUNDS) {
    report({ type: "sign_in_failed", path, code: "sign_in_loop", detail: `${rounds} rounds within a minute` });
    return redirectTo(config.baseUrl + errorPath("sign_in_loop", returnTo));
  }

  // Whoever has a session, or can have it refreshed, needs no sign-in; whose session cannot be judged gets no new one.
  // Who is back at once was refused by a process that knows the keys better than this one; unless another site sends
  // them, which could so spend their refresh tokens.
  const isDoubted = rounds > 1 && /^(none|same-origin)$/.test(request.headers.get("sec-fetch-site") ?? "");
  const auth = readLink(link).prompt ? null : await authenticate(request.headers, config, true, isDoubted);
  if (auth?.event) report({ path, ...auth.event });
  if (auth?.status === "signed_in") return redirectTo(config.origin + returnTo, counted, auth.cookies);
  if (auth?.status === "unknown")
    return page(503, "Sign-in is out of reach", "<p>Your session is kept. Try again soon.</p>");
  const { location, cookies } = await createAuthorizationRequest(jar, returnTo, link);
  return redirectTo(location, counted, cookies, auth?.cookies);
}

export function HEAD(): Response {
  return bare(405, { allow: "GET" });
}
