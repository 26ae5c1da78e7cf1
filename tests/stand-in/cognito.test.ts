import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Cognito, type RefreshTokenState, sampleUsers, startCognito } from "../cognito/index";
import { startTestPool, type TestPool } from "../cognito/testing";

// RFC 7636 appendix B.
const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const callback = "http://127.0.0.1:3000/auth/callback";
const publicClient = "public";
const secretClient = "confidential";
const secrets = ["first+secret-0123456789abcd", "second-secret-0123456789ab"] as const;
const machine = "machine";
const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

let cognito: Cognito;
let initialSettings: Cognito["settings"];

beforeAll(async () => {
  cognito = await startCognito({
    clients: [
      { clientId: publicClient, callbackUrls: [callback], logoutUrls: ["http://127.0.0.1:3000"] },
      { clientId: secretClient, clientSecrets: secrets, callbackUrls: [callback], logoutUrls: [] },
      { clientId: "keeps", callbackUrls: [callback], logoutUrls: [], revocation: false },
      {
        clientId: machine,
        clientSecret: secrets[0],
        callbackUrls: [],
        logoutUrls: [],
        grants: ["client_credentials"],
        scopes: ["api/read", "api/write"],
      },
    ],
  });
  initialSettings = structuredClone(cognito.settings);
});

beforeEach(() => {
  Object.assign(cognito.settings, structuredClone(initialSettings));
  cognito.clearFaults();
  cognito.clearRequests();
});

afterAll(() => cognito.close());

type Params = Record<string, string>;

