import { isKitRoute } from "./paths";

/** The kind of a request decides how a refusal must look, so that its sender understands it. */
export type RequestKind = "document" | "action" | "data" | "api";

const MAX_RETURN_TO_BYTES = 512;

/**
 * The page on the app's own origin that `values` name, as path, query and fragment; else the app's start page. Anybody
 * may have made them, so this is asked when they arrive and again when they are used (RFC 9700 4.11).
 */
export function safeReturnTo(values: readonly unknown[], app: { origin: string; basePath: string }): string {
  const start = app.basePath || "/";
  const [value] = values;
  if (values.length !== 1 || typeof value !== "string" || !/^\/[\s\S]{0,511}$/.test(value)) return start;
  if (!URL.canParse(value, app.origin)) return start;
  const url = new URL(value, app.origin);
  if (url.origin !== app.origin || !isPage(url.pathname, app.basePath)) return start;
  if (url.searchParams.has("_rsc")) url.searchParams.delete("_rsc"); // Next's cache buster.
  const returnTo = url.pathname + url.search + url.hash;
  return returnTo.length <= MAX_RETURN_TO_BYTES ? returnTo : start;
}

function isPage(pathname: string, basePath: string): boolean {
  if (!`${pathname}/`.startsWith(`${basePath}/`)) return false; // Another app on this origin.
  const path = decode(pathname);
  // "/.//evil" is of our origin, but its path, sent on, is "//evil".
  if (path === null || path.startsWith("//") || path.includes("\\")) return false;
  const inApp = decodeFully(pathname.slice(basePath.length));
  // A proxy may decode and resolve the path before Next sees it: "/x/..%2fauth/logout" would sign out.
  if (/(^|[/\\])\.\.?([/\\;]|$)/.test(inApp)) return false;
  const plain = inApp.toLowerCase().replace(/[/\\]+/g, "/");
  // A kit route would loop or sign out, also with an ending that Next or a proxy removes: ".rsc", ";v=1".
  return !isKitRoute(plain.replace(/[.;][^/]*$/, "")) && !/^\/_next(\/|$)/.test(plain);
}

/** For a look only: a decoded path is never sent on. Null when it does not decode. */
function decode(pathname: string): string | null {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return null;
  }
}

/** Decodes a path until nothing changes, as several proxies together would. ASCII only, so that no byte stops it. */
function decodeFully(pathname: string): string {
  const decoded = pathname.replace(/%[0-7][\da-f]/gi, (byte) => decodeURIComponent(byte));
  return decoded === pathname ? pathname : decodeFully(decoded);
}

/**
 * Tells page loads, server actions, fetches of a browser and programs apart. In middleware Next has removed its own
 * headers (RSC, Next-Router-Prefetch). So this reads Fetch Metadata, and Accept where a client sends none.
 */
export function requestKind(headers: Headers): RequestKind {
  if (readBearer(headers) !== null) return "api";
  if (headers.has("next-action")) return "action";
  const mode = headers.get("sec-fetch-mode");
  if (mode === "navigate") return headers.get("sec-fetch-dest") === "document" ? "document" : "data";
  if (mode !== null) return "data";
  return headers.get("accept")?.includes("text/html") ? "document" : "api";
}

/** Whether a browser prefetches: such a request must start, refresh and change nothing. */
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

/** The credential of `Authorization: Bearer` (RFC 6750 2.1), well formed or not; null for another scheme or no header. */
export function readBearer(headers: Headers): string | null {
  return /^bearer(?: |$)(.*)$/i.exec(headers.get("authorization")?.trim() ?? "")?.[1] ?? null;
}
