// The door for middleware.ts or proxy.ts: who sends the request, and the answers that middleware can give.
import { type NextRequest, NextResponse } from "next/server";
import { authenticate } from "./core/authenticate";
import { getConfig } from "./core/base/config";
import type { AuthErrorCode } from "./core/base/errors";
import { emit, emitAll, type Missing } from "./core/base/events";
import { isKitRoute, KIT_PATHS } from "./core/base/paths";
import { type Forwarded, forwardedHeaders, isResponse, joinResponses, keepAddress } from "./core/http/compose";
import { CookieJar } from "./core/http/cookie-jar";
import { cookieName, hasSessionCookie } from "./core/http/cookies";
import { isCrossSite, isSafeMethod, readBearer, requestKind } from "./core/http/request";
import {
  bare,
  challengeLine,
  errorPath,
  HEADERS,
  NO_STORE,
  problem,
  redirectTo,
  refusalPage,
} from "./core/http/responses";
import type { Authentication } from "./core/session/authentication";
import { isMachine, type Session } from "./core/session/session";
import { report } from "./events";

/**
 * For answers that depend on who asks. SameSite=Lax cookies reach a frame in a page of a sub-domain, so that page must
 * not frame ours. A CSP with frame-ancestors takes the place of this header.
 */
const PERSONAL = { "cache-control": NO_STORE, "x-frame-options": "SAMEORIGIN" };
const KIT_ROUTE = { ...HEADERS, "x-frame-options": "DENY" };

/** Under `cacheComponents` a rewritten page loses its status. Next inlines this variable at build time. */
const keepsRewriteStatus = !process.env.__NEXT_CACHE_COMPONENTS;

/** The sender of a request, and the answers that middleware can give. */
export interface RequestAuth {
  /** Null when nobody is signed in, and when that cannot be told: `challenge` knows the difference. */
  readonly session: Session | null;
  /**
   * Lets the request through. The page behind it sees a session that was refreshed just now. No shared cache keeps the
   * answer. `from` is either a list of request headers to forward instead of the request's own, for example with a nonce
   * for the CSP; or the response of another middleware, whose redirect, rewrite, headers and cookies are kept.
   */
  next(from?: Headers | Response): NextResponse;
  /** Asks for a sign-in: 303 for a page load, 401 for all else, 503 when Cognito or its keys are not available. */
  challenge(): NextResponse;
  /**
   * Rejects a signed-in user with 403; a page load sees the error page. `missing` names the groups or scopes that were
   * asked for: the event and WWW-Authenticate repeat them.
   */
  forbid(missing?: Missing): NextResponse;
}

/**
 * Verifies the session of a request, by Bearer token or by cookie, and refreshes it when its access token has expired
 * or is about to. For the kit's own routes it does nothing: they read the session. Throws only `config_invalid`.
 */
export async function authenticateRequest(request: NextRequest): Promise<RequestAuth> {
  const config = getConfig();
  const { pathname } = request.nextUrl;
  const jar = new CookieJar(request.headers, config);
  if (isKitRoute(pathname)) {
    return always((from) => forward(request, jar, keepAddress(from, pathname, request.url), KIT_ROUTE));
  }
  if (isForged(request, jar)) return always(() => refuse(request, 403, "cross_site"));
  const auth = await authenticate(request.headers, jar, { refresh: "due" });
  emitAll(report, pathname, auth);
  // A NextResponse keeps only the cookies that it was made with when the app calls `response.cookies.set()`.
  const finish = (response: NextResponse) => (jar.changes.length > 0 ? answer(jar.applyTo(response)) : response);
  return {
    session: auth.status === "signed_in" && !isMachine(auth.session) ? auth.session : null,
    next: (from) => finish(passOn(request, auth, jar, from)),
    challenge: () => finish(challenge(request, auth)),
    forbid: (missing) => finish(refuse(request, 403, "forbidden", missing)),
  };
}

function always(next: RequestAuth["next"]): RequestAuth {
  return { session: null, next, challenge: () => next(), forbid: () => next() };
}

function passOn(request: NextRequest, auth: Authentication, jar: CookieJar, from: Forwarded): NextResponse {
  const forwarded = jar.clone();
  // A handler behind middleware must know that Cognito did not answer, or it would take the sender for anonymous.
  if (auth.status === "unknown") forwarded.set({ name: cookieName(jar.config, "outage"), value: "1", maxAge: 1 });
  return forward(request, forwarded, from, isAnonymous(auth, jar) ? {} : PERSONAL);
}

function forward(request: NextRequest, jar: CookieJar, from: Forwarded, headers: Record<string, string>): NextResponse {
  const forwarded = forwardedHeaders(request.headers, jar, from);
  const ours = NextResponse.next({ headers, ...(forwarded && { request: { headers: forwarded } }) });
  return isResponse(from) ? answer(joinResponses(from, ours.headers, jar.config.cookiePrefix)) : ours;
}

/** Nobody, and no trace of anybody: what is rendered is the same for all of them. */
function isAnonymous(auth: Authentication, jar: CookieJar): boolean {
  return auth.status === "signed_out" && !auth.error && jar.isEmpty;
}

function challenge(request: NextRequest, auth: Authentication): NextResponse {
  if (auth.status === "unknown") return refuse(request, 503, auth.error.code);
  if (auth.status === "signed_in") return refuse(request, 403, "forbidden", { user: true }); // It is a machine.
  return refuse(request, 401, auth.error?.code ?? "anonymous");
}

/** 401 sends a page load to sign-in; 403 and 503 show it the error page where it wanted to be. */
function refuse(
  request: NextRequest,
  status: 401 | 403 | 503,
  reason: AuthErrorCode | "anonymous",
  missing?: Missing,
): NextResponse {
  const { method, headers, nextUrl } = request;
  const kind = requestKind(headers);
  emit(report, { type: "refused", path: nextUrl.pathname, kind, reason, ...(missing && { missing }) });
  if (kind === "action") return answer(bare(status));
  const isBadBearer = reason !== "anonymous" && readBearer(headers) !== null;
  if (kind !== "document") return answer(problem(status, challengeLine(status, isBadBearer, missing)));
  const { pathname, search } = new URL(request.url);
  const returnTo = isSafeMethod(method) ? pathname + search : pathname; // A form's body cannot come back.
  if (status === 401)
    return answer(redirectTo(`${getConfig().baseUrl}${KIT_PATHS.login}?${new URLSearchParams({ returnTo })}`));
  return isSafeMethod(method) && reason !== "anonymous"
    ? showError(request, status, reason, returnTo)
    : answer(bare(status));
}

function showError(request: NextRequest, status: 403 | 503, code: AuthErrorCode, returnTo: string): NextResponse {
  if (!keepsRewriteStatus) return answer(refusalPage(status, request.nextUrl.basePath));
  const page = request.nextUrl.clone(); // Keeps basePath.
  [page.pathname = "", page.search = ""] = errorPath(code, returnTo).split("?");
  return NextResponse.rewrite(page, { status, headers: bare(status).headers });
}

/** Whether another site made the browser send this, with the cookies of a session. */
function isForged({ method, headers }: NextRequest, jar: CookieJar): boolean {
  if (isSafeMethod(method) || readBearer(headers) !== null) return false;
  return isCrossSite(headers, jar.config.origin) && hasSessionCookie(jar);
}

function answer(response: Response): NextResponse {
  return new NextResponse(response.body, response);
}
