import { authenticate } from "./core/authenticate";
import { getConfig } from "./core/config";
import type { AuthErrorCode } from "./core/errors";
import { isCrossSite, isSafeMethod, readBearer, requestKind } from "./core/navigation";
import { bearerChallenge, NO_STORE, problem } from "./core/responses";
import { findShortfall, type Requirement, type Session } from "./core/session";
import { report } from "./events";

type Answer = Response | Promise<Response>;

/**
 * A route handler for signed-in callers, by cookie or by `Authorization: Bearer`. Refuses for itself, with problem
 * details (RFC 9457) and WWW-Authenticate (RFC 6750 3): 401 without a good credential, 403 when it falls short of the
 * requirement or when another site sent it, 503 when Cognito's keys are out of reach.
 */
export function withSession<R extends Request, C>(
  handler: (request: R, session: Session, context: C) => Answer,
  requirement: Requirement = {},
): (request: R, context: C) => Promise<Response> {
  return async (request, context) => {
    const caller = await identify(request, requirement);
    if (caller instanceof Response) return caller;
    if (!caller) return refuse(request, "anonymous", problem(401, bearerChallenge(false)));
    return privately(await handler(request, caller, context));
  };
}

/** As withSession, but a caller without a credential is welcome: its session is null. A bad Bearer token still is a 401. */
export function withOptionalSession<R extends Request, C>(
  handler: (request: R, session: Session | null, context: C) => Answer,
  requirement: Requirement = {},
): (request: R, context: C) => Promise<Response> {
  return async (request, context) => {
    const caller = await identify(request, requirement);
    return caller instanceof Response ? caller : privately(await handler(request, caller, context));
  };
}

async function identify(request: Request, requirement: Requirement): Promise<Session | Response | null> {
  const { headers } = request; // First: Next then knows not to prerender, and a build needs no variables.
  const config = getConfig();
  const auth = await authenticate(headers, config, false);
  if (auth.status === "unknown") return refuse(request, auth.error.code, problem(503));
  if (auth.status === "signed_out") {
    if (!auth.error || readBearer(request.headers) === null) return null;
    return refuse(request, auth.error.code, problem(401, bearerChallenge(true)));
  }
  const { session } = auth;
  if (session.source === "cookie" && !isSafeMethod(request.method) && isCrossSite(request.headers, config.origin)) {
    return refuse(request, "cross_site", problem(403));
  }
  const shortfall = findShortfall(session, requirement);
  if (!shortfall) return session;
  const scope = requirement.scopes?.join(" ");
  return refuse(
    request,
    "forbidden",
    problem(403, shortfall === "scope" ? `Bearer error="insufficient_scope", scope="${scope}"` : undefined),
  );
}

function refuse(request: Request, reason: AuthErrorCode | "anonymous", response: Response): Response {
  const kind = requestKind(request.headers);
  report({ type: "refused", path: new URL(request.url).pathname, kind, reason });
  return response;
}

/** No cache may keep for one caller what was made for another. */
function privately(response: Response): Response {
  const copy = new Response(response.body, response);
  copy.headers.set("cache-control", NO_STORE);
  copy.headers.append("vary", "Authorization, Cookie");
  return copy;
}
