// The page to return to after a sign-in: checked, because anybody can write a link.
import { isKitRoute } from "../base/paths";

const MAX_RETURN_TO_BYTES = 512;

/**
 * The page on the app's own origin that `values` name, as path, query and fragment; else the app's start page. Anybody
 * may have made them, so this is checked when they arrive and again when they are used (RFC 9700 4.11).
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

/** Decodes a path until nothing changes, as several proxies together would. It decodes only ASCII, so an invalid UTF-8
 * byte cannot stop it. */
function decodeFully(pathname: string): string {
  const decoded = pathname.replace(/%[0-7][\da-f]/gi, (byte) => decodeURIComponent(byte));
  return decoded === pathname ? pathname : decodeFully(decoded);
}
