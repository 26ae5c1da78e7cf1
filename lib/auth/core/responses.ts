import { type Cookie, serializeCookie } from "./cookies";
import type { AuthErrorCode } from "./errors";

/** For what depends on who asks: no shared cache may keep it (RFC 9111 5.2.2). */
export const NO_STORE = "private, no-store";

/** For all that the kit itself answers. */
export const HEADERS = {
  "cache-control": NO_STORE,
  "content-security-policy": "frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};
const TITLES = { 401: "Unauthorized", 403: "Forbidden", 503: "Service Unavailable" };
const RETRY_AFTER_S = "5";

/** 303: what follows is a GET, whatever this was (RFC 9700 4.12). */
export function redirectTo(location: string, ...cookies: readonly (readonly Cookie[] | undefined)[]): Response {
  return setCookies(bare(303, { location }), cookies.flat());
}

/** Where the page is that explains an error. `returnTo` has been checked. Typed for Next's `typedRoutes`. */
export function errorPath(code: AuthErrorCode, returnTo: string | null): `/auth/error?${string}` {
  return `/auth/error?${new URLSearchParams({ code, ...(returnTo && { returnTo }) })}`;
}

/** No more than a status, for those who read no more. */
export function bare(status: number, headers: Record<string, string> = {}, body: string | null = null): Response {
  const retry = status === 503 && { "retry-after": RETRY_AFTER_S };
  return new Response(body, { status, headers: { ...HEADERS, ...retry, ...headers } });
}

/**
 * Problem details (RFC 9457), with the WWW-Authenticate line of RFC 6750 3 as `challenge`. Whatever was wrong with a
 * credential, the answer is the same.
 */
export function problem(status: keyof typeof TITLES, challenge?: string): Response {
  const type = { "content-type": "application/problem+json", vary: "Authorization, Cookie" };
  const headers = { ...type, ...(challenge && { "www-authenticate": challenge }) };
  return bare(status, headers, JSON.stringify({ type: "about:blank", title: TITLES[status], status }));
}

/** The WWW-Authenticate line of a 401: no error without a credential. */
export function bearerChallenge(isBadToken: boolean): string {
  return isBadToken ? 'Bearer error="invalid_token"' : "Bearer";
}

/** No more than the status, in the words of HTTP. */
export function plainPage(status: keyof typeof TITLES): Response {
  return bare(
    status,
    { "content-type": "text/html" },
    `<!doctype html><title>${status}</title><h1>${TITLES[status]}</h1>`,
  );
}

/** A small page of the kit's own. `body` is HTML without any input in it; `formAction` where a form's redirect leads. */
export function page(status: number, title: string, body: string, formAction = ""): Response {
  const policy = `default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' ${formAction}`;
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">`;
  const html = `<!doctype html><html lang="en">${head}<title>${title}</title><h1>${title}</h1>${body}</html>`;
  return bare(status, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy.trim() }, html);
}

export function setCookies<R extends Response>(response: R, cookies: readonly (Cookie | undefined)[] = []): R {
  for (const cookie of cookies) if (cookie) response.headers.append("set-cookie", serializeCookie(cookie));
  return response;
}
