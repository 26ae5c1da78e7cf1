import { type Answer, type Exchange, redirect } from "./http";
import { findClient, grantedScopes, hasGrant, type Pool } from "./pool";
import type { AppClient, Params } from "./types";

export interface AuthorizeRequest {
  client: AppClient;
  redirectUri: string;
  state: string | undefined;
  scopes: string[];
  nonce: string | undefined;
  challenge: string | undefined;
  resource: string | undefined;
  /** Empty when the pool ignores them. */
  prompts: string[];
  /** Seconds; infinite without one, and when the pool ignores it. */
  maxAge: number;
  loginHint: string | undefined;
  identityProvider: string | undefined;
}

type AuthorizeVerdict = { request: AuthorizeRequest } | { refusal: Answer };

/** Reads what /oauth2/authorize, /login and /signup take alike. */
export function readAuthorizeRequest(pool: Pool, exchange: Exchange): AuthorizeVerdict {
  const { query } = exchange;
  const client = findClient(pool, query.client_id);
  const redirectUri = query.redirect_uri ?? "";
  if (exchange.repeated || !query.client_id) return { refusal: errorPage(pool, "invalid_request", query.client_id) };
  // Exact strings: case, port and a trailing slash count.
  if (!client?.callbackUrls.includes(redirectUri)) {
    return { refusal: errorPage(pool, "redirect_mismatch", query.client_id) };
  }
  const scopes = grantedScopes(client, query.scope);
  const error = findError(client, query, scopes);
  const state = isJsonObject(query.state) ? undefined : query.state;
  if (error || !scopes) {
    return { refusal: errorRedirect(pool, { redirectUri, state }, { error: error ?? "invalid_scope" }) };
  }
  const request = {
    client,
    redirectUri,
    state,
    scopes,
    nonce: query.nonce,
    challenge: query.code_challenge,
    resource: query.resource,
    prompts: pool.settings.prompt === "ignored" ? [] : promptsOf(query),
    maxAge: pool.settings.maxAge === "ignored" ? Number.POSITIVE_INFINITY : maxAgeOf(query),
    loginHint: query.login_hint,
    identityProvider: query.identity_provider,
  };
  return { request };
}

function findError(client: AppClient, query: Params, scopes: string[] | null): string | null {
  if (!query.response_type) return "invalid_request";
  if (query.response_type !== "code" || !hasGrant(client, "code")) return "unauthorized_client";
  if (isJsonObject(query.state)) return "invalid_request";
  if (!isChallengeGood(query) || !isPromptGood(promptsOf(query))) return "invalid_request";
  if (query.resource !== undefined && !isResourceGood(query.resource)) return "invalid_request";
  if (!scopes) return "invalid_scope";
  const needsOpenid = scopes.some((scope) => ["email", "phone", "profile"].includes(scope));
  return needsOpenid && !scopes.includes("openid") ? "invalid_scope" : null;
}

/** Optional for Cognito, but then S256 and whole. */
function isChallengeGood({ code_challenge: challenge, code_challenge_method: method }: Params): boolean {
  if (challenge === undefined) return method === undefined;
  return method === "S256" && /^[\w-]{43}$/.test(challenge);
}

function promptsOf(query: Params): string[] {
  return (query.prompt ?? "").split(" ").filter(Boolean);
}

/** What Cognito makes of a `max_age` that is no number is not documented. Here it does not count. */
function maxAgeOf({ max_age: maxAge = "" }: Params): number {
  return /^\d+$/.test(maxAge) ? Number(maxAge) : Number.POSITIVE_INFINITY;
}

function isPromptGood(prompts: string[]): boolean {
  const known = ["none", "login", "select_account", "consent"];
  return prompts.every((prompt) => known.includes(prompt)) && (!prompts.includes("none") || prompts.length === 1);
}

/** One absolute URL: https, http on localhost, or an app's own scheme. */
function isResourceGood(resource: string): boolean {
  if (!URL.canParse(resource)) return false;
  const { protocol, hostname } = new URL(resource);
  return protocol !== "http:" || hostname === "localhost";
}

/** Cognito does not take JSON in state. */
function isJsonObject(state: string | undefined): boolean {
  return state?.trimStart().startsWith("{") ?? false;
}

function errorPage(pool: Pool, error: string, clientId: string | undefined): Answer {
  const params = new URLSearchParams({ error, ...(clientId && { client_id: clientId }) });
  return redirect(`${pool.domain}/error?${params}`);
}

export function errorRedirect(
  pool: Pool,
  { redirectUri, state }: Pick<AuthorizeRequest, "redirectUri" | "state">,
  params: Params,
): Answer {
  const withState = { ...params, ...(state !== undefined && pool.settings.errorState && { state }) };
  // An "=" inside a value stays one, as in Cognito's doubled `error_description=error_description=…`.
  return redirect(callbackUrl(redirectUri, new URLSearchParams(withState).toString().replaceAll("%3D", "=")));
}

export function callbackUrl(redirectUri: string, search: string): string {
  return redirectUri + (redirectUri.includes("?") ? "&" : "?") + search;
}
