// The rejection of a request: its event, and its answer for callers that load no page.
import type { AuthConfig } from "../base/config";
import type { AuthErrorCode } from "../base/errors";
import { emit, type Missing, type Report } from "../base/events";
import { RESOURCE_METADATA_PATH } from "../base/paths";
import { readBearer, requestKind } from "./request";
import { respond, STATUS_TITLES } from "./responses";

export interface Rejection {
  readonly status: keyof typeof STATUS_TITLES;
  /** `anonymous`: the request has no credential. */
  readonly reason: AuthErrorCode | "anonymous";
  /** The part of the requirement that a session does not meet. */
  readonly missing?: Missing | undefined;
}

/** Returns the rejection of a session that does not meet a requirement. A new sign-in mends an old one (RFC 9470). */
export function rejectionFor(missing: Missing): Rejection {
  const isOld = missing.maxAuthAge !== undefined;
  return { status: isOld ? 401 : 403, reason: isOld ? "reauthentication_required" : "forbidden", missing };
}

export function reportRejection(
  report: Report,
  config: AuthConfig,
  path: string,
  headers: Headers,
  { reason, missing }: Rejection,
): void {
  emit(report, config, { type: "refused", path, kind: requestKind(headers), reason, ...(missing && { missing }) });
}

/**
 * Problem details (RFC 9457) with the WWW-Authenticate line of RFC 6750 3. The answer does not say what was wrong with
 * a credential. `headers` are those of the request.
 */
export function problem(headers: Headers, config: AuthConfig, rejection: Rejection): Response {
  const { status } = rejection;
  const challenge = challengeOf(headers, config, rejection);
  const type = { "content-type": "application/problem+json", vary: "Authorization, Cookie" };
  const body = JSON.stringify({ type: "about:blank", title: STATUS_TITLES[status], status });
  return respond(status, { ...type, ...(challenge && { "www-authenticate": challenge }) }, body);
}

/** An app with a resource adds the address of its metadata (RFC 9728 5.1). */
function challengeOf(headers: Headers, { baseUrl, resource }: AuthConfig, rejection: Rejection): string | null {
  const error = errorOf(headers, rejection);
  const metadata = resource === null ? [] : [`resource_metadata="${baseUrl}${RESOURCE_METADATA_PATH}"`];
  return error && `Bearer ${[...error, ...metadata].join(", ")}`.trim();
}

/** A 401 names an error only if there was a Bearer token. A 403 names all required scopes if one of them is missing. */
function errorOf(headers: Headers, { status, reason, missing }: Rejection): readonly string[] | null {
  const isBadToken = reason !== "anonymous" && readBearer(headers) !== null;
  if (missing?.maxAuthAge !== undefined) {
    return ['error="insufficient_user_authentication"', `max_age="${missing.maxAuthAge}"`]; // RFC 9470
  }
  if (status === 401) return isBadToken ? ['error="invalid_token"'] : [];
  if (status !== 403 || !missing?.scopes) return null;
  return ['error="insufficient_scope"', `scope="${missing.scopes.join(" ")}"`];
}