function authorizeUrl(params: Record<string, string | undefined> = {}, path = "/oauth2/authorize"): string {
  const url = new URL(path, cognito.domain);
  const all = {
    response_type: "code",
    client_id: publicClient,
    redirect_uri: callback,
    scope: "openid email profile",
    state: "state-1",
    nonce: "nonce-1",
    code_challenge: challenge,
    code_challenge_method: "S256",
    ...params,
  };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

async function get(url: string, headers: Params = {}): Promise<Response> {
  return await fetch(new URL(url, cognito.domain), { redirect: "manual", headers });
}

async function post(path: string, form: Params, headers: Params = {}): Promise<Response> {
  const body = new URLSearchParams(form);
  return await fetch(new URL(path, cognito.domain), { method: "POST", body, headers, redirect: "manual" });
}

function locationOf(response: Response): URL {
  return new URL(response.headers.get("location") ?? "about:blank");
}

async function redirectParams(params: Record<string, string | undefined>): Promise<Params> {
  const location = locationOf(await get(authorizeUrl(params)));
  expect(location.href.startsWith(`${callback}?`)).toBe(true);
  return Object.fromEntries(location.searchParams);
}

async function codeFor(username = "ada", params: Record<string, string | undefined> = {}): Promise<string> {
  const url = new URL(await cognito.authorize(authorizeUrl(params), username));
  return url.searchParams.get("code") ?? "";
}

function redeem(code: string, form: Params = {}, headers: Params = {}): Promise<Response> {
  const usual = { grant_type: "authorization_code", client_id: publicClient, redirect_uri: callback };
  return post("/oauth2/token", { ...usual, code, code_verifier: verifier, ...form }, headers);
}

function refresh(token: string, form: Params = {}): Promise<Response> {
  const usual = { grant_type: "refresh_token", client_id: publicClient, refresh_token: token };
  return post("/oauth2/token", { ...usual, ...form });
}

async function refreshed(token: string): Promise<Params> {
  const response = await refresh(token);
  expect(response.status).toBe(200);
  return await response.json();
}

function revoke(token: string, form: Params = { client_id: publicClient }): Promise<Response> {
  return post("/oauth2/revoke", { token, ...form });
}

function userInfo(token: string): Promise<Response> {
  return get("/oauth2/userInfo", { authorization: `Bearer ${token}` });
}

async function tokensFor(username = "ada", params: Record<string, string | undefined> = {}): Promise<Params> {
  const response = await redeem(await codeFor(username, params));
  expect(response.status).toBe(200);
  return await response.json();
}

function claimsOf(token: string | undefined): Record<string, unknown> {
  return decodeJwt(token ?? "");
}

function basic(id: string, secret: string): Params {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` };
}

async function ssoCookie(username = "ada"): Promise<string> {
  const login = authorizeUrl({}, "/login");
  const response = await post(login, { username, password: "Passw0rd!" });
  return response.headers.get("set-cookie")?.split(";", 1)[0] ?? "";
}

describe("origins, discovery and keys", () => {
  test("issuer and domain are different origins, and only the issuer serves discovery and keys", async () => {
    expect(new URL(cognito.issuer).origin).not.toBe(cognito.domain);
    expect(cognito.issuer).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/eu-central-1_Sample01$/);
    expect((await get(`/${cognito.poolId}/.well-known/jwks.json`)).status).toBe(404);
    const misplaced = await fetch(`${new URL(cognito.issuer).origin}/oauth2/authorize`);
    expect([misplaced.status, (await misplaced.json()).code]).toEqual([400, "BadRequest"]);
  });

  test("discovery lists exactly Cognito's members", async () => {
    const found = await (await fetch(`${cognito.issuer}/.well-known/openid-configuration`)).json();
    expect(Object.keys(found)).toEqual([
      "authorization_endpoint",
      "end_session_endpoint",
      "id_token_signing_alg_values_supported",
      "issuer",
      "jwks_uri",
      "response_types_supported",
      "revocation_endpoint",
      "scopes_supported",
      "subject_types_supported",
      "token_endpoint",
      "token_endpoint_auth_methods_supported",
      "userinfo_endpoint",
    ]);
    expect(found.issuer).toBe(cognito.issuer);
    expect(found.token_endpoint).toBe(`${cognito.domain}/oauth2/token`);
    expect(found.userinfo_endpoint).toBe(`${cognito.domain}/oauth2/userInfo`);
    expect(found.end_session_endpoint).toBe(`${cognito.domain}/logout`);
  });

  test("the issuer switches to its updated form, in discovery and in tokens alike", async () => {
    const original = cognito.issuer;
    cognito.settings.issuerForm = "updated";
    expect(cognito.issuer).not.toBe(original);
    const found = await (await fetch(`${cognito.issuer}/.well-known/openid-configuration`)).json();
    expect(found.issuer).toBe(cognito.issuer);
    expect(claimsOf((await tokensFor()).access_token).iss).toBe(cognito.issuer);
  });

  test("the two tokens of a sign-in verify, against two different keys with base64 kids", async () => {
    const tokens = await tokensFor();
    const keys = createRemoteJWKSet(new URL(`${cognito.issuer}/.well-known/jwks.json`));
    const kids = [tokens.access_token, tokens.id_token].map((jwt) => decodeProtectedHeader(jwt ?? ""));
    expect(kids).toEqual([
      { kid: cognito.keys.access.kid, alg: "RS256" },
      { kid: cognito.keys.id.kid, alg: "RS256" },
    ]);
    expect(cognito.keys.access.kid).toMatch(/^[A-Za-z\d+/]{43}=$/);
    expect(cognito.keys.access.kid).not.toBe(cognito.keys.id.kid);
    const verified = await jwtVerify(tokens.id_token ?? "", keys, { issuer: cognito.issuer, audience: publicClient });
    expect(verified.payload.sub).toBe(sampleUsers[0]?.sub);
    await jwtVerify(tokens.access_token ?? "", keys, { issuer: cognito.issuer });
  });

  test("the JWKS holds public signing keys and nothing private", async () => {
    const { keys } = await (await fetch(`${cognito.issuer}/.well-known/jwks.json`)).json();
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      expect(Object.keys(key)).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
      expect(key).toMatchObject({ alg: "RS256", e: "AQAB", kty: "RSA", use: "sig" });
    }
  });

  test("a rotation keeps the old keys published, or drops them at once", async () => {
    const kids = async () => {
      const { keys } = await (await fetch(`${cognito.issuer}/.well-known/jwks.json`)).json();
      return keys.map((key: { kid: string }) => key.kid);
    };
    const old = await kids();
    await cognito.rotateKeys();
    expect(await kids()).toEqual(expect.arrayContaining(old));
    expect(await kids()).toHaveLength(4);
    await cognito.rotateKeys({ keepOld: false });
    expect(await kids()).toEqual([cognito.keys.id.kid, cognito.keys.access.kid]);
  });

  test("a busy port rejects with EADDRINUSE and leaves nothing running", async () => {
    const issuerPort = Number(new URL(cognito.issuer).port);
    await expect(startCognito({ clients: [], issuerPort })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

describe("authorize and login", () => {
  test("authorize redirects to /login with the same query, and signing in goes to the callback with code and state", async () => {
    const url = new URL(authorizeUrl());
    const toLogin = await get(url.href);
    expect([toLogin.status, toLogin.headers.get("location")]).toEqual([302, `${cognito.domain}/login${url.search}`]);
    const page = await get(locationOf(toLogin).href);
    expect(page.status).toBe(200);
    const answer = await post(locationOf(toLogin).href, { username: "ada", password: "Passw0rd!" });
    expect(answer.status).toBe(302);
    const { code, ...rest } = Object.fromEntries(locationOf(answer).searchParams);
    expect(code).toMatch(uuid);
    expect(rest).toEqual({ state: "state-1" });
  });

  test("state comes back unchanged, whatever its characters", async () => {
    const state = "a+b/c==&d=é %2F";
    const back = new URL(await cognito.authorize(authorizeUrl({ state }), "ada"));
    expect(back.searchParams.get("state")).toBe(state);
  });

  test("a wrong password shows the login page again", async () => {
    const login = authorizeUrl({}, "/login");
    const answer = await post(login, { username: "ada", password: "wrong" });
    expect(await answer.text()).toContain("Incorrect username or password.");
    const federated = await post(login, { username: "Google_104217", password: "Passw0rd!" });
    expect(await federated.text()).toContain("Incorrect username or password.");
  });

  test.each([
    ["another path", { redirect_uri: `${callback}/` }],
    ["another case", { redirect_uri: callback.replace("callback", "Callback") }],
    ["another port", { redirect_uri: callback.replace("3000", "3001") }],
    ["another host name", { redirect_uri: callback.replace("127.0.0.1", "localhost") }],
    ["an extra query", { redirect_uri: `${callback}?a=1` }],
    ["no callback", { redirect_uri: undefined }],
    ["an unknown client", { client_id: "unknown" }],
  ])("%s ends on the domain's error page, never at the app", async (_, params) => {
    const answer = await get(authorizeUrl(params));
    const location = locationOf(answer);
    const clientId = "client_id" in params ? params.client_id : publicClient;
    expect(location.href).toBe(`${cognito.domain}/error?error=redirect_mismatch&client_id=${clientId}`);
    expect((await get(location.href)).status).toBe(400);
  });

  test.each([
    ["no response_type", { response_type: undefined }, "invalid_request"],
    ["the implicit grant", { response_type: "token" }, "unauthorized_client"],
    ["a challenge without its method", { code_challenge_method: undefined }, "invalid_request"],
    ["a plain challenge", { code_challenge_method: "plain" }, "invalid_request"],
    ["a challenge of the wrong length", { code_challenge: "short" }, "invalid_request"],
    ["a scope that is not the client's", { scope: "openid api/read" }, "invalid_scope"],
    ["email without openid", { scope: "email" }, "invalid_scope"],
    ["prompt=none without a session", { prompt: "none" }, "login_required"],
    ["prompt=none with another", { prompt: "none login" }, "invalid_request"],
    ["an unknown provider", { identity_provider: "Elsewhere" }, "invalid_request"],
    ["a relative resource", { resource: "/api" }, "invalid_request"],
  ])("%s comes back to the callback as an error with state", async (_, params, error) => {
    expect(await redirectParams(params)).toEqual({ error, state: "state-1" });
  });

  test("JSON in state is refused, and lost", async () => {
    expect(await redirectParams({ state: '{"returnTo":"/"}' })).toEqual({ error: "invalid_request" });
  });

  test("error redirects can come without state", async () => {
    cognito.settings.errorState = false;
    expect(await redirectParams({ prompt: "none" })).toEqual({ error: "login_required" });
  });

  test("a provider's failure can carry Cognito's doubled error_description prefix", async () => {
    cognito.settings.federationError = "error_description=Timeout in calling jwks uri";
    const { search } = locationOf(await get(authorizeUrl({ identity_provider: "Google" })));
    expect(search).toContain("error=invalid_request&error_description=error_description=Timeout+in+calling+jwks+uri");
  });

  test("a Lambda refusal names the description first", async () => {
    cognito.settings.triggerError = "PreSignUp failed with error no.";
    const { search } = new URL(await cognito.authorize(authorizeUrl(), "ada"));
    expect(search).toBe("?error_description=PreSignUp+failed+with+error+no.&error=invalid_request&state=state-1");
  });

  test("a repeated parameter is refused", async () => {
    const answer = await get(`${authorizeUrl()}&state=twice`);
    expect(locationOf(answer).href).toBe(`${cognito.domain}/error?error=invalid_request&client_id=${publicClient}`);
  });

  test("login_hint is filled in, and what is reflected is escaped", async () => {
    const hint = `"><script>alert(1)</script>&'`;
    const text = await (await get(authorizeUrl({ login_hint: hint }, "/login"))).text();
    expect(text).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#39;"');
    expect(text).not.toContain("<script");
    const error = await (await get(`/error?error=${encodeURIComponent(hint)}&client_id=%3Cb%3E`)).text();
    expect(error).not.toMatch(/<script|<b>/);
  });

  test("the login page lists the sample users and says that it is a stand-in", async () => {
    const page = await get(authorizeUrl({}, "/login"));
    const text = await page.text();
    expect(text).toContain("Stand-in for Amazon Cognito – local only");
    for (const { description } of sampleUsers) expect(text).toContain(description);
    expect(text).toContain("Continue with Google (sample)");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  test("/signup shows a page and checks the request as /login does", async () => {
    expect((await get(authorizeUrl({}, "/signup"))).status).toBe(200);
    const refused = await get(authorizeUrl({ redirect_uri: "http://evil.test/" }, "/signup"));
    expect(locationOf(refused).searchParams.get("error")).toBe("redirect_mismatch");
  });
});

