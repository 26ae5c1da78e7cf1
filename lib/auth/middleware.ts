// The door for middleware.ts or proxy.ts: the session of a request, and the answers that middleware can give.
import { type NextRequest, NextResponse } from "next/server";
import { getConfig } from "./config";
import { authenticate } from "./core/authenticate";
import { emitAll, type Missing } from "./core/base/events";
import { isKitRoute } from "./core/base/paths";
import { type Forwarded, forwardedHeaders, isResponse, joinResponses, keepAddress } from "./core/http/compose";
import { CookieJar } from "./core/http/cookie-jar";
import { markOutage } from "./core/http/cookies";
import { isForged } from "./core/http/request";
import { KIT_ROUTE_HEADERS, PERSONAL_HEADERS, unknownAddress } from "./core/http/responses";
import type { Authentication } from "./core/session/authentication";
import { isMachine, type Session } from "./core/session/session";
import { isRecent } from "./core/tokens/issued-tokens";
import { report } from "./events";
import { challenge, reject, toNextResponse } from "./rejections";
import { sessions } from "./sessions";

export { isRecent };

/** The session of a request, and the answers that middleware can give. */
export interface RequestAuth {
  /** Null for a visitor, for a machine, and when the session cannot be checked: `challenge` answers each as it must. */
  readonly session: Session | null;
  /**
   * Lets the request through. The page behind it sees a session that was refreshed just now. Shared caches may keep the
   * answer only for a visitor who sent none of the kit's cookies.
   *
   * `from` can be request headers to forward instead of the request's own, for example with a nonce for the CSP. Or it
   * is another middleware's response: its redirect, rewrite, headers and cookies are kept.
   */
  next(from?: Headers | Response): NextResponse;
  /**
   * Asks for a sign-in: 303 for a page load, else 401. A machine gets 403. 503 when the session cannot be checked. With
   * `maxAuthAge` it asks a signed-in user for a new sign-in: call it when `isRecent` returns false.
   */
  challenge(missing?: Missing): NextResponse;
  /** Rejects a signed-in user with 403; a page load sees the error page. Event and WWW-Authenticate repeat `missing`. */
  forbid(missing?: Missing): NextResponse;
}

/**
 * Verifies the session of a request, by Bearer token or by cookie. Refreshes it when its access token has expired or is
 * about to. Rejects requests of other sites that have session cookies and could change something. Leaves the session of
 * the kit's own routes to them. Throws only `config_invalid`.
 */
export async function authenticateRequest(request: NextRequest): Promise<RequestAuth> {
  const config = getConfig(request.headers);
  if (!config) return sameAnswer(() => toNextResponse(unknownAddress()));
  const { pathname } = request.nextUrl;
  const jar = new CookieJar(request.headers, config);
  if (isKitRoute(pathname)) {
    return sameAnswer((from) => forward(request, jar, keepAddress(from, pathname, request.url), KIT_ROUTE_HEADERS));
  }
  if (isForged(request, jar)) return sameAnswer(() => reject(request, config, { status: 403, reason: "cross_site" }));
  const auth = await authenticate(sessions, request.headers, jar, { refresh: "due" });
  emitAll(report, config, pathname, auth.events);
  // `response.cookies.set()` loses cookies that were added after the NextResponse was made. So a new one is made.
  const finish = (response: NextResponse) =>
    jar.changes.length > 0 ? toNextResponse(jar.applyTo(response)) : response;
  return {
    session: auth.status === "signed_in" && !isMachine(auth.session) ? auth.session : null,
    next: (from) => finish(passOn(request, auth, jar, from)),
    challenge: (missing) => finish(challenge(request, config, auth, missing)),
    forbid: (missing) => finish(reject(request, config, { status: 403, reason: "forbidden", missing })),
  };
}

/** Has no session, and the same answer to all three calls. */
function sameAnswer(next: RequestAuth["next"]): RequestAuth {
  return { session: null, next, challenge: () => next(), forbid: () => next() };
}

function passOn(request: NextRequest, auth: Authentication, jar: CookieJar, from: Forwarded): NextResponse {
  const forwarded = jar.clone();
  if (auth.status === "unknown") markOutage(forwarded);
  return forward(request, forwarded, from, sentNoKitCookie(auth, jar) ? {} : PERSONAL_HEADERS);
}

function forward(request: NextRequest, jar: CookieJar, from: Forwarded, headers: Record<string, string>): NextResponse {
  const forwarded = forwardedHeaders(request.headers, jar, from);
  const ours = NextResponse.next({ headers, ...(forwarded && { request: { headers: forwarded } }) });
  return isResponse(from) ? toNextResponse(joinResponses(from, ours.headers, jar.config.cookiePrefix)) : ours;
}

/** Whether this is a visitor without any cookie of the kit. The page is the same for all of them. */
function sentNoKitCookie(auth: Authentication, jar: CookieJar): boolean {
  return auth.status === "signed_out" && !auth.error && jar.isEmpty;
}
