import { createLocalJWKSet, type JWTPayload, jwtVerify } from "jose";
import { sessionCookie } from "./authorize";
import { attributeClaims, identityOf, nowSeconds } from "./claims";
import { authenticateClient } from "./client-auth";
import { type Answer, type Exchange, json, oauthError, redirect } from "./http";
import { publishedKeys } from "./keys";
import { errorHtml } from "./pages";
import { findActiveUser, findClient, issuerOf, type Pool } from "./pool";
import { revokeRefreshToken } from "./sign-ins";

/** POST /oauth2/revoke */
export function revoke(pool: Pool, exchange: Exchange): Answer {
  const verdict = authenticateClient(pool, exchange);
  if ("error" in verdict) {
    return oauthError(verdict.error === "invalid_client" ? 401 : 400, verdict.error, verdict.description);
  }
  const { token } = exchange.form;
  if (!token || verdict.client.revocation === false) return oauthError(400, "invalid_request");
  if (token.split(".").length === 3) return oauthError(400, "unsupported_token_type");
  const owner = pool.refreshTokens.get(token)?.signIn.clientId;
  if (owner !== undefined && owner !== verdict.client.clientId) return oauthError(400, "invalid_request");
  revokeRefreshToken(pool, token);
  return { ...json(200, null), body: "" };
}

/** GET /oauth2/userInfo */
export async function userInfo(pool: Pool, exchange: Exchange): Promise<Answer> {
  const token = /^bearer (\S+)$/i.exec(exchange.headers.authorization ?? "")?.[1];
  if (!token) return challenge(400, "invalid_request", "Bad OAuth2 request at UserInfo Endpoint");
  const claims = await readLiveToken(pool, token);
  const user = findActiveUser(pool, claims ? String(claims.username) : undefined);
  if (!claims || !user) {
    const text = "Access token is expired, disabled, or deleted, or the user has globally signed out.";
    return challenge(401, "invalid_token", text);
  }
  const scopes = String(claims.scope).split(" ");
  if (!scopes.includes("openid")) return challenge(401, "invalid_token", "Access token does not contain openid scope");
  // Unlike in the ID token every value is a string here, identities included.
  const attributes = Object.entries(attributeClaims(user, scopes)).map(([name, value]) => [name, String(value)]);
  const identities = user.provider && { identities: JSON.stringify([identityOf(user)]) };
  return json(200, { sub: user.sub, ...identities, ...Object.fromEntries(attributes), username: user.username });
}

async function readLiveToken(pool: Pool, token: string): Promise<JWTPayload | null> {
  const keys = createLocalJWKSet({ keys: publishedKeys(pool.keys).map((key) => key.jwk) });
  const verified = await jwtVerify(token, keys, {
    issuer: issuerOf(pool),
    algorithms: ["RS256"],
    currentDate: new Date(nowSeconds(pool) * 1000),
  }).catch(() => null);
  const claims = verified?.payload;
  if (claims?.token_use !== "access") return null;
  const issue = pool.issues.get(String(claims.jti));
  if (issue) return issue.signIn.revoked || issue.refreshToken?.revoked ? null : claims;
  const signedOutAt = pool.signedOutAt.get(String(claims.username)) ?? 0;
  return (claims.iat ?? 0) - pool.settings.clockSkewSeconds > signedOutAt ? claims : null;
}

function challenge(status: number, error: string, description: string): Answer {
  const header = `error="${error}", error_description="${description}"`;
  return json(status, { error, error_description: description }, { "www-authenticate": header });
}

/** GET /logout: ends the login page's session, and neither the provider's nor any token. */
export function logout(pool: Pool, exchange: Exchange): Answer {
  const { client_id: clientId, logout_uri: logoutUri, redirect_uri: redirectUri } = exchange.query;
  const client = findClient(pool, clientId);
  const clear = { "set-cookie": sessionCookie("", 0) };
  const isSignOut = logoutUri !== undefined && client?.logoutUrls.includes(logoutUri);
  const isChange = logoutUri === undefined && redirectUri !== undefined && client?.callbackUrls.includes(redirectUri);
  if (!isSignOut && !isChange) {
    return errorHtml(
      (logoutUri ?? redirectUri) ? "invalid_request" : "Required String parameter 'redirect_uri' is not present",
    );
  }
  pool.browserSessions.delete(exchange.cookie ?? "");
  // No other parameter, state included, survives a sign-out.
  return redirect(isSignOut ? logoutUri : `${pool.domain}/login${exchange.search}`, clear);
}
