// The answers of middleware.ts to requests that it rejects.
import { type NextRequest, NextResponse } from "next/server";
import type { AuthConfig } from "./core/base/config";
import type { Missing } from "./core/base/events";
import { KIT_PATHS } from "./core/base/paths";
import { problem, type Rejection, rejectionFor, reportRejection } from "./core/http/rejection";
import { isSafeMethod, requestKind } from "./core/http/request";
import { emptyResponse, errorQuery, redirectTo, rejectionPage, signInPath } from "./core/http/responses";
import type { Authentication } from "./core/session/authentication";
import { isMachine } from "./core/session/session";
import { report } from "./events";

/** Under `cacheComponents` a rewritten page loses its status. Next inlines this variable at build time. */
const keepsRewriteStatus = !process.env.__NEXT_CACHE_COMPONENTS;

/** Asks for a sign-in, or says why there is nothing to ask: see `RequestAuth`. */
export function challenge(
  request: NextRequest,
  config: AuthConfig,
  auth: Authentication,
  missing?: Missing,
): NextResponse {
  switch (auth.status) {
    case "unknown":
      return reject(request, config, { status: 503, reason: auth.error.code });
    case "signed_in":
      return isMachine(auth.session) || missing?.maxAuthAge === undefined
        ? reject(request, config, rejectionFor({ user: true }))
        : reject(request, config, rejectionFor(missing));
    case "signed_out":
      return reject(request, config, { status: 401, reason: auth.error?.code ?? "anonymous" });
  }
}

/** Rejects a request with an answer that its sender understands. */
export function reject(request: NextRequest, config: AuthConfig, rejection: Rejection): NextResponse {
  const { headers, nextUrl } = request;
  reportRejection(report, config, nextUrl.pathname, headers, rejection);
  switch (requestKind(headers)) {
    case "document":
      return rejectPageLoad(request, config, rejection);
    case "action": // Next would forward a rewritten action.
      return toNextResponse(emptyResponse(rejection.status));
    default:
      return toNextResponse(problem(headers, config, rejection));
  }
}

/**
 * A 401 redirects to sign-in. A 403 or 503 shows the error page at the address of the request; a POST gets no body, and
 * with `cacheComponents` the page is a small one.
 */
function rejectPageLoad(
  request: NextRequest,
  config: AuthConfig,
  { status, reason, missing }: Rejection,
): NextResponse {
  const { method, url } = request;
  const { pathname, search } = new URL(url);
  const isSafe = isSafeMethod(method);
  const returnTo = isSafe ? pathname + search : pathname; // A form's body cannot come back.
  if (status === 401) return toNextResponse(redirectTo(config.baseUrl + signInPath(returnTo, missing?.maxAuthAge)));
  if (!isSafe || reason === "anonymous") return toNextResponse(emptyResponse(status));
  if (!keepsRewriteStatus) return toNextResponse(rejectionPage(status, request.nextUrl.basePath));
  const page = request.nextUrl.clone(); // Keeps basePath.
  page.pathname = KIT_PATHS.error;
  page.search = errorQuery(reason, returnTo);
  return NextResponse.rewrite(page, { status, headers: emptyResponse(status).headers });
}

export function toNextResponse(response: Response): NextResponse {
  return new NextResponse(response.body, response);
}
