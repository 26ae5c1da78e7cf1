// Facts that the headers of a request tell.
import type { RequestKind } from "../base/events";

/**
 * Returns the kind of a request: page load, server action, fetch of a browser, or program. In middleware Next has
 * removed its own headers (RSC, Next-Router-Prefetch). So this reads Fetch Metadata, and Accept where a client sends
 * none.
 */
export function requestKind(headers: Headers): RequestKind {
  if (readBearer(headers) !== null) return "api";
  if (headers.has("next-action")) return "action";
  const mode = headers.get("sec-fetch-mode");
  if (mode === "navigate") return headers.get("sec-fetch-dest") === "document" ? "document" : "data";
  if (mode !== null) return "data";
  return headers.get("accept")?.includes("text/html") ? "document" : "api";
}

/** Whether a browser prefetches. Such a request must not start, refresh or change anything. */
export function isPrefetch(headers: Headers): boolean {
  const purpose = `${headers.get("sec-purpose")} ${headers.get("purpose")}`;
  return purpose.includes("prefetch") || headers.has("next-router-prefetch");
}

/**
 * Whether another site made the browser send this. A sub-domain is another site, and so is a sender that does not say.
 */
export function isCrossSite(headers: Headers, origin: string): boolean {
  const site = headers.get("sec-fetch-site");
  return site === null ? headers.get("origin") !== origin : site !== "same-origin";
}

export function isSafeMethod(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

/**
 * The credential of `Authorization: Bearer` (RFC 6750 2.1), well formed or not; null for another scheme or no header.
 */
export function readBearer(headers: Headers): string | null {
  return /^bearer(?: |$)(.*)$/i.exec(headers.get("authorization")?.trim() ?? "")?.[1] ?? null;
}
