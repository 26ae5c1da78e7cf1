import { type NextRequest, NextResponse } from "next/server";
import { type Authentication, authenticate } from "./core/authenticate";
import { type AuthConfig, getConfig } from "./core/config";
import { applyCookies, cookieName, readCookieJar } from "./core/cookies";
import type { AuthErrorCode } from "./core/errors";
import { isCrossSite, isSafeMethod, readBearer, requestKind } from "./core/navigation";
import { bare, errorPath, NO_STORE, problem, redirectTo, setCookies } from "./core/responses";
import { isMachine, type Session } from "./core/session";
import { report } from "./events";

/** Who sends a request, and the answers that middleware can give. */
export interface RequestAuth {
  /** Null when nobody is signed in, and when that cannot be told: `challenge` knows the difference. */
  readonly session: Session | null;
  /** Lets the request through. What renders it sees a session refreshed just now; no shared cache keeps the answer. */
  next(): NextResponse;
  /** Asks for a sign-in: 303 for a page load, 401 for all else, 503 when Cognito or its keys are out of reach. */
  challenge(): NextResponse;
  /** Refuses somebody who is signed in: 403, which a page load sees as the error page. */
  forbid(): NextResponse;
}

/**
 * Verifies the session of a request, by Bearer token or by cookie, and refreshes it when its access token has expired
 * or will within a minute. Under `/auth` it does nothing: the routes there do. Throws only `config_invalid`.
 */
export async function authenticateRequest(request: NextRequest): Promise<RequestAuth> {
  const config = getConfig();
  const { pathname } = request.nextUrl;
  if (/^\/auth(\/|$)/.test(pathname)) return always(() => NextResponse.next());
  if (isForged(request, config)) return always(() => refuse(request, "cross_site", 403));
  const auth = await authenticate(request.headers, config, true);
  if (auth.event) report({ path: pathname, ...auth.event });
  return {
    session: auth.status === "signed_in" && !isMachine(auth.session) ? auth.session : null,
    next: () => setCookies(passOn(request, auth, config), auth.cookies),
    challenge: () => setCookies(challenge(request, auth, config), auth.cookies),
    forbid: () => setCookies(refuse(request, "forbidden", 403), auth.cookies),
  };
}

function always(next: () => NextResponse): RequestAuth {
  return { session: null, next, challenge: next, forbid: next };
}

function passOn(request: NextRequest, auth: Authentication, config: AuthConfig): NextResponse {
  const jar = readCookieJar(request.headers, config);
  if (auth.status === "signed_out" && !auth.error && jar.values.size === 0) return NextResponse.next();
  // A handler behind us cannot tell "no session" from "Cognito did not answer", unless it is told.
  const outage = { name: cookieName(jar, "outage"), value: "1", maxAge: auth.status === "unknown" ? 1 : 0 };
  const headers = new Headers(request.headers);
  headers.set("cookie", applyCookies(headers.get("cookie"), [...(auth.cookies ?? []), outage]));
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("cache-control", NO_STORE);
  return response;
}

function challenge(request: NextRequest, auth: Authentication, config: AuthConfig): NextResponse {
  if (auth.status === "unknown") return refuse(request, auth.error.code, 503);
  if (auth.status === "signed_in") return refuse(request, "forbidden", 403); // A machine, where a user is asked for.
  const kind = requestKind(request.method, request.headers);
  report({ type: "refused", path: request.nextUrl.pathname, kind, reason: auth.error?.code ?? "anonymous" });
  if (kind === "action") return answer(bare(401));
  const isBadBearer = auth.error && readBearer(request.headers) !== null;
  if (kind !== "document") return answer(problem(401, isBadBearer ? 'Bearer error="invalid_token"' : "Bearer"));
  const { pathname, search } = new URL(request.url);
  const returnTo = isSafeMethod(request.method) ? pathname + search : pathname; // A form's body cannot come back.
  return answer(redirectTo(`${config.baseUrl}/auth/login?${new URLSearchParams({ returnTo })}`));
}

/** A page load sees the error page where it wanted to be; all else gets the status. */
function refuse(request: NextRequest, code: AuthErrorCode, status: 403 | 503): NextResponse {
  const kind = requestKind(request.method, request.headers);
  report({ type: "refused", path: request.nextUrl.pathname, kind, reason: code });
  if (kind === "api" || kind === "data") return answer(problem(status));
  if (kind === "action" || !isSafeMethod(request.method)) return answer(bare(status));
  const { pathname, search } = new URL(request.url);
  const page = request.nextUrl.clone(); // Keeps basePath.
  [page.pathname = "", page.search = ""] = errorPath(code, pathname + search).split("?");
  return NextResponse.rewrite(page, { status, headers: bare(status).headers });
}

/** Whether another site made the browser send this, with cookies of the kit's. */
function isForged(request: NextRequest, config: AuthConfig): boolean {
  if (isSafeMethod(request.method) || readBearer(request.headers) !== null) return false;
  return isCrossSite(request.headers, config.origin) && readCookieJar(request.headers, config).values.size > 0;
}

function answer(response: Response): NextResponse {
  return new NextResponse(response.body, response);
}
