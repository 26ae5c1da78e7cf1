// The door for route handlers: sessions for callers that may call, and answers for all others.
import { getConfig } from "./config";
import { authenticate } from "./core/authenticate";
import { CookieJar } from "./core/http/cookie-jar";
import { problem, type Rejection, rejectionFor, reportRejection } from "./core/http/rejection";
import { isCrossSite, isSafeMethod, readBearer } from "./core/http/request";
import { emptyResponse, NO_STORE, respond, unknownAddress } from "./core/http/responses";
import { findMissing, type Requirement, type Session } from "./core/session/session";
import { report } from "./events";

type Answer = Response | Promise<Response>;

/**
 * The caller of an API: a session, or none and its rejection. A Response rejects the request, also without a
 * requirement.
 */
type Caller = { readonly session: Session } | { readonly session: null; readonly rejection: Rejection } | Response;

/**
 * Returns a route handler for signed-in callers, by cookie or by `Authorization: Bearer`. Other callers get problem
 * details (RFC 9457) with WWW-Authenticate (RFC 6750 3). 401: no good credential. 403: the session does not meet the
 * requirement, or another site sent the request. 503: whether the caller is signed in cannot be checked.
 */
export function withSession<R extends Request, C>(
  handler: (request: R, session: Session, context: C) => Answer,
  requirement: Requirement = {},
): (request: R, context: C) => Promise<Response> {
  return async (request, context) => {
    const caller = await identify(request, requirement);
    if (caller instanceof Response) return caller;
    if (!caller.session) return reject(request, caller.rejection);
    return withNoStore(await handler(request, caller.session, context));
  };
}

/**
 * Does the same, but accepts callers without a session: theirs is null. Callers with one must meet the requirement. A
 * bad Bearer token is still a 401.
 */
export function withOptionalSession<R extends Request, C>(
  handler: (request: R, session: Session | null, context: C) => Answer,
  requirement: Requirement = {},
): (request: R, context: C) => Promise<Response> {
  return async (request, context) => {
    const caller = await identify(request, requirement);
    return caller instanceof Response ? caller : withNoStore(await handler(request, caller.session, context));
  };
}

/**
 * Returns a route handler that describes this app as a protected resource (RFC 9728). A program that got a 401 reads
 * there which user pool issues the tokens. `members` are added, or replace the kit's own. 404 without COGNITO_RESOURCE.
 */
export function resourceMetadata(members: Readonly<Record<string, unknown>> = {}): (request: Request) => Response {
  return ({ headers }) => {
    const { issuer, resource, scope } = getConfig(headers);
    if (resource === null) return emptyResponse(404);
    const tokens = { scopes_supported: scope.split(" "), bearer_methods_supported: ["header"] };
    const body = JSON.stringify({ resource, authorization_servers: [issuer], ...tokens, ...members });
    // Every site may read it: it is public. Caches may not keep it: it is cheap, and a change must show at once.
    return respond(200, { "content-type": "application/json", "access-control-allow-origin": "*" }, body);
  };
}

async function identify(request: Request, requirement: Requirement): Promise<Caller> {
  const { headers, method } = request; // First: Next then does not prerender, and a build needs no variables.
  const config = getConfig(headers);
  if (!config) return unknownAddress();
  const jar = new CookieJar(headers, config);
  const auth = await authenticate(headers, jar, { refresh: "never" });
  if (auth.status === "unknown") return reject(request, { status: 503, reason: auth.error.code });
  if (auth.status === "signed_out") {
    const rejection = { status: 401, reason: auth.error?.code ?? "anonymous" } as const;
    return readBearer(headers) === null ? { session: null, rejection } : reject(request, rejection);
  }
  const { session } = auth;
  const isForged = session.source === "cookie" && !isSafeMethod(method) && isCrossSite(headers, config.origin);
  if (isForged) return reject(request, { status: 403, reason: "cross_site" });
  const missing = findMissing(session, requirement);
  return missing ? reject(request, rejectionFor(missing)) : { session };
}

function reject({ headers, url }: Request, rejection: Rejection): Response {
  reportRejection(report, new URL(url).pathname, headers, rejection);
  return problem(headers, getConfig(headers), rejection);
}

/** Copies the response with headers that keep it out of caches: it was made for one caller. */
function withNoStore(response: Response): Response {
  const copy = new Response(response.body, response);
  copy.headers.set("cache-control", NO_STORE);
  copy.headers.append("vary", "Authorization, Cookie");
  return copy;
}
