// The door for route handlers: who may call, and the answers for everybody else.
import { authenticate } from "./core/authenticate";
import { getConfig } from "./core/base/config";
import type { AuthErrorCode } from "./core/base/errors";
import { emit, type Missing } from "./core/base/events";
import { CookieJar } from "./core/http/cookie-jar";
import { isCrossSite, isSafeMethod, readBearer, requestKind } from "./core/http/request";
import { challengeLine, NO_STORE, problem } from "./core/http/responses";
import { findMissing, type Requirement, type Session } from "./core/session/session";
import { report } from "./events";

type Answer = Response | Promise<Response>;

/** The caller of an API: a session, none and why, or the response that rejects the request. */
type Caller = { readonly session: Session } | { readonly session: null; readonly reason: Reason } | Response;

type Reason = AuthErrorCode | "anonymous";

/**
 * Returns a route handler for signed-in callers, by cookie or by `Authorization: Bearer`. Other callers get problem
 * details (RFC 9457) with WWW-Authenticate (RFC 6750 3). 401: no good credential. 403: the session does not meet the
 * requirement, or another site sent the request. 503: Cognito's keys are not available.
 */
export function withSession<R extends Request, C>(
  handler: (request: R, session: Session, context: C) => Answer,
  requirement: Requirement = {},
): (request: R, context: C) => Promise<Response> {
  return async (request, context) => {
    const caller = await identify(request, requirement);
    if (caller instanceof Response) return caller;
    if (!caller.session) return reject(request, 401, caller.reason);
    return withoutStore(await handler(request, caller.session, context));
  };
}

/** As withSession, but also for callers without a credential: their session is null. A bad Bearer token is still a 401. */
export function withOptionalSession<R extends Request, C>(
  handler: (request: R, session: Session | null, context: C) => Answer,
  requirement: Requirement = {},
): (request: R, context: C) => Promise<Response> {
  return async (request, context) => {
    const caller = await identify(request, requirement);
    return caller instanceof Response ? caller : withoutStore(await handler(request, caller.session, context));
  };
}

async function identify(request: Request, requirement: Requirement): Promise<Caller> {
  const { headers, method } = request; // First: Next then does not prerender, and a build needs no variables.
  const jar = new CookieJar(headers, getConfig());
  const auth = await authenticate(headers, jar, { refresh: "never" });
  if (auth.status === "unknown") return reject(request, 503, auth.error.code);
  if (auth.status === "signed_out") {
    const reason = auth.error?.code ?? "anonymous";
    return readBearer(headers) === null ? { session: null, reason } : reject(request, 401, reason);
  }
  const { session } = auth;
  const isForged = session.source === "cookie" && !isSafeMethod(method) && isCrossSite(headers, jar.config.origin);
  if (isForged) return reject(request, 403, "cross_site");
  const missing = findMissing(session, requirement);
  return missing ? reject(request, 403, "forbidden", missing) : { session };
}

function reject(request: Request, status: 401 | 403 | 503, reason: Reason, missing?: Missing): Response {
  const { headers, url } = request;
  const kind = requestKind(headers);
  emit(report, { type: "refused", path: new URL(url).pathname, kind, reason, ...(missing && { missing }) });
  return problem(status, challengeLine(status, readBearer(headers) !== null, missing));
}

/** No cache may give one caller what was made for another. */
function withoutStore(response: Response): Response {
  const copy = new Response(response.body, response);
  copy.headers.set("cache-control", NO_STORE);
  copy.headers.append("vary", "Authorization, Cookie");
  return copy;
}
