// The authorization code grant at Cognito's authorization endpoint: the request, and the response at the callback.

import { encode } from "jose/base64url";
import { AuthError } from "../base/errors";
import { sha256 } from "../base/hash";
import type { CookieJar } from "../http/cookie-jar";
import { startTransaction, type Transaction, takeTransaction } from "./transactions";

/** A response at the callback, with its transaction. */
export interface AuthorizationResponse {
  readonly transaction: Transaction;
  /** An error when there is no code to redeem: `authorization_denied`, `authorization_failed` or `grant_rejected`. */
  readonly code: string | AuthError;
}

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

/**
 * Reads the response at the callback (RFC 6749 4.1.2) and marks its transaction as used. Throws `transaction_missing`
 * when this browser did not start that sign-in in the last ten minutes, or when it was answered before: do not trust
 * the query.
 */
export async function readAuthorizationResponse(
  jar: CookieJar,
  query: URLSearchParams,
): Promise<AuthorizationResponse> {
  const state = readOnce(query, "state") ?? "";
  const { transaction, isUsed } = await takeTransaction(jar, state);
  return { transaction, code: isUsed ? usedBefore() : readCode(query, jar.config.issuer) };
}

/** Rejects without a call: a client could send one transaction with any number of guessed codes. */
function usedBefore(): AuthError {
  return new AuthError("grant_rejected", "This sign-in was answered before");
}

function readCode(query: URLSearchParams, issuer: string): string | AuthError {
  if (query.has("error")) {
    const isRefusal = /^(access_denied|login_required|consent_required|interaction_required)$/.test(
      query.get("error") ?? "",
    );
    return new AuthError(isRefusal ? "authorization_denied" : "authorization_failed", "Cognito answered with an error");
  }
  const code = readOnce(query, "code") ?? "";
  const isOfIssuer = !query.has("iss") || readOnce(query, "iss") === issuer; // RFC 9207; Cognito sends none.
  if (isOfIssuer && /^[\w.~+/=-]{1,1024}$/.test(code)) return code;
  return new AuthError("authorization_failed", "The answer has no code, or names another issuer");
}

/** Returns the value of a parameter, or null when it is absent or repeated (RFC 6749 3.1). */
function readOnce(query: URLSearchParams, name: string): string | null {
  const [value = null, ...others] = query.getAll(name);
  return others.length === 0 ? value : null;
}