describe("the login page's session", () => {
  test("its cookie is HttpOnly and Lax, lives an hour, and makes the next sign-in silent", async () => {
    const login = await post(authorizeUrl({}, "/login"), { username: "ada", password: "Passw0rd!" });
    expect(login.headers.get("set-cookie")).toMatch(
      /^cognito=[\da-f-]{36}; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const cookie = login.headers.get("set-cookie")?.split(";", 1)[0] ?? "";
    for (const prompt of [undefined, "none"]) {
      const silent = locationOf(await get(authorizeUrl({ prompt }), { cookie }));
      expect(silent.href.startsWith(`${callback}?code=`)).toBe(true);
    }
  });

  test("prompt=login and select_account ask again", async () => {
    const cookie = await ssoCookie();
    for (const prompt of ["login", "select_account"]) {
      expect(locationOf(await get(authorizeUrl({ prompt }), { cookie })).pathname).toBe("/login");
    }
  });

  test("a life of 0 turns it off", async () => {
    cognito.settings.ssoSeconds = 0;
    expect(await ssoCookie()).toBe("");
  });

  test("logout needs a registered logout_uri, ends the session and drops every other parameter", async () => {
    const cookie = await ssoCookie();
    const refused = await get(`/logout?client_id=${publicClient}&logout_uri=http://127.0.0.1:3000/`, { cookie });
    expect([refused.status, refused.headers.get("location")]).toEqual([400, null]);
    expect(locationOf(await get(authorizeUrl(), { cookie })).pathname).toBe("/auth/callback");

    const query = `client_id=${publicClient}&logout_uri=http://127.0.0.1:3000&state=s&redirect_uri=http://evil.test`;
    const done = await get(`/logout?${query}`, { cookie });
    expect([done.status, done.headers.get("location")]).toEqual([302, "http://127.0.0.1:3000"]);
    expect(done.headers.get("set-cookie")).toMatch(/^cognito=; Max-Age=0;/);
    expect(locationOf(await get(authorizeUrl(), { cookie })).pathname).toBe("/login");
  });

  test("logout with redirect_uri goes straight to the login page", async () => {
    const { search } = new URL(authorizeUrl());
    expect((await get(`/logout${search}`)).headers.get("location")).toBe(`${cognito.domain}/login${search}`);
  });

  test("logout without a target ends on an error page", async () => {
    const answer = await get(`/logout?client_id=${publicClient}`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("Required String parameter &#39;redirect_uri&#39; is not present");
  });

  test("logout revokes no token", async () => {
    const { refresh_token: token = "" } = await tokensFor();
    await get(`/logout?client_id=${publicClient}&logout_uri=http://127.0.0.1:3000`);
    expect((await refresh(token)).status).toBe(200);
  });
});

describe("federated users", () => {
  test("identity_provider signs in without a page and puts identities, with their odd types, in the ID token", async () => {
    const answer = await get(authorizeUrl({ identity_provider: "Google" }));
    const tokens = await (await redeem(locationOf(answer).searchParams.get("code") ?? "")).json();
    const claims = claimsOf(tokens.id_token);
    expect(claims["cognito:username"]).toBe("Google_104217");
    expect(claims.email_verified).toBe(false);
    expect(claims.identities).toEqual([
      {
        userId: "104217",
        providerName: "Google",
        providerType: "Google",
        issuer: null,
        primary: "true",
        dateCreated: expect.stringMatching(/^\d{13}$/),
      },
    ]);
    expect(claimsOf(tokens.access_token).username).toBe("Google_104217");
  });

  test("Cognito invents a nonce when none was sent, for a federated sign-in only", async () => {
    const federated = await tokensFor("Google_104217", { nonce: undefined });
    expect(claimsOf(federated.id_token).nonce).toEqual(expect.any(String));
    const native = await tokensFor("ada", { nonce: undefined });
    expect(claimsOf(native.id_token)).not.toHaveProperty("nonce");
    const sent = await tokensFor("Google_104217", { nonce: "mine" });
    expect(claimsOf(sent.id_token).nonce).toBe("mine");
  });
});

describe("authorization codes", () => {
  test("the answer has Cognito's members, no scope among them, and its headers", async () => {
    const response = await redeem(await codeFor());
    const body = await response.json();
    expect(Object.keys(body).sort()).toEqual(["access_token", "expires_in", "id_token", "refresh_token", "token_type"]);
    expect([body.token_type, body.expires_in]).toEqual(["Bearer", 3600]);
    expect(response.headers.get("content-type")).toBe("application/json;charset=UTF-8");
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("x-amz-cognito-request-id")).toMatch(uuid);
  });

  test("without openid there is no ID token, and userInfo refuses", async () => {
    const body = await (await redeem(await codeFor("ada", { scope: "aws.cognito.signin.user.admin" }))).json();
    expect(body).not.toHaveProperty("id_token");
    expect((await userInfo(body.access_token)).status).toBe(401);
  });

  test("a code works once", async () => {
    const code = await codeFor();
    expect((await redeem(code)).status).toBe(200);
    const again = await redeem(code);
    expect([again.status, await again.json()]).toEqual([400, { error: "invalid_grant" }]);
  });

  test("a code expires", async () => {
    cognito.settings.codeSeconds = 0;
    expect(await (await redeem(await codeFor())).json()).toEqual({ error: "invalid_grant" });
  });

  test("another redirect_uri is unauthorized_client with invalid_redirect", async () => {
    const answer = await redeem(await codeFor(), { redirect_uri: `${callback}/` });
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { error: "unauthorized_client", error_description: "invalid_redirect" },
    ]);
  });

  test("a code is bound to its challenge and its client", async () => {
    const wrong = { code_verifier: verifier.replace("d", "e") };
    expect(await (await redeem(await codeFor(), wrong)).json()).toEqual({ error: "invalid_grant" });
    const missing = { code_verifier: "" };
    expect(await (await redeem(await codeFor(), missing)).json()).toEqual({ error: "invalid_grant" });
    const other = { client_id: secretClient, client_secret: secrets[0] };
    expect(await (await redeem(await codeFor(), other)).json()).toEqual({ error: "invalid_grant" });
  });

  test("PKCE is optional for Cognito", async () => {
    const code = await codeFor("ada", { code_challenge: undefined, code_challenge_method: undefined });
    expect((await redeem(code, { code_verifier: "" })).status).toBe(200);
  });
});

