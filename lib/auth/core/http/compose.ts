// Joins the response of another middleware with the session: the forwarded request, and the answer to the browser.
import type { CookieJar } from "./cookie-jar";

/** Request headers to forward instead of the request's own, or the response of another middleware. */
export type Forwarded = Headers | Response | undefined;

// A middleware tells Next in headers of its response what to forward and where. These names are Next's.
const OVERRIDE = "x-middleware-override-headers";
const FORWARDED = "x-middleware-request-";
const NEXT = "x-middleware-next";
const REWRITE = "x-middleware-rewrite";
const PAGE_COOKIES = "x-middleware-set-cookie"; // One line: the cookies that cookies() shows besides the request's.

// Caches obey these before Cache-Control (RFC 9213; Surrogate-Control: Fastly, Akamai).
const FOR_CACHES = /(^|-)cdn-cache-control$|^surrogate-control$|^expires$/;

/**
 * Returns the request headers that the page sees after the changes of `jar`, or null when they are those of `request`.
 */
export function forwardedHeaders(request: Headers, jar: CookieJar, from: Forwarded): Headers | null {
  const given = isResponse(from) ? readForwarded(from.headers, request) : from;
  if (!given && jar.changes.length === 0) return null;
  const forwarded = new Headers(given ?? request);
  const cookie = jar.applyToHeader(forwarded.get("cookie") ?? "");
  if (cookie) forwarded.set("cookie", cookie);
  else forwarded.delete("cookie");
  return forwarded;
}

export function isResponse(from: Forwarded): from is Response {
  return from !== undefined && "headers" in from;
}

/**
 * Returns the request headers that `theirs` forwards, or null when it forwards those of `request`. The Cookie header is
 * always that of `request`: theirs can be older than the session.
 */
function readForwarded(theirs: Headers, request: Headers): Headers | null {
  const names = theirs.get(OVERRIDE);
  if (!names) return null;
  const forwarded = new Headers();
  for (const name of [...names.split(",").map((it) => it.trim()), "cookie"]) {
    const value = name === "cookie" ? request.get(name) : theirs.get(FORWARDED + name);
    if (value !== null) forwarded.set(name, value);
  }
  return forwarded;
}

/**
 * The response of another middleware with our headers. Ours win for caching, for what Next forwards and for cookies
 * with our names, which come last. Their other headers, their status and their body stay as they are.
 */
export function joinResponses(theirs: Response, ours: Headers, cookiePrefix: string): Response {
  const isOurCookie = new RegExp(`^[ \\t]*(__Host-)?${cookiePrefix.replace("__Host-", "")}\\.`);
  const notOurs = (lines: readonly string[]) => lines.filter((line) => !isOurCookie.test(line));
  const isCacheable = !ours.has("cache-control");
  const kept = [...theirs.headers].filter(([name]) => keepsTheirs(name) && (isCacheable || !FOR_CACHES.test(name)));
  const headers = new Headers(kept);
  // A redirect or a finished answer forwards nothing, and the request's cookies have no place in it.
  const isForwarded = (headers.has(NEXT) || headers.has(REWRITE)) && !headers.has("location");
  for (const [name, value] of ours) if (takesOurs(name, headers, isForwarded)) headers.set(name, value);
  // Split at commas before `name=`, not at the comma of a date.
  const pageCookies = notOurs(theirs.headers.get(PAGE_COOKIES)?.split(/,\s*(?=[^\s,;=]+=)/) ?? []);
  if (pageCookies.length > 0) headers.set(PAGE_COOKIES, pageCookies.join(","));
  for (const line of [...notOurs(theirs.headers.getSetCookie()), ...ours.getSetCookie()]) {
    headers.append("set-cookie", line);
  }
  return new Response(theirs.body, { status: theirs.status, headers });
}

/** Next copies a middleware's response headers into the request, so a Cookie header among them would replace ours. */
function keepsTheirs(name: string): boolean {
  if (name.startsWith("x-middleware-")) return name === NEXT || name === REWRITE;
  return name !== "set-cookie" && name !== "cookie" && name !== "authorization";
}

function takesOurs(name: string, theirs: Headers, isForwarded: boolean): boolean {
  if (name === OVERRIDE || name.startsWith(FORWARDED)) return isForwarded;
  if (name === NEXT || name === "set-cookie") return false;
  return name === "cache-control" || !theirs.has(name);
}

/**
 * Returns another middleware's response to the kit route at `pathname`, without a redirect or rewrite that only adds a
 * prefix: the kit has no `/de/auth/login`.
 */
export function keepAddress(from: Forwarded, pathname: string, url: string): Forwarded {
  const target = isResponse(from) ? (from.headers.get("location") ?? from.headers.get(REWRITE)) : null;
  if (!isResponse(from) || target === null || !URL.canParse(target, url)) return from;
  const { origin, pathname: path } = new URL(target, url);
  const [route, end] = [pathname.replace(/\/$/, ""), path.replace(/\/$/, "")];
  if (origin !== new URL(url).origin || !end.endsWith(route)) return from;
  const headers = new Headers(from.headers);
  for (const name of ["location", REWRITE]) headers.delete(name);
  headers.set(NEXT, "1");
  return new Response(null, { headers });
}
