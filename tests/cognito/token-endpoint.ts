import { createHash } from "node:crypto";
import { machineClaims } from "./claims";
import { authenticateClient } from "./client-auth";
import { type Answer, type Exchange, json, oauthError } from "./http";
import { signToken } from "./keys";
import { findActiveUser, grantedScopes, hasGrant, type Pool } from "./pool";
import { createSignIn, spendRefreshToken, startSignIn } from "./sign-ins";
import { issueTokens } from "./tokens";
import type { AppClient } from "./types";

type Grant = (pool: Pool, exchange: Exchange, client: AppClient) => Promise<Answer>;

const grants = {
  authorization_code: { grant: "code", redeem: redeemCode },
  refresh_token: { grant: "refresh_token", redeem: refresh },
  client_credentials: { grant: "client_credentials", redeem: issueMachineToken },
} as const satisfies Record<string, { grant: Parameters<typeof hasGrant>[1]; redeem: Grant }>;

function isGrantType(value: string): value is keyof typeof grants {
  return Object.hasOwn(grants, value);
}

/** POST /oauth2/token */
export async function token(pool: Pool, exchange: Exchange): Promise<Answer> {
  const answer = await answerToken(pool, exchange);
  return { ...answer, headers: { ...answer.headers, "access-control-allow-origin": "*" } };
}

async function answerToken(pool: Pool, exchange: Exchange): Promise<Answer> {
  if (exchange.repeated) return oauthError(400, "invalid_request", "repeated parameter");
  const verdict = authenticateClient(pool, exchange);
  if ("error" in verdict) return oauthError(400, verdict.error, verdict.description);
  const grantType = exchange.form.grant_type;
  if (!grantType) return oauthError(400, "invalid_request", "grant_type is missing");
  if (!isGrantType(grantType)) return oauthError(400, "unsupported_grant_type");
  const { grant, redeem } = grants[grantType];
  if (!hasGrant(verdict.client, grant)) return oauthError(400, "unauthorized_client");
  return await redeem(pool, exchange, verdict.client);
}

async function redeemCode(pool: Pool, exchange: Exchange, client: AppClient): Promise<Answer> {
  const { code, redirect_uri: redirectUri, code_verifier: verifier } = exchange.form;
  if (!code || !redirectUri) return oauthError(400, "invalid_request");
  const granted = pool.codes.get(code);
  if (!granted || granted.clientId !== client.clientId) return oauthError(400, "invalid_grant");
  // Single use, failed uses included.
  pool.codes.delete(code);
  if (Date.now() >= granted.expiresAt) return oauthError(400, "invalid_grant");
  // Not invalid_grant, as RFC 6749 §5.2 has it.
  if (granted.redirectUri !== redirectUri) return oauthError(400, "unauthorized_client", "invalid_redirect");
  if (granted.challenge !== undefined && hash(verifier ?? "") !== granted.challenge) {
    return oauthError(400, "invalid_grant");
  }
  const { username, scopes, nonce, resource, authTime } = granted;
  if (!findActiveUser(pool, username)) return oauthError(400, "invalid_grant");
  const signIn = createSignIn(pool, { username, clientId: client.clientId, scopes, nonce, resource, authTime });
  const refreshToken = startSignIn(pool, signIn);
  const context = { refreshToken, next: refreshToken, nonce, edits: exchange.edits };
  return json(200, await issueTokens(pool, signIn, context));
}

async function refresh(pool: Pool, exchange: Exchange, client: AppClient): Promise<Answer> {
  const { refresh_token: refreshToken } = exchange.form;
  if (!refreshToken) return oauthError(400, "invalid_request");
  const signIn = pool.refreshTokens.get(refreshToken)?.signIn;
  if (signIn?.clientId !== client.clientId || !findActiveUser(pool, signIn.username))
    return oauthError(400, "invalid_grant");
  const spent = spendRefreshToken(pool, refreshToken);
  if (!spent) return oauthError(400, "invalid_grant");
  const nonce = pool.settings.refreshNonce === "same" ? signIn.nonce : undefined;
  const context = { refreshToken: spent.next ?? spent.entry, next: spent.next, nonce, edits: exchange.edits };
  return json(200, await issueTokens(pool, signIn, context));
}

async function issueMachineToken(pool: Pool, exchange: Exchange, client: AppClient): Promise<Answer> {
  const scopes = grantedScopes(client, exchange.form.scope);
  if (!scopes) return oauthError(400, "invalid_scope");
  const claims = machineClaims(pool, client, scopes);
  const edited = exchange.edits.claims?.access?.(claims) ?? claims;
  const header = exchange.edits.header?.access?.({});
  return json(200, {
    access_token: await signToken(pool.keys.access, edited, header),
    expires_in: pool.settings.accessTokenSeconds,
    token_type: "Bearer",
  });
}

/** RFC 7636 §4.6. */
function hash(verifier: string): string {
  return createHash("sha256").update(verifier).digest("base64url");
}