describe("client authentication", () => {
  test("a confidential client may use Basic, with or without client_id in the body, or post, with either secret", async () => {
    const code = () => codeFor("ada", { client_id: secretClient });
    const form = { client_id: secretClient };
    expect((await redeem(await code(), form, basic(secretClient, secrets[0]))).status).toBe(200);
    for (const client_secret of secrets) {
      expect((await redeem(await code(), { ...form, client_secret })).status).toBe(200);
    }
    const { refresh_token: token } = await cognito.issueTokens("ada", secretClient);
    const bare = { grant_type: "refresh_token", refresh_token: token };
    expect((await post("/oauth2/token", bare, basic(secretClient, secrets[1]))).status).toBe(200);
  });

  test("a confidential client must authenticate on refresh and revoke too", async () => {
    const { refresh_token: token } = await cognito.issueTokens("ada", secretClient);
    const bare = await refresh(token, { client_id: secretClient });
    expect([bare.status, (await bare.json()).error]).toEqual([400, "invalid_client"]);
    const unproven = await revoke(token, { client_id: secretClient });
    expect([unproven.status, (await unproven.json()).error]).toEqual([401, "invalid_client"]);
    expect(cognito.refreshTokenState(token)).toBe<RefreshTokenState>("valid");
  });

  test("a secret from a public client, a wrong secret and an unknown client are refused", async () => {
    for (const form of [
      { client_id: publicClient, client_secret: "anything" },
      { client_id: secretClient, client_secret: "wrong" },
      { client_id: "unknown" },
    ]) {
      const answer = await redeem(await codeFor(), form);
      expect([answer.status, (await answer.json()).error]).toEqual([400, "invalid_client"]);
    }
  });

  test("two client authentications at once are refused", async () => {
    const form = { client_id: secretClient, client_secret: secrets[0] };
    const answer = await redeem(await codeFor(), form, basic(secretClient, secrets[0]));
    expect((await answer.json()).error).toBe("invalid_request");
  });

  test.each([
    [{ grant_type: "" }, "invalid_request"],
    [{ grant_type: "password" }, "unsupported_grant_type"],
    [{ grant_type: "client_credentials" }, "unauthorized_client"],
    [{ code: "" }, "invalid_request"],
    [{ redirect_uri: "" }, "invalid_request"],
    [{ client_id: "" }, "invalid_request"],
  ])("%o is %s", async (form, error) => {
    const answer = await redeem(await codeFor(), form);
    expect([answer.status, (await answer.json()).error]).toEqual([400, error]);
  });

  test("a repeated parameter and a body that is not a form are refused", async () => {
    const url = `${cognito.domain}/oauth2/token`;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = `grant_type=refresh_token&client_id=${publicClient}&client_id=${publicClient}&refresh_token=x`;
    expect((await fetch(url, { method: "POST", headers, body })).status).toBe(400);
    const json = await fetch(url, { method: "POST", body: JSON.stringify({ grant_type: "refresh_token" }) });
    expect([json.status, (await json.json()).error]).toEqual([400, "invalid_request"]);
    expect((await fetch(url)).status).toBe(405);
  });
});

