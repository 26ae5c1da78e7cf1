import { type NextRequest, NextResponse } from "next/server";
import { authenticate } from "./core/authenticate";
import { getConfig, keepsRewriteStatus } from "./core/config";
import { CookieJar } from "./core/cookie-jar";
import { cookieName, hasSessionCookie } from "./core/cookies";
import type { AuthErrorCode } from "./core/errors";
import { emit, emitAll, type Missing } from "./core/events";
import { isCrossSite, isSafeMethod, readBearer, requestKind } from "./core/navigation";
import { bare, challengeLine, errorPath, HEADERS, NO_STORE, plainPage, problem, redirectTo } from "./core/responses";
import { isMachine, type Session } from "./core/session";
import type { Authentication } from "./core/verdict";
import { report } from "./events";

/** Who sends a request, and the answers that middleware can give. */
export interface RequestAuth {
  /** Null when nobody is signed in, and when that cannot be told: `challenge` knows the difference. */
  readonly session: Session | null;
  /**
   * Lets the request through. What renders it sees a session refreshed just now; no shared cache keeps the answer.
   * `headers`: what it shall see instead of the request's, such as these with a nonce for the CSP.
   */
  next(headers?: Headers): NextResponse;
  /** Asks for a sign-in: 303 for a page load, 401 for all else, 503 when Cognito or its keys are out of reach. */
  challenge(): NextResponse;
  /**
   * Rejects a user who is signed in: 403, which a page load sees as the error page. `missing`: the groups or scopes that
   * were asked for, for the event and for WWW-Authenticate.
   */
  forbid(missing?: Missing): NextResponse;
}

/**
 * Verifies the session of a request, by Bearer token or by cookie, and refreshes it when its access token has expired
 * or will within a minute. For the kit's own routes it does nothing: they do. Throws only `config_invalid`.
 */
export async function authenticateRequest(request: NextRequest): Promise<RequestAuth> {
  const config = getConfig();
  const { pathname } = request.nextUrl;
  if (/^\/auth\/(login|callback|logout|error)\/?$/.test(pathname))
    return always(() => NextResponse.next({ headers: HEADERS }));
  const jar = new CookieJar(request.headers, config);
  if (isForged(request, jar)) return always(() => refuse(request, 403, "cross_site"));
  const auth = await authenticate(request.headers, jar, { refresh: "due" });
  emitAll(report, pathname, auth);
  const finish = (response: NextResponse) => jar.applyTo(response);
  return {
    session: auth.status === "signed_in" && !isMachine(auth.session) ? auth.session : null,
    next: (headers) => finish(passOn(request, auth, jar, headers)),
    challenge: () => finish(challenge(request, auth)),
    forbid: (missing) => finish(refuse(request, 403, "forbidden", missing)),
  };
}

function always(next: () => NextResponse): RequestAuth {
  return { session: null, next, challenge: next, forbid: next };
}

function passOn(request: NextRequest, auth: Authentication, jar: CookieJar, headers?: Headers): NextResponse {
  const forwarded = jar.clone();
  // A handler behind middleware must know that Cognito did not answer, or it would take the sender for anonymous.
  if (auth.status === "unknown") forwarded.set({ name: cookieName(jar.config, "outage"), value: "1", maxAge: 1 });
  const isChanged = headers !== undefined || forwarded.changes.length > 0;
  return NextResponse.next({
    ...(!isAnonymous(auth, jar) && { headers: { "cache-control": NO_STORE } }),
    ...(isChanged && { request: { headers: withCookies(headers ?? request.headers, forwarded) } }),
  });
}

/** Nobody, and no trace of anybody: what is rendered is the same for all of them. */
function isAnonymous(auth: Authentication, jar: CookieJar): boolean {
  return auth.status === "signed_out" && !auth.error && jar.isEmpty;
}

function withCookies(headers: Headers, jar: CookieJar): Headers {
  const copy = new Headers(headers);
  copy.set("cookie", jar.applyToHeader(headers.get("cookie") ?? ""));
  return copy;
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
    return answer(redirectTo(`${getConfig().baseUrl}/auth/login?${new URLSearchParams({ returnTo })}`));
  return isSafeMethod(method) && reason !== "anonymous"
    ? showError(request, status, reason, returnTo)
    : answer(bare(status));
}

function showError(request: NextRequest, status: 403 | 503, code: AuthErrorCode, returnTo: string): NextResponse {
  if (!keepsRewriteStatus) return answer(plainPage(status));
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
