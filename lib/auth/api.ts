// The door for route handlers: sessions for callers that may call, and answers for all others.
import { getConfig } from "./config";
import { authenticate } from "./core/authenticate";
import { CookieJar } from "./core/http/cookie-jar";
import { problem, type Rejection, rejectionFor, reportRejection } from "./core/http/rejection";
import { isCrossSite, isSafeMethod, readBearer } from "./core/http/request";
import { emptyResponse, NO_STORE, respond, unknownAddress } from "./core/http/responses";
import type { SignedOut, Unknown } from "./core/session/authentication";
import { checkLive } from "./core/session/live";
import { findMissing, type Requirement, type Session } from "./core/session/session";
import { report } from "./events";
import { sessionChanges, sessions } from "./sessions";

type Answer = Response | Promise<Response>;

/**
 * The caller of an API: a session, or none and its rejection. A Response rejects the request, also without a
 * requirement.
 */
type Caller =
  | { readonly session: Session; readonly jar: CookieJar }
  | { readonly session: null; readonly jar: CookieJar; readonly rejection: Rejection }
  | Response;

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
    if (!caller.session) return reject(request, caller.jar, caller.rejection);
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
    if (caller instanceof Response) return caller;
    return caller.jar.applyTo(withNoStore(await handler(request, caller.session, context)));
  };
}

/**
 * Returns a route handler that describes this app as a protected resource (RFC 9728). A program that got a 401 reads
 * there which user pool issues the tokens. `members` are added, or replace the kit's own. 404 without COGNITO_RESOURCE.
 */
export function resourceMetadata(members: Readonly<Record<string, unknown>> = {}): (request: Request) => Response {
  return ({ headers }) => {
    const { issuer, resource = null, scope = "" } = getConfig(headers) ?? {};
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
  const auth = await authenticate(sessions, headers, jar, { refresh: "never" });
  if (auth.status !== "signed_in") return withoutSession(request, jar, auth);
  const { session } = auth;
  const isForged = session.source === "cookie" && !isSafeMethod(method) && isCrossSite(headers, config.origin);
  if (isForged) return reject(request, jar, { status: 403, reason: "cross_site" });
  const missing = findMissing(session, requirement);
  if (missing) return reject(request, jar, rejectionFor(missing));
  const live = requirement.live ? await checkLive(sessionChanges, auth, jar) : auth;
  return live.status === "signed_in" ? { session, jar } : withoutSession(request, jar, live);
}

function withoutSession(request: Request, jar: CookieJar, auth: SignedOut | Unknown): Caller {
  if (auth.status === "unknown") return reject(request, jar, { status: 503, reason: auth.error.code });
  const rejection = { status: 401, reason: auth.error?.code ?? "anonymous" } as const;
  return readBearer(request.headers) === null ? { session: null, jar, rejection } : reject(request, jar, rejection);
}

function reject({ headers, url }: Request, jar: CookieJar, rejection: Rejection): Response {
  reportRejection(report, jar.config, new URL(url).pathname, headers, rejection);
  return jar.applyTo(problem(headers, jar.config, rejection));
}

/** Copies the response with headers that keep it out of caches: it was made for one caller. */
function withNoStore(response: Response): Response {
  const copy = new Response(response.body, response);
  copy.headers.set("cache-control", NO_STORE);
  copy.headers.append("vary", "Authorization, Cookie");
  return copy;
}