describe("refresh", () => {
  test("a refresh token is opaque: five base64url parts, about 1,800 characters, a JWE's header", async () => {
    const { refresh_token: token = "" } = await tokensFor();
    expect(token).toMatch(/^[\w-]+(\.[\w-]+){4}$/);
    expect(token.length).toBeGreaterThan(1750);
    expect(token.length).toBeLessThan(1850);
    const header = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());
    expect(header).toEqual({ cty: "JWT", enc: "A256GCM", alg: "RSA-OAEP" });
  });

  test("without rotation no refresh token comes back and the old one keeps working", async () => {
    const { refresh_token: token = "" } = await tokensFor();
    expect(Object.keys(await refreshed(token)).sort()).toEqual([
      "access_token",
      "expires_in",
      "id_token",
      "token_type",
    ]);
    expect(cognito.refreshTokenState(token)).toBe<RefreshTokenState>("valid");
    await refreshed(token);
  });

  test("auth_time and origin_jti stay, jti changes, and a change of groups shows", async () => {
    const signedInAt = Math.floor(Date.now() / 1000) - 1000;
    const first = await cognito.issueTokens("grace", publicClient, { authTime: signedInAt });
    const grace = cognito.users.find((user) => user.username === "grace");
    Object.assign(grace ?? {}, { groups: ["editors"] });
    const second = await refreshed(first.refresh_token);
    Object.assign(grace ?? {}, { groups: undefined });
    const before = claimsOf(first.access_token);
    const after = claimsOf(second.access_token);
    expect([after.auth_time, after.origin_jti]).toEqual([signedInAt, before.origin_jti]);
    expect(after.jti).not.toBe(before.jti);
    expect(before).not.toHaveProperty("cognito:groups");
    expect(after["cognito:groups"]).toEqual(["editors"]);
  });

  test("the nonce of a refreshed ID token is absent, or the same", async () => {
    const { refresh_token: token = "" } = await tokensFor();
    expect(claimsOf((await refreshed(token)).id_token)).not.toHaveProperty("nonce");
    cognito.settings.refreshNonce = "same";
    expect(claimsOf((await refreshed(token)).id_token).nonce).toBe("nonce-1");
  });

  test("rotation returns a new refresh token and, with no grace, ends the old one", async () => {
    cognito.settings.rotation = true;
    const { refresh_token: first = "" } = await tokensFor();
    const { refresh_token: second = "" } = await refreshed(first);
    expect(second).not.toBe(first);
    expect(cognito.refreshTokenState(first)).toBe<RefreshTokenState>("rotated");
    expect(await (await refresh(first)).json()).toEqual({ error: "invalid_grant" });
    expect(cognito.newestRefreshToken(first)).toBe(second);
    await refreshed(second);
  });

  test("reuse after the grace period can end the whole sign-in", async () => {
    Object.assign(cognito.settings, { rotation: true, reuseRevokesFamily: true });
    const { refresh_token: first = "" } = await tokensFor();
    const { refresh_token: second = "" } = await refreshed(first);
    await refresh(first);
    expect(cognito.refreshTokenState(second)).toBe<RefreshTokenState>("revoked");
  });

  test("of two requests at once with no grace, exactly one wins", async () => {
    cognito.settings.rotation = true;
    const { refresh_token: token = "" } = await tokensFor();
    const answers = await Promise.all([refresh(token), refresh(token), refresh(token)]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 400, 400]);
  });

  test.each(["same", "another"] as const)("a second use in grace returns %s refresh token", async (graceReuse) => {
    Object.assign(cognito.settings, { rotation: true, graceSeconds: 60, graceReuse });
    const { refresh_token: first = "" } = await tokensFor();
    const { refresh_token: second = "" } = await refreshed(first);
    expect(cognito.refreshTokenState(first)).toBe<RefreshTokenState>("rotated-in-grace");
    const { refresh_token: third = "" } = await refreshed(first);
    expect(third === second).toBe(graceReuse === "same");
    await refreshed(second);
    await refreshed(third);
  });

  test("a rotated token inherits the remaining life of the first", async () => {
    cognito.settings.rotation = true;
    const day = 86_400_000;
    const signedInAt = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: signedInAt });
    onTestFinished(() => void vi.useRealTimers());
    const { refresh_token: first } = await cognito.issueTokens("ada", publicClient);
    vi.setSystemTime(signedInAt + 29 * day);
    const { refresh_token: second = "" } = await refreshed(first);
    expect(cognito.refreshTokenState(second)).toBe<RefreshTokenState>("valid");
    vi.setSystemTime(signedInAt + 30 * day);
    expect(cognito.refreshTokenState(second)).toBe<RefreshTokenState>("expired");
    expect(await (await refresh(second)).json()).toEqual({ error: "invalid_grant" });
  });

  test("another client's refresh token is invalid_grant", async () => {
    const { refresh_token: token } = await cognito.issueTokens("ada", "keeps");
    expect(await (await refresh(token)).json()).toEqual({ error: "invalid_grant" });
  });
});

describe("claims", () => {
  test("an access token has exactly these members and kinds", async () => {
    const claims = claimsOf((await tokensFor()).access_token);
    const now = Math.floor(Date.now() / 1000);
    expect(claims).toEqual({
      sub: sampleUsers[0]?.sub,
      "cognito:groups": ["admins", "editors"],
      iss: cognito.issuer,
      version: 2,
      client_id: publicClient,
      origin_jti: expect.stringMatching(uuid),
      event_id: expect.stringMatching(uuid),
      token_use: "access",
      scope: "openid email profile",
      auth_time: expect.closeTo(now, -1),
      exp: Number(claims.iat) + 3600,
      iat: expect.closeTo(now, -1),
      jti: expect.stringMatching(uuid),
      username: "ada",
    });
  });

  test("an ID token has exactly these members and kinds", async () => {
    const tokens = await tokensFor();
    const claims = claimsOf(tokens.id_token);
    const access = claimsOf(tokens.access_token);
    expect(claims).toEqual({
      at_hash: expect.stringMatching(/^[\w-]{22}$/),
      sub: sampleUsers[0]?.sub,
      "cognito:groups": ["admins", "editors"],
      iss: cognito.issuer,
      "cognito:username": "ada",
      origin_jti: access.origin_jti,
      nonce: "nonce-1",
      aud: publicClient,
      event_id: access.event_id,
      token_use: "id",
      auth_time: access.auth_time,
      exp: Number(claims.iat) + 3600,
      iat: expect.any(Number),
      jti: expect.stringMatching(uuid),
      email: "ada@example.com",
      email_verified: true,
      name: "Ada Lovelace",
    });
    expect(claims.jti).not.toBe(access.jti);
  });

  test("groups are absent when there are none, and 100 of 36 characters make an access token of about 6,300 characters", async () => {
    expect(claimsOf(await cognito.accessTokenFor("grace"))).not.toHaveProperty("cognito:groups");
    const large = await cognito.accessTokenFor("lin", { scope: "openid email profile" });
    expect(claimsOf(large)["cognito:groups"]).toHaveLength(100);
    expect(large.length).toBeGreaterThan(6000);
    expect(large.length).toBeLessThan(6600);
  });

  test("openid alone opens every attribute, openid email only the e-mail", async () => {
    const idFor = async (scope: string) => claimsOf(await cognito.idTokenFor("ada", { scope }));
    expect(await idFor("openid")).toMatchObject({ email: "ada@example.com", name: "Ada Lovelace" });
    const narrow = await idFor("openid email");
    expect(narrow).toMatchObject({ email: "ada@example.com", email_verified: true });
    expect(narrow).not.toHaveProperty("name");
  });

  test("custom attributes are strings, and roles follow Cognito's names", async () => {
    cognito.users.push({
      username: "rich",
      password: "x",
      sub: randomUUID(),
      roles: ["arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"],
      attributes: { "custom:level": "7" },
    });
    const claims = claimsOf(await cognito.idTokenFor("rich"));
    expect(claims).toMatchObject({
      "custom:level": "7",
      "cognito:roles": ["arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"],
      "cognito:preferred_role": "arn:aws:iam::1:role/a",
    });
    expect(claims).not.toHaveProperty("email");
  });

  test("resource puts aud in the access token and stays across a refresh", async () => {
    const tokens = await tokensFor("ada", { resource: "https://api.example.com" });
    expect(claimsOf(tokens.access_token).aud).toBe("https://api.example.com");
    expect(claimsOf((await refreshed(tokens.refresh_token ?? "")).access_token).aud).toBe("https://api.example.com");
  });

  test("claims can be added and optional ones left out", async () => {
    Object.assign(cognito.settings, {
      originJti: false,
      atHash: false,
      accessClaims: { acr: "urn:example:loa:2", event_id: null },
      idClaims: { amr: ["pwd"], surprise: { deep: [1] } },
    });
    const tokens = await tokensFor();
    const access = claimsOf(tokens.access_token);
    expect(access.acr).toBe("urn:example:loa:2");
    for (const name of ["origin_jti", "event_id"]) expect(access).not.toHaveProperty(name);
    const id = claimsOf(tokens.id_token);
    expect(id).toMatchObject({ amr: ["pwd"], surprise: { deep: [1] } });
    for (const name of ["origin_jti", "at_hash"]) expect(id).not.toHaveProperty(name);
  });

  test("a skewed clock shifts iat, exp and auth_time", async () => {
    cognito.settings.clockSkewSeconds = -7200;
    const claims = claimsOf((await tokensFor()).access_token);
    const now = Math.floor(Date.now() / 1000);
    expect(Number(claims.iat)).toBeLessThanOrEqual(now - 7200);
    expect(Number(claims.auth_time)).toBeLessThanOrEqual(now - 7200);
    expect(Number(claims.exp)).toBeLessThan(now);
  });
});

