import { type NextRequest, NextResponse } from "next/server";
import { type Authentication, authenticate } from "./core/authenticate";
import { type Forwarded, forwardedHeaders, isResponse, joinResponses, keepAddress } from "./core/compose";
import { type AuthConfig, getConfig, keepsRewriteStatus } from "./core/config";
import { type Cookie, cookieName, readCookieJar } from "./core/cookies";
import type { AuthErrorCode } from "./core/errors";
import { isCrossSite, isSafeMethod, readBearer, requestKind } from "./core/navigation";
import { isKitRoute, KIT_PATHS } from "./core/paths";
import {
  bare,
  bearerChallenge,
  errorPath,
  HEADERS,
  NO_STORE,
  problem,
  redirectTo,
  refusalPage,
  setCookies,
} from "./core/responses";
import { isMachine, type Session } from "./core/session";
import { report } from "./events";

/**
 * For answers that depend on who asks. SameSite=Lax cookies reach a frame in a page of a sub-domain, so that page must
 * not frame ours. A CSP with frame-ancestors takes the place of this header.
 */
const PERSONAL = { "cache-control": NO_STORE, "x-frame-options": "SAMEORIGIN" };
const KIT_ROUTE = { ...HEADERS, "x-frame-options": "DENY" };

/** For deletions: NextResponse loses `Max-Age=0` when the app sets a cookie of its own. */
const EXPIRED = "; Expires=Thu, 01 Jan 1970 00:00:00 GMT";

/** Who sends a request, and the answers that middleware can give. */
export interface RequestAuth {
  /** Null when nobody is signed in, and when that cannot be told: `challenge` knows the difference. */
  readonly session: Session | null;
  /**
   * Lets the request through. What renders it sees a session refreshed just now; no shared cache keeps the answer.
   * `from`: request headers to forward instead of the request's own, such as these with a nonce for the CSP; or the
   * response of another middleware, whose redirect, rewrite, headers and cookies are kept.
   */
  next(from?: Headers | Response): NextResponse;
  /** Asks for a sign-in: 303 for a page load, 401 for all else, 503 when Cognito or its keys are out of reach. */
  challenge(): NextResponse;
  /** Refuses somebody who is signed in: 403, which a page load sees as the error page. */
  forbid(): NextResponse;
}

/**
 * Verifies the session of a request, by Bearer token or by cookie, and refreshes it when its access token has expired
 * or will within a minute. For the kit's own routes it does nothing: they do. Throws only `config_invalid`.
 */
export async function authenticateRequest(request: NextRequest): Promise<RequestAuth> {
  const config = getConfig();
  const { pathname } = request.nextUrl;
  if (isKitRoute(pathname))
    return always((from) => forward(request, config, keepAddress(from, pathname, request.url), KIT_ROUTE));
  if (isForged(request, config)) return always(() => refuse(request, 403, "cross_site"));
  const auth = await authenticate(request.headers, config, true);
  if (auth.event) report({ path: pathname, ...auth.event });
  // A NextResponse keeps only the cookies that it was made with when the app calls `response.cookies.set()`.
  const finish = (response: NextResponse) =>
    auth.cookies ? answer(setCookies(response, auth.cookies, EXPIRED)) : response;
  return {
    session: auth.status === "signed_in" && !isMachine(auth.session) ? auth.session : null,
    next: (from) => finish(passOn(request, auth, config, from)),
    challenge: () => finish(challenge(request, auth)),
    forbid: () => finish(refuse(request, 403, "forbidden")),
  };
}

function always(next: RequestAuth["next"]): RequestAuth {
  return { session: null, next, challenge: () => next(), forbid: () => next() };
}

function passOn(request: NextRequest, auth: Authentication, config: AuthConfig, from: Forwarded): NextResponse {
  // A handler behind us cannot tell "no session" from "Cognito did not answer", unless it is told.
  const outage = { name: cookieName(config, "outage"), value: "1", maxAge: 1 };
  const cookies = auth.status === "unknown" ? [outage] : (auth.cookies ?? []);
  return forward(request, config, from, isAnonymous(request, auth, config) ? {} : PERSONAL, cookies);
}

function forward(
  request: NextRequest,
  config: AuthConfig,
  from: Forwarded,
  headers: Record<string, string>,
  cookies: readonly Cookie[] = [],
): NextResponse {
  const forwarded = forwardedHeaders(request.headers, cookies, from);
  const ours = NextResponse.next({ headers, ...(forwarded && { request: { headers: forwarded } }) });
  return isResponse(from) ? answer(joinResponses(from, ours.headers, config.cookiePrefix)) : ours;
}

/** Nobody, and no trace of anybody: what is rendered is the same for all of them. */
function isAnonymous({ headers }: NextRequest, auth: Authentication, config: AuthConfig): boolean {
  return auth.status === "signed_out" && !auth.error && readCookieJar(headers, config).values.size === 0;
}

function challenge(request: NextRequest, auth: Authentication): NextResponse {
  if (auth.status === "unknown") return refuse(request, 503, auth.error.code);
  if (auth.status === "signed_in") return refuse(request, 403, "forbidden"); // A machine, where a user is asked for.
  return refuse(request, 401, auth.error?.code ?? "anonymous");
}

/** 401 sends a page load to sign-in; 403 and 503 show it the error page where it wanted to be. */
function refuse(request: NextRequest, status: 401 | 403 | 503, reason: AuthErrorCode | "anonymous"): NextResponse {
  const { method, headers, nextUrl } = request;
  const kind = requestKind(headers);
  report({ type: "refused", path: nextUrl.pathname, kind, reason });
  if (kind === "action") return answer(bare(status));
  const isBadBearer = reason !== "anonymous" && readBearer(headers) !== null;
  if (kind !== "document") return answer(problem(status, status === 401 ? bearerChallenge(isBadBearer) : undefined));
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

/** Whether another site made the browser send this, with cookies of the kit's. */
function isForged(request: NextRequest, config: AuthConfig): boolean {
  if (isSafeMethod(request.method) || readBearer(request.headers) !== null) return false;
  const { values } = readCookieJar(request.headers, config);
  return (
    isCrossSite(request.headers, config.origin) && [...values.keys()].some((name) => /\.(access|refresh)\b/.test(name))
  );
}

function answer(response: Response): NextResponse {
  return new NextResponse(response.body, response);
}
