// POST /auth/refresh: renews the session now, so that new groups and claims are seen at once.

import { getConfig } from "@/lib/auth/config";
import { renew } from "@/lib/auth/core/authenticate";
import { emitAll } from "@/lib/auth/core/base/events";
import { CookieJar } from "@/lib/auth/core/http/cookie-jar";
import { isCrossSite, requestKind } from "@/lib/auth/core/http/request";
import { emptyResponse, page, redirectTo, signInPath, unknownAddress } from "@/lib/auth/core/http/responses";
import { safeReturnTo } from "@/lib/auth/core/http/return-to";
import { report } from "@/lib/auth/events";
import { sessions } from "@/lib/auth/sessions";

const MAX_FORM_BYTES = 4_096;

export async function POST(request: Request): Promise<Response> {
  const { headers, url } = request;
  const config = getConfig(headers);
  if (!config) return unknownAddress();
  if (isCrossSite(headers, config.origin)) return emptyResponse(403);
  const isForm = requestKind(headers) === "document"; // Else a script calls.
  const jar = new CookieJar(headers, config);
  const auth = await renew(sessions, jar);
  const returnTo = safeReturnTo(isForm ? await readReturnTo(request) : [], config);
  emitAll(report, config, new URL(url).pathname, auth.events);
  if (auth.status === "unknown") {
    const answer = isForm ? page(503, "Not possible now", "<p>Please try again soon.</p>") : emptyResponse(503);
    return jar.applyTo(answer);
  }
  if (auth.status === "signed_in") {
    return isForm ? redirectTo(config.origin + returnTo, jar) : jar.applyTo(emptyResponse(204));
  }
  return isForm ? redirectTo(config.baseUrl + signInPath(returnTo), jar) : jar.applyTo(emptyResponse(401));
}

export function HEAD(): Response {
  return emptyResponse(405, { allow: "POST" });
}

/** Returns the field `returnTo` of a small form. Another body is not read. */
async function readReturnTo(request: Request): Promise<readonly unknown[]> {
  const { headers } = request;
  const isSmall = Number(headers.get("content-length") ?? Number.NaN) <= MAX_FORM_BYTES;
  const isForm = headers.get("content-type")?.startsWith("application/x-www-form-urlencoded");
  return isSmall && isForm ? new URLSearchParams(await request.text()).getAll("returnTo") : [];
}
