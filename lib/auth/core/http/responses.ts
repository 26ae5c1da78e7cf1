import type { AuthErrorCode } from "../base/errors";
import type { Missing } from "../base/events";
import { KIT_PATHS } from "../base/paths";
import type { CookieJar } from "./cookie-jar";

/** For answers that depend on the sender: no shared cache may keep them (RFC 9111 5.2.2). */
export const NO_STORE = "private, no-store";

/** For every answer of the kit's own. */
export const HEADERS = {
  "cache-control": NO_STORE,
  "content-security-policy": "frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};
const TITLES = { 401: "Unauthorized", 403: "Forbidden", 503: "Service Unavailable" };
const RETRY_AFTER_S = "5";

/** A 303: the browser follows it with a GET, also after a POST (RFC 9700 4.12). */
export function redirectTo(location: string, jar?: CookieJar): Response {
  const response = bare(303, { location });
  return jar ? jar.applyTo(response) : response;
}

/** Where the page is that explains an error. `returnTo` has been checked. Typed for Next's `typedRoutes`. */
export function errorPath(code: AuthErrorCode, returnTo: string | null): `/auth/error?${string}` {
  return `${KIT_PATHS.error}?${new URLSearchParams({ code, ...(returnTo && { returnTo }) })}`;
}

/** A response with a status, and with a body only if one is given. */
export function bare(status: number, headers: Record<string, string> = {}, body: string | null = null): Response {
  const retry = status === 503 && { "retry-after": RETRY_AFTER_S };
  return new Response(body, { status, headers: { ...HEADERS, ...retry, ...headers } });
}

/**
 * Problem details (RFC 9457), with the WWW-Authenticate line of RFC 6750 3 as `challenge`. The answer does not say what
 * was wrong with a credential.
 */
export function problem(status: keyof typeof TITLES, challenge?: string): Response {
  const type = { "content-type": "application/problem+json", vary: "Authorization, Cookie" };
  const headers = { ...type, ...(challenge && { "www-authenticate": challenge }) };
  return bare(status, headers, JSON.stringify({ type: "about:blank", title: TITLES[status], status }));
}

/** The WWW-Authenticate line (RFC 6750 3): no error without a credential, and the scopes that a 403 asks for. */
export function challengeLine(status: number, isBadToken: boolean, missing?: Missing): string | undefined {
  if (status === 401) return isBadToken ? 'Bearer error="invalid_token"' : "Bearer";
  return status === 403 && missing?.scopes
    ? `Bearer error="insufficient_scope", scope="${missing.scopes.join(" ")}"`
    : undefined;
}

/** A small page of the kit's own. `body` is HTML without any input in it; `formAction` where a form's redirect leads. */
export function page(status: number, title: string, body: string, formAction = ""): Response {
  const policy = `default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' ${formAction}`;
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">`;
  const html = `<!doctype html><html lang="en">${head}<title>${title}</title><h1>${title}</h1>${body}</html>`;
  return bare(status, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy.trim() }, html);
}

/** The page for a refusal where Next cannot show the error page with its status. An empty link reloads the page. */
export function refusalPage(status: 403 | 503, basePath: string): Response {
  const text =
    status === 503
      ? `We cannot check your session at the moment. Nothing is lost. <a href="">Try again</a>`
      : "You may not see this page.";
  return page(status, TITLES[status], `<p>${text}</p><p><a href="${basePath || "/"}">Go to the start page</a></p>`);
}