describe("machine tokens", () => {
  test("client_credentials returns an access token alone, without a user's claims", async () => {
    const form = { grant_type: "client_credentials", client_id: machine, client_secret: secrets[0], scope: "api/read" };
    const body = await (await post("/oauth2/token", form)).json();
    expect(Object.keys(body).sort()).toEqual(["access_token", "expires_in", "token_type"]);
    const claims = claimsOf(body.access_token);
    expect(claims).toMatchObject({ sub: machine, client_id: machine, token_use: "access", scope: "api/read" });
    for (const name of ["username", "origin_jti", "aud", "cognito:groups"]) expect(claims).not.toHaveProperty(name);
    expect(Object.keys(claimsOf(await cognito.machineToken(machine)))).toEqual(Object.keys(claims));
  });

  test("no scope means all of the client's, and a foreign one fails", async () => {
    const form = { grant_type: "client_credentials", client_id: machine, client_secret: secrets[0] };
    const all = await (await post("/oauth2/token", form)).json();
    expect(claimsOf(all.access_token).scope).toBe("api/read api/write");
    const foreign = await post("/oauth2/token", { ...form, scope: "other/read" });
    expect((await foreign.json()).error).toBe("invalid_scope");
  });
});

describe("revocation and userInfo", () => {
  test("revoking ends refresh and userInfo; the access token's signature stays good", async () => {
    const tokens = await tokensFor();
    expect((await userInfo(tokens.access_token ?? "")).status).toBe(200);
    const answer = await revoke(tokens.refresh_token ?? "");
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
    expect(await (await refresh(tokens.refresh_token ?? "")).json()).toEqual({ error: "invalid_grant" });
    const dead = await userInfo(tokens.access_token ?? "");
    expect(dead.status).toBe(401);
    expect(dead.headers.get("www-authenticate")).toBe(
      'error="invalid_token", error_description="Access token is expired, disabled, or deleted, or the user has globally signed out."',
    );
    const keys = createRemoteJWKSet(new URL(`${cognito.issuer}/.well-known/jwks.json`));
    await jwtVerify(tokens.access_token ?? "", keys);
  });

  test("revoking a rotated-out token ends its successors, or only itself", async () => {
    Object.assign(cognito.settings, { rotation: true, graceSeconds: 60, revokeFamily: false });
    const { refresh_token: first = "" } = await tokensFor();
    const { refresh_token: second = "" } = await refreshed(first);
    await revoke(first);
    expect(cognito.refreshTokenState(first)).toBe<RefreshTokenState>("revoked");
    expect(cognito.refreshTokenState(second)).toBe<RefreshTokenState>("valid");
    cognito.settings.revokeFamily = true;
    await revoke(first);
    expect(cognito.refreshTokenState(second)).toBe<RefreshTokenState>("revoked");
  });

  test("revoking twice, or an unknown token, is 200", async () => {
    const { refresh_token: token = "" } = await tokensFor();
    for (const each of [token, token, "unknown"]) expect((await revoke(each)).status).toBe(200);
  });

  test("an access or ID token, no token, a foreign token and a client without revocation are refused", async () => {
    const tokens = await tokensFor();
    for (const token of [tokens.access_token ?? "", tokens.id_token ?? ""]) {
      expect(await (await revoke(token)).json()).toEqual({ error: "unsupported_token_type" });
    }
    expect(await (await revoke("")).json()).toEqual({ error: "invalid_request" });
    const kept = await cognito.issueTokens("ada", "keeps");
    expect((await revoke(kept.refresh_token, { client_id: "keeps" })).status).toBe(400);
    expect((await revoke(kept.refresh_token)).status).toBe(400);
    expect(cognito.refreshTokenState(kept.refresh_token)).toBe<RefreshTokenState>("valid");
    expect(claimsOf(kept.access_token)).not.toHaveProperty("origin_jti");
  });

  test("userInfo answers strings, also for email_verified", async () => {
    const answer = await userInfo((await tokensFor()).access_token ?? "");
    expect(await answer.json()).toEqual({
      sub: sampleUsers[0]?.sub,
      email: "ada@example.com",
      email_verified: "true",
      name: "Ada Lovelace",
      username: "ada",
    });
  });

  test("userInfo is 400 without a Bearer token and 401 with an ID token or an expired one", async () => {
    const none = await get("/oauth2/userInfo");
    expect([none.status, none.headers.get("www-authenticate")]).toEqual([
      400,
      'error="invalid_request", error_description="Bad OAuth2 request at UserInfo Endpoint"',
    ]);
    expect((await userInfo(await cognito.idTokenFor("ada"))).status).toBe(401);
    for (const claims of [{ exp: 1 }, { token_use: "id" }, { iss: "http://evil.test" }]) {
      expect((await userInfo(await cognito.accessTokenFor("ada", { claims }))).status).toBe(401);
    }
    expect((await userInfo(await cognito.accessTokenFor("ada"))).status).toBe(200);
  });

  test("a global sign-out ends refresh and userInfo, and leaves the login page's session", async () => {
    const cookie = await ssoCookie("lin");
    const tokens = await tokensFor("lin");
    cognito.globalSignOut("lin");
    expect((await refresh(tokens.refresh_token ?? "")).status).toBe(400);
    expect((await userInfo(tokens.access_token ?? "")).status).toBe(401);
    expect(locationOf(await get(authorizeUrl(), { cookie })).pathname).toBe("/auth/callback");
  });
});

