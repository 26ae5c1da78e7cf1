// The answers of the kit: headers, redirects, and the small pages that it renders itself.
import type { AuthErrorCode } from "../base/errors";
import { KIT_PATHS } from "../base/paths";
import type { CookieJar } from "./cookie-jar";

/** For answers that depend on the sender: no shared cache may keep them (RFC 9111 5.2.2). */
export const NO_STORE = "private, no-store";

/** For every answer of the kit's own. */
const KIT_HEADERS = {
  "cache-control": NO_STORE,
  "content-security-policy": "frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** For what middleware passes on to the kit's own routes. */
export const KIT_ROUTE_HEADERS = { ...KIT_HEADERS, "x-frame-options": "DENY" };

/**
 * For pages that depend on the user. A page of a sub-domain could show ours in a frame, with the user's cookies. A CSP
 * with frame-ancestors takes the place of this header.
 */
export const PERSONAL_HEADERS = { "cache-control": NO_STORE, "x-frame-options": "SAMEORIGIN" };

export const STATUS_TITLES = { 401: "Unauthorized", 403: "Forbidden", 503: "Service Unavailable" } as const;

const RETRY_AFTER_S = "5";

/** An answer without a body. */
export function emptyResponse(status: number, headers: Record<string, string> = {}): Response {
  return respond(status, headers, null);
}

/** An answer with the headers of the kit. `headers` add to them, or replace them. */
export function respond(status: number, headers: Record<string, string>, body: string | null): Response {
  const retry = status === 503 && { "retry-after": RETRY_AFTER_S };
  return new Response(body, { status, headers: { ...KIT_HEADERS, ...retry, ...headers } });
}

/** A 404 for an address that belongs to no tenant. */
export function unknownAddress(): Response {
  return page(404, "Not found", "<p>This app has another address.</p>");
}

/** A 303: the browser follows it with a GET, also after a POST (RFC 9700 4.12). */
export function redirectTo(location: string, jar?: CookieJar): Response {
  const response = emptyResponse(303, { location });
  return jar ? jar.applyTo(response) : response;
}

/** The path of the page that explains an error. `returnTo` has been checked. The type suits Next's `typedRoutes`. */
export function errorPath(code: AuthErrorCode, returnTo: string | null): `/auth/error?${string}` {
  return `${KIT_PATHS.error}?${errorQuery(code, returnTo)}`;
}

/** The path that starts a sign-in and leads back to `returnTo`. `ask` is a `prompt`, or a `max_age` in seconds. */
export function signInPath(returnTo: string | null, ask?: "login" | number): `/auth/login?${string}` {
  const query = {
    ...(ask === "login" && { prompt: ask }),
    ...(returnTo && { returnTo }),
    ...(typeof ask === "number" && { max_age: String(ask) }),
  };
  return `${KIT_PATHS.login}?${new URLSearchParams(query)}`;
}

export function errorQuery(code: AuthErrorCode, returnTo: string | null): string {
  return new URLSearchParams({ code, ...(returnTo && { returnTo }) }).toString();
}

/**
 * A small page. `body` is HTML without any input in it. `formAction`: the origin to which its form's answer redirects.
 */
export function page(status: number, title: string, body: string, formAction = ""): Response {
  const policy = `default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' ${formAction}`;
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">`;
  const html = `<!doctype html><html lang="en">${head}<title>${title}</title><h1>${title}</h1>${body}</html>`;
  const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": policy.trim() };
  return respond(status, headers, html);
}

/** The page of a 403 or 503 where Next cannot show the error page with its status. An empty link reloads the page. */
export function rejectionPage(status: 403 | 503, basePath: string): Response {
  const outage = `We cannot check your session at the moment. Nothing is lost. <a href="">Try again</a>`;
  const text = status === 503 ? outage : "You may not see this page.";
  const start = `<a href="${basePath || "/"}">Go to the start page</a>`;
  return page(status, STATUS_TITLES[status], `<p>${text}</p><p>${start}</p>`);
}
