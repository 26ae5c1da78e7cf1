// The authorization code grant at Cognito's authorization endpoint: the request, and the response at the callback.

import { encode } from "jose/base64url";
import { AuthError } from "../base/errors";
import { sha256 } from "../base/hash";
import type { CookieJar } from "../http/cookie-jar";
import { startTransaction } from "./transactions";

const REFUSALS = /^(access_denied|login_required|consent_required|interaction_required)$/;

const PASSED_THROUGH = {
  identity_provider: /^[^\p{Cc}]{1,128}$/u,
  idp_identifier: /^[^\p{Cc}]{1,128}$/u,
  login_hint: /^[^\p{Cc}]{1,320}$/u,
  lang: /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?$/,
  prompt: /^(none|(login|select_account|consent)( (login|select_account|consent))*)$/,
};

/** Returns the well-formed parameters that a link may pass on. The kit sets all others. */
export function readLink(link: URLSearchParams): Readonly<Record<string, string>> {
  const asked = Object.entries(PASSED_THROUGH).map(
    ([name, pattern]) => [name, readOnce(link, name) ?? "", pattern] as const,
  );
  return Object.fromEntries(asked.filter(([, value, pattern]) => pattern.test(value)));
}

/**
 * Starts the authorization code grant with PKCE (RFC 6749 4.1.1, RFC 7636). Writes the cookie that holds the
 * transaction and returns the address to send the browser to. `link` is the query of the sign-in link.
 */
export async function createAuthorizationRequest(
  jar: CookieJar,
  returnTo: string,
  link: URLSearchParams,
): Promise<string> {
  const { config } = jar;
  const { state, nonce, codeVerifier } = await startTransaction(jar, returnTo);
  const query = new URLSearchParams({
    response_type: "code",
    client_id: config.clientId,
    redirect_uri: config.redirectUri,
    scope: config.scope,
    state,
    nonce,
    code_challenge: encode(await sha256(codeVerifier)),
    code_challenge_method: "S256",
    ...readLink(link),
  });
  const path = link.get("screen") === "signup" ? "/signup" : "/oauth2/authorize";
  // Only forms read "+" as a space; every server reads %20 as one.
  return `${config.domain}${path}?${query.toString().replaceAll("+", "%20")}`;
}

/** Returns the `state` of the response at the callback (RFC 6749 4.1.2), or "". */
export function readState(query: URLSearchParams): string {
  return readOnce(query, "state") ?? "";
}

/** Returns the code of the response at the callback. Throws `authorization_denied` or `authorization_failed`. */
export function readCode(query: URLSearchParams, issuer: string): string {
  if (query.has("error")) {
    const isRefusal = REFUSALS.test(query.get("error") ?? "");
    throw new AuthError(isRefusal ? "authorization_denied" : "authorization_failed", "Cognito answered with an error");
  }
  const code = readOnce(query, "code") ?? "";
  const isOfIssuer = !query.has("iss") || readOnce(query, "iss") === issuer; // RFC 9207; Cognito sends none.
  if (isOfIssuer && /^[\w.~+/=-]{1,1024}$/.test(code)) return code;
  throw new AuthError("authorization_failed", "The answer has no code, or names another issuer");
}

/** Returns the value of a parameter, or null when it is absent or repeated (RFC 6749 3.1). */
function readOnce(query: URLSearchParams, name: string): string | null {
  const [value = null, ...others] = query.getAll(name);
  return others.length === 0 ? value : null;
}
