// The door for middleware.ts or proxy.ts: the session of a request, and the answers that middleware can give.
import { type NextRequest, NextResponse } from "next/server";
import { authenticate } from "./core/authenticate";
import { getConfig } from "./core/base/config";
import { emitAll, type Missing } from "./core/base/events";
import { isKitRoute, KIT_PATHS } from "./core/base/paths";
import { type Forwarded, forwardedHeaders, isResponse, joinResponses, keepAddress } from "./core/http/compose";
import { CookieJar } from "./core/http/cookie-jar";
import { markOutage } from "./core/http/cookies";
import { problem, type Rejection, rejectionFor, reportRejection } from "./core/http/rejection";
import { isForged, isSafeMethod, requestKind } from "./core/http/request";
import {
  emptyResponse,
  errorQuery,
  KIT_ROUTE_HEADERS,
  PERSONAL_HEADERS,
  redirectTo,
  rejectionPage,
  signInPath,
} from "./core/http/responses";
import type { Authentication } from "./core/session/authentication";
import { isMachine, type Session } from "./core/session/session";
import { isRecent } from "./core/tokens/issued-tokens";
import { report } from "./events";

export { isRecent };

/** Under `cacheComponents` a rewritten page loses its status. Next inlines this variable at build time. */
const keepsRewriteStatus = !process.env.__NEXT_CACHE_COMPONENTS;

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
  const { pathname } = request.nextUrl;
  const jar = new CookieJar(request.headers, config);
  if (isKitRoute(pathname)) {
    return sameAnswer((from) => forward(request, jar, keepAddress(from, pathname, request.url), KIT_ROUTE_HEADERS));
  }
  if (isForged(request, jar)) return sameAnswer(() => reject(request, { status: 403, reason: "cross_site" }));
  const auth = await authenticate(request.headers, jar, { refresh: "due" });
  emitAll(report, pathname, auth.events);
  // `response.cookies.set()` loses cookies that were added after the NextResponse was made. So a new one is made.
  const finish = (response: NextResponse) =>
    jar.changes.length > 0 ? toNextResponse(jar.applyTo(response)) : response;
  return {
    session: auth.status === "signed_in" && !isMachine(auth.session) ? auth.session : null,
    next: (from) => finish(passOn(request, auth, jar, from)),
    challenge: (missing) => finish(challenge(request, auth, missing)),
    forbid: (missing) => finish(reject(request, { status: 403, reason: "forbidden", missing })),
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

function challenge(request: NextRequest, auth: Authentication, missing?: Missing): NextResponse {
  switch (auth.status) {
    case "unknown":
      return reject(request, { status: 503, reason: auth.error.code });
    case "signed_in":
      return isMachine(auth.session) || missing?.maxAuthAge === undefined
        ? reject(request, rejectionFor({ user: true }))
        : reject(request, rejectionFor(missing));
    case "signed_out":
      return reject(request, { status: 401, reason: auth.error?.code ?? "anonymous" });
  }
}

/** Rejects a request with an answer that its sender understands. */
function reject(request: NextRequest, rejection: Rejection): NextResponse {
  const { headers, nextUrl } = request;
  reportRejection(report, nextUrl.pathname, headers, rejection);
  switch (requestKind(headers)) {
    case "document":
      return rejectPageLoad(request, rejection);
    case "action": // Next would forward a rewritten action.
      return toNextResponse(emptyResponse(rejection.status));
    default:
      return toNextResponse(problem(headers, rejection));
  }
}

/**
 * A 401 redirects to sign-in. A 403 or 503 shows the error page at the address of the request; a POST gets no body, and
 * with `cacheComponents` the page is a small one.
 */
function rejectPageLoad(request: NextRequest, { status, reason, missing }: Rejection): NextResponse {
  const { headers, method, url } = request;
  const { pathname, search } = new URL(url);
  const isSafe = isSafeMethod(method);
  const returnTo = isSafe ? pathname + search : pathname; // A form's body cannot come back.
  if (status === 401) {
    const { baseUrl } = getConfig(headers);
    return toNextResponse(redirectTo(baseUrl + signInPath(returnTo, missing?.maxAuthAge)));
  }
  if (!isSafe || reason === "anonymous") return toNextResponse(emptyResponse(status));
  if (!keepsRewriteStatus) return toNextResponse(rejectionPage(status, request.nextUrl.basePath));
  const page = request.nextUrl.clone(); // Keeps basePath.
  page.pathname = KIT_PATHS.error;
  page.search = errorQuery(reason, returnTo);
  return NextResponse.rewrite(page, { status, headers: emptyResponse(status).headers });
}

function toNextResponse(response: Response): NextResponse {
  return new NextResponse(response.body, response);
}