describe("faults", () => {
  const jwksUrl = () => `${cognito.issuer}/.well-known/jwks.json`;

  test("a status and a body replace the work, as often as asked", async () => {
    const { refresh_token: token = "" } = await tokensFor();
    cognito.fault("token", { status: 429, body: "<h1>Too many</h1>", headers: { "Retry-After": "2" } }, { times: 1 });
    cognito.fault("token", { status: 500, body: { error: "server_error" } }, { times: 1 });
    const throttled = await refresh(token);
    expect([throttled.status, throttled.headers.get("retry-after")]).toEqual([429, "2"]);
    expect(throttled.headers.get("content-type")).toContain("text/html");
    expect(await (await refresh(token)).json()).toEqual({ error: "server_error" });
    expect((await refresh(token)).status).toBe(200);
  });

  test("a fault can wait for matching parameters and can be cleared", async () => {
    const { refresh_token: token = "" } = await tokensFor();
    cognito.fault("token", { status: 503 }, { match: { grant_type: "refresh_token" } });
    expect((await redeem(await codeFor())).status).toBe(200);
    expect((await refresh(token)).status).toBe(503);
    cognito.clearFaults();
    expect((await refresh(token)).status).toBe(200);
  });

  test("a delay comes before the normal answer", async () => {
    cognito.fault("jwks", { delayMs: 80 });
    const started = performance.now();
    expect((await fetch(jwksUrl())).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThan(70);
  });

  test("a hanging endpoint never answers", async () => {
    cognito.fault("jwks", { hang: true });
    await expect(fetch(jwksUrl(), { signal: AbortSignal.timeout(100) })).rejects.toThrow();
    expect(cognito.requests.at(-1)?.status).toBe(0);
  });

  test("a reset before the work leaves the refresh token, a reset after it has rotated it", async () => {
    cognito.settings.rotation = true;
    const { refresh_token: token = "" } = await tokensFor();
    cognito.fault("token", { reset: true }, { times: 1 });
    await expect(refresh(token)).rejects.toThrow();
    expect(cognito.refreshTokenState(token)).toBe<RefreshTokenState>("valid");
    cognito.fault("token", { resetAfter: true }, { times: 1 });
    await expect(refresh(token)).rejects.toThrow();
    expect(cognito.refreshTokenState(token)).toBe<RefreshTokenState>("rotated");
  });

  test("a truncated answer breaks off in the middle", async () => {
    cognito.fault("jwks", { truncate: true });
    const response = await fetch(jwksUrl());
    expect(Number(response.headers.get("content-length"))).toBeGreaterThan(500);
    await expect(response.text()).rejects.toThrow();
  });

  test("an oversize answer is still JSON, a slow one drips", async () => {
    cognito.fault("jwks", { oversize: 300_000 }, { times: 1 });
    const large = await (await fetch(jwksUrl())).text();
    expect(large.length).toBeGreaterThan(300_000);
    expect(JSON.parse(large).keys).toHaveLength(2);
    cognito.fault("jwks", { slowBody: 1 }, { times: 1 });
    const started = performance.now();
    expect((await (await fetch(jwksUrl())).json()).keys).toHaveLength(2);
    expect(performance.now() - started).toBeGreaterThan(40);
  });

  test("a redirect goes where it is told", async () => {
    cognito.fault("token", { redirect: "http://evil.test/" });
    const answer = await refresh("any");
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "http://evil.test/"]);
  });

  test("an answer, its claims and its JOSE headers can be edited", async () => {
    cognito.fault("token", {
      transform: ({ id_token: _, ...rest }) => ({ ...rest, token_type: "DPoP" }),
      claims: { access: (claims) => ({ ...claims, iss: "http://evil.test" }) },
      header: { access: (header) => ({ ...header, kid: "unknown" }) },
    });
    const tokens = await tokensFor();
    expect(tokens.token_type).toBe("DPoP");
    expect(tokens).not.toHaveProperty("id_token");
    expect(claimsOf(tokens.access_token).iss).toBe("http://evil.test");
    expect(decodeProtectedHeader(tokens.access_token ?? "").kid).toBe("unknown");
  });
});

