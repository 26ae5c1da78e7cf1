import { describe, expect, test } from "vitest";
import type { RefreshTokenState } from "../cognito/index";
import {
  basic,
  callback,
  claimsOf,
  codeFor,
  cognito,
  machine,
  post,
  publicClient,
  redeem,
  refresh,
  revoke,
  secretClient,
  secrets,
  userInfo,
  useStandIn,
  uuid,
  verifier,
} from "./client";

useStandIn();

describe("authorization codes", () => {
  test("the response has the members and headers of Cognito's, without a scope", async () => {
    const response = await redeem(await codeFor());
    const body = await response.json();
    expect(Object.keys(body).sort()).toEqual(["access_token", "expires_in", "id_token", "refresh_token", "token_type"]);
    expect([body.token_type, body.expires_in]).toEqual(["Bearer", 3600]);
    expect(response.headers.get("content-type")).toBe("application/json;charset=UTF-8");
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("x-amz-cognito-request-id")).toMatch(uuid);
  });

  test("without openid there is no ID token, and userInfo rejects the access token", async () => {
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

  test("another redirect_uri gets unauthorized_client with invalid_redirect", async () => {
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

  test("the stand-in rejects a secret from a public client, a wrong secret and an unknown client", async () => {
    for (const form of [
      { client_id: publicClient, client_secret: "anything" },
      { client_id: secretClient, client_secret: "wrong" },
      { client_id: "unknown" },
    ]) {
      const answer = await redeem(await codeFor(), form);
      expect([answer.status, (await answer.json()).error]).toEqual([400, "invalid_client"]);
    }
  });

  test("two client authentications in one request are rejected", async () => {
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
  ])("the request with %o fails with %s", async (form, error) => {
    const answer = await redeem(await codeFor(), form);
    expect([answer.status, (await answer.json()).error]).toEqual([400, error]);
  });

  test("a repeated parameter and a body that is not a form are rejected", async () => {
    const url = `${cognito.domain}/oauth2/token`;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = `grant_type=refresh_token&client_id=${publicClient}&client_id=${publicClient}&refresh_token=x`;
    expect((await fetch(url, { method: "POST", headers, body })).status).toBe(400);
    const json = await fetch(url, { method: "POST", body: JSON.stringify({ grant_type: "refresh_token" }) });
    expect([json.status, (await json.json()).error]).toEqual([400, "invalid_request"]);
    expect((await fetch(url)).status).toBe(405);
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

  test("a request without scopes gets all of the client's, and another client's scope fails", async () => {
    const form = { grant_type: "client_credentials", client_id: machine, client_secret: secrets[0] };
    const all = await (await post("/oauth2/token", form)).json();
    expect(claimsOf(all.access_token).scope).toBe("api/read api/write");
    const foreign = await post("/oauth2/token", { ...form, scope: "other/read" });
    expect((await foreign.json()).error).toBe("invalid_scope");
  });
});
