import { describe, expect, test } from "vitest";
import { sampleUsers } from "../cognito/index";
import {
  authorizeUrl,
  callback,
  claimsOf,
  cognito,
  get,
  locationOf,
  post,
  publicClient,
  redeem,
  redirectParams,
  tokensFor,
  useStandIn,
  uuid,
} from "./client";

useStandIn();

describe("authorize and login", () => {
  test("authorize redirects to /login with the same query, and a sign-in redirects to the callback with code and state", async () => {
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

  test("the callback gets a state of any characters unchanged", async () => {
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

  test("a state that is JSON is rejected, and the error has no state", async () => {
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

  test("the error of a Lambda trigger has its description first", async () => {
    cognito.settings.triggerError = "PreSignUp failed with error no.";
    const { search } = new URL(await cognito.authorize(authorizeUrl(), "ada"));
    expect(search).toBe("?error_description=PreSignUp+failed+with+error+no.&error=invalid_request&state=state-1");
  });

  test("a repeated parameter is rejected", async () => {
    const answer = await get(`${authorizeUrl()}&state=twice`);
    expect(locationOf(answer).href).toBe(`${cognito.domain}/error?error=invalid_request&client_id=${publicClient}`);
  });

  test("the login page fills in login_hint, and escapes all input that it shows", async () => {
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

describe("federated users", () => {
  test("identity_provider signs in without a page, and the ID token has identities with Cognito's types", async () => {
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

  test("a federated sign-in without a nonce gets one from Cognito, and a native sign-in does not", async () => {
    const federated = await tokensFor("Google_104217", { nonce: undefined });
    expect(claimsOf(federated.id_token).nonce).toEqual(expect.any(String));
    const native = await tokensFor("ada", { nonce: undefined });
    expect(claimsOf(native.id_token)).not.toHaveProperty("nonce");
    const sent = await tokensFor("Google_104217", { nonce: "mine" });
    expect(claimsOf(sent.id_token).nonce).toBe("mine");
  });
});
