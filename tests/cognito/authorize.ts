import { randomBytes, randomUUID } from "node:crypto";
import { type AuthorizeRequest, callbackUrl, errorRedirect, readAuthorizeRequest } from "./authorize-request";
import { type Answer, type Exchange, redirect } from "./http";
import { loginPage, signupPage } from "./pages";
import { type BrowserSession, findActiveUser, type Pool } from "./pool";
import type { PoolUser } from "./types";

/** GET /oauth2/authorize */
export function authorize(pool: Pool, exchange: Exchange): Answer {
  const read = readAuthorizeRequest(pool, exchange);
  if ("refusal" in read) return read.refusal;
  const { request } = read;
  const stored = readBrowserSession(pool, exchange.cookie);
  const session = stored && isRecent(stored, request.maxAge) ? stored : null;
  if (request.prompts.includes("none")) {
    return session ? silent(pool, request, session) : errorRedirect(pool, request, { error: "login_required" });
  }
  const provider = request.identityProvider;
  if (provider && provider !== "COGNITO") return federate(pool, request, provider);
  const asksAgain = request.prompts.includes("login") || request.prompts.includes("select_account");
  if (session && !asksAgain) return silent(pool, request, session);
  return redirect(`${pool.domain}/login${exchange.search}`);
}

/** GET /login */
export function showLogin(pool: Pool, exchange: Exchange): Answer {
  const read = readAuthorizeRequest(pool, exchange);
  if ("refusal" in read) return read.refusal;
  return loginPage(pool, exchange, { username: read.request.loginHint ?? "", message: "" });
}

/** POST /login */
export function submitLogin(pool: Pool, exchange: Exchange): Answer {
  const read = readAuthorizeRequest(pool, exchange);
  if ("refusal" in read) return read.refusal;
  const { request } = read;
  const { username = "", password } = exchange.form;
  const user = findActiveUser(pool, username);
  if (!user || user.provider || user.password !== password) {
    return loginPage(pool, exchange, { username, message: "Incorrect username or password." });
  }
  const refusal = pool.settings.triggerError;
  if (refusal) return errorRedirect(pool, request, { error_description: refusal, error: "invalid_request" });
  return signIn(pool, request, user);
}

/** GET /signup */
export function showSignup(pool: Pool, exchange: Exchange): Answer {
  const read = readAuthorizeRequest(pool, exchange);
  return "refusal" in read ? read.refusal : signupPage(exchange);
}

/** The provider's pages are left out: its first user, or the one in login_hint, is signed in there already. */
function federate(pool: Pool, request: AuthorizeRequest, provider: string): Answer {
  const users = pool.users.filter((user) => user.provider === provider && !user.disabled);
  const hinted = users.find((user) => [user.username, user.email].includes(request.loginHint ?? ""));
  const user = hinted ?? users[0];
  if (!user) return errorRedirect(pool, request, { error: "invalid_request" });
  const failure = pool.settings.federationError;
  if (failure) return errorRedirect(pool, request, { error: "invalid_request", error_description: failure });
  // Cognito invents a nonce for a federated sign-in that came without one, and it shows in the ID token.
  const nonce = request.nonce ?? randomBytes(32).toString("base64url");
  return signIn(pool, { ...request, nonce }, user);
}

function signIn(pool: Pool, request: AuthorizeRequest, user: PoolUser): Answer {
  const now = Date.now();
  const session = {
    username: user.username,
    authTime: Math.floor(now / 1000),
    expiresAt: now + pool.settings.ssoSeconds * 1000,
  };
  const location = callbackWithCode(pool, request, session);
  if (pool.settings.ssoSeconds === 0) return redirect(location);
  const id = randomUUID();
  pool.browserSessions.set(id, session);
  return redirect(location, { "set-cookie": sessionCookie(id, pool.settings.ssoSeconds) });
}

function silent(pool: Pool, request: AuthorizeRequest, session: BrowserSession): Answer {
  const authTime = pool.settings.ssoAuthTime === "first" ? session.authTime : Math.floor(Date.now() / 1000);
  return redirect(callbackWithCode(pool, request, { ...session, authTime }));
}

function callbackWithCode(pool: Pool, request: AuthorizeRequest, session: BrowserSession): string {
  const code = randomUUID();
  pool.codes.set(code, {
    clientId: request.client.clientId,
    redirectUri: request.redirectUri,
    username: session.username,
    scopes: request.scopes,
    nonce: request.nonce,
    resource: request.resource,
    challenge: request.challenge,
    authTime: session.authTime,
    expiresAt: Date.now() + pool.settings.codeSeconds * 1000,
  });
  const params = new URLSearchParams({ code, ...(request.state !== undefined && { state: request.state }) });
  return callbackUrl(request.redirectUri, params.toString());
}

function readBrowserSession(pool: Pool, cookie: string | undefined): BrowserSession | null {
  const session = pool.browserSessions.get(cookie ?? "");
  if (!session || !findActiveUser(pool, session.username)) return null;
  return Date.now() < session.expiresAt && pool.settings.ssoSeconds > 0 ? session : null;
}

/** OpenID Connect Core 3.1.2.1: a `max_age` of 0 always asks, as `prompt=login` does. */
function isRecent({ authTime }: BrowserSession, maxAge: number): boolean {
  return maxAge > 0 && Math.floor(Date.now() / 1000) - authTime <= maxAge;
}

export function sessionCookie(value: string, maxAge: number): string {
  return `cognito=${value}; Max-Age=${maxAge}; Path=/; HttpOnly; SameSite=Lax`;
}