describe("what tests ask it", () => {
  test("authorize plays the browser for every kind of user and start", async () => {
    for (const { username } of sampleUsers) {
      const tokens = await tokensFor(username);
      expect(claimsOf(tokens.access_token).username).toBe(username);
    }
    const fromSignup = new URL(await cognito.authorize(authorizeUrl({}, "/signup"), "ada"));
    expect(fromSignup.searchParams.get("code")).toMatch(uuid);
    const refused = await cognito.authorize(authorizeUrl({ redirect_uri: "http://evil.test" }), "ada");
    expect(refused.startsWith(`${cognito.domain}/error?error=redirect_mismatch`)).toBe(true);
  });

  test("every request is recorded, with its parameters, its status and its OAuth error", async () => {
    await refresh("unknown");
    expect(cognito.requests).toHaveLength(1);
    expect(cognito.requests[0]).toMatchObject({
      at: expect.any(Number),
      endpoint: "/oauth2/token",
      method: "POST",
      headers: { "content-type": expect.stringContaining("urlencoded") },
      params: { grant_type: "refresh_token", client_id: publicClient, refresh_token: "unknown" },
      status: 400,
      error: "invalid_grant",
    });
    expect(cognito.count("token")).toBe(1);
    expect(cognito.count("/oauth2/token", ({ params }) => params.grant_type === "authorization_code")).toBe(0);
    cognito.clearRequests();
    expect(cognito.count("token")).toBe(0);
  });

  test("raw signing puts any payload and header under the right key", async () => {
    const jwt = await cognito.signIdToken({ odd: [null] }, { typ: "JWT", crit: ["x"], x: 1 });
    expect(decodeProtectedHeader(jwt)).toEqual({
      kid: cognito.keys.id.kid,
      alg: "RS256",
      typ: "JWT",
      crit: ["x"],
      x: 1,
    });
    expect(claimsOf(jwt)).toEqual({ odd: [null] });
    const plain = await cognito.signAccessToken({ sub: "s" });
    expect((await jwtVerify(plain, cognito.keys.access.publicKey)).payload).toEqual({ sub: "s" });
  });

  test("a sign-in lists its chain of refresh tokens under its origin_jti", async () => {
    cognito.settings.rotation = true;
    const tokens = await tokensFor("grace");
    const { refresh_token: second } = await refreshed(tokens.refresh_token ?? "");
    const { origin_jti: originJti } = claimsOf(tokens.access_token);
    const signIn = cognito.signIns.find((each) => each.originJti === originJti);
    expect(signIn).toMatchObject({ username: "grace", clientId: publicClient });
    expect(signIn?.refreshTokens.map((each) => each.token)).toEqual([tokens.refresh_token, second]);
    expect(cognito.newestRefreshToken(String(originJti))).toBe(second);
    expect(cognito.refreshTokenState("no such token")).toBe<RefreshTokenState>("unknown");
  });

  test("another process steers it by POST /_control, JSON only", async () => {
    const url = new URL("/_control", cognito.issuer);
    const control = async (command: object, type = "application/json") => {
      const body = JSON.stringify(command);
      return await fetch(url, { method: "POST", body, headers: { "content-type": type } });
    };
    const result = async (command: object) => (await (await control(command)).json()).result;
    await result({ do: "settings", settings: { rotation: true } });
    expect(cognito.settings.rotation).toBe(true);
    const { refresh_token: token } = await result({ do: "issueTokens", username: "ada", clientId: publicClient });
    await result({ do: "fault", endpoint: "token", fault: { status: 500 }, times: 1 });
    expect((await refresh(token)).status).toBe(500);
    expect((await refresh(token)).status).toBe(200);
    expect(await result({ do: "refreshTokenState", token })).toBe("rotated");
    expect(await result({ do: "count", endpoint: "token", match: { grant_type: "refresh_token" } })).toBe(2);
    const kid = cognito.keys.access.kid;
    await result({ do: "rotateKeys" });
    expect(cognito.keys.access.kid).not.toBe(kid);
    expect((await control({ do: "settings" }, "text/plain")).status).toBe(415);
    expect((await control({ do: "toString" })).status).toBe(400);
    expect((await control({ do: "fault" })).status).toBe(400);
  });

  test("a request with 60 kB of cookies, as one host's ports share them, is still answered", async () => {
    const cookie = Array.from({ length: 15 }, (_, index) => `app.${index}=${"x".repeat(4000)}`).join("; ");
    expect((await get(authorizeUrl(), { cookie })).status).toBe(302);
  });

  test("an aborted request and a broken one do no harm", async () => {
    cognito.fault("token", { delayMs: 50 }, { times: 1 });
    const body = new URLSearchParams({ grant_type: "refresh_token" });
    const signal = AbortSignal.timeout(10);
    await expect(fetch(`${cognito.domain}/oauth2/token`, { method: "POST", body, signal })).rejects.toThrow();
    const socket = connect(Number(new URL(cognito.domain).port), "127.0.0.1");
    socket.end("NONSENSE\r\n\r\n");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await get(authorizeUrl())).status).toBe(302);
  });

  test("close ends hanging requests at once, and may be repeated", async () => {
    const other = await startCognito({ clients: [] });
    other.fault("jwks", { hang: true });
    const pending = fetch(`${other.issuer}/.well-known/jwks.json`).catch(() => "ended");
    await new Promise((resolve) => setTimeout(resolve, 50));
    await other.close();
    expect(await pending).toBe("ended");
    await other.close();
  });
});

test("it imports Node, jose and its own files only, so that a copy works anywhere", () => {
  const folder = fileURLToPath(new URL("../cognito", import.meta.url));
  const names = readdirSync(folder);
  const imports = names.flatMap((name) => {
    const source = readFileSync(join(folder, name), "utf8");
    return [...source.matchAll(/(?:from|import|import\() ?"([^"]+)"/g)].map(([, from = ""]) => from);
  });
  expect(imports.length).toBeGreaterThan(names.length);
  expect(imports.filter((from) => !/^(node:\w+(\/\w+)?|jose|\.\/[\w-]+)$/.test(from))).toEqual([]);
});

describe("the cookies of somebody who is signed in", () => {
  const unreachable = "http://localhost:9"; // The discard port: no app listens.

  test("need an app that runs: the error names its address and what to do", async () => {
    const pool = await startTestPool({ appUrl: unreachable });
    onTestFinished(() => pool.close());
    await expect(pool.signedInCookies("admin")).rejects.toThrow(`No app at ${unreachable}`);
    await expect(pool.signedInCookies("admin")).rejects.toThrow("start it with pool.env");
  });

  test("are those that the app itself set, and an expired person has the refresh cookie alone", async () => {
    const app = await startTinyApp();
    const pool = await startTestPool({ appUrl: app.url });
    onTestFinished(async () => {
      await pool.close();
      app.close();
    });
    app.pool = pool;
    const cookies = await pool.signedInCookies("admin");
    expect(cookies.map(({ name }) => name)).toEqual(["auth.access", "auth.refresh"]);
    expect(cookies[0]).toMatchObject({
      domain: "localhost",
      path: "/",
      httpOnly: true,
      secure: false,
      sameSite: "Lax",
    });
    expect((await pool.signedInCookies("expired")).map(({ name }) => name)).toEqual(["auth.refresh"]);
    await expect(pool.signedInCookies("stranger")).rejects.toThrow("No user stranger in the pool");
  });
});

/** The two routes of an app, as far as its cookies go: with a slash at the end, as `trailingSlash` has it. */
async function startTinyApp() {
  const app = { url: "", pool: null as TestPool | null, close: () => void server.close() };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", app.url);
    const redirect = (location: string, cookies: string[] = []) =>
      void response.writeHead(303, { location, "set-cookie": cookies }).end();
    if (!url.pathname.endsWith("/")) redirect(`${url.pathname}/${url.search}`);
    else if (url.pathname === "/auth/login/") {
      const query = new URLSearchParams({ response_type: "code", client_id: "app", scope: "openid", state: "s" });
      query.set("redirect_uri", `${app.url}/auth/callback`);
      redirect(`${app.pool?.cognito.domain}/oauth2/authorize?${query}`, ["auth.txn=1; Path=/; Max-Age=600; HttpOnly"]);
    } else if (request.headers.cookie !== "auth.txn=1" || !url.searchParams.has("code")) redirect("/auth/error?code=x");
    else {
      const cookies = ["auth.access=a=b; Path=/; Max-Age=60; HttpOnly; SameSite=Lax", "auth.refresh=c; Max-Age=600"];
      redirect("/", [...cookies, "auth.txn=; Max-Age=0"]);
    }
  });
  await new Promise<void>((listening) => server.listen(0, "localhost", listening));
  const address = server.address();
  app.url = `http://localhost:${typeof address === "object" ? address?.port : ""}`;
  return app;
}
