import { createRemoteJWKSet, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { type RefreshTokenState, sampleUsers } from "../cognito/index";
import {
  authorizeUrl,
  claimsOf,
  cognito,
  get,
  locationOf,
  post,
  refresh,
  refreshed,
  revoke,
  ssoCookie,
  tokensFor,
  userInfo,
  useStandIn,
} from "./client";

useStandIn();

describe("revocation and userInfo", () => {
  test("a revocation ends refresh and userInfo, and the signature of the access token stays valid", async () => {
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

  test("the revocation of a rotated token ends its successors, or only itself", async () => {
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

  test("a second revocation and an unknown token get a 200", async () => {
    const { refresh_token: token = "" } = await tokensFor();
    for (const each of [token, token, "unknown"]) expect((await revoke(each)).status).toBe(200);
  });

  test("revocation rejects an access or ID token, no token, another client's token and a client without revocation", async () => {
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

  test("userInfo returns strings, also for email_verified", async () => {
    const answer = await userInfo((await tokensFor()).access_token ?? "");
    expect(await answer.json()).toEqual({
      sub: sampleUsers[0]?.sub,
      email: "ada@example.com",
      email_verified: "true",
      name: "Ada Lovelace",
      username: "ada",
    });
  });

  test("userInfo answers 400 without a Bearer token, and 401 to an ID token or an expired token", async () => {
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

  test.each([
    ["deletes", () => void cognito.users.splice(0)],
    ["disables", () => cognito.users.forEach((user) => void Object.assign(user, { disabled: true }))],
  ])("when an administrator %s the user, refresh, userInfo and the login page's session end", async (_what, end) => {
    const before = structuredClone([...cognito.users]);
    try {
      const cookie = await ssoCookie("lin");
      const tokens = await tokensFor("lin");
      end();
      expect((await refresh(tokens.refresh_token ?? "")).status).toBe(400);
      const answer = await userInfo(tokens.access_token ?? "");
      expect([answer.status, (await answer.json()).error]).toEqual([401, "invalid_token"]);
      expect(locationOf(await get(authorizeUrl(), { cookie })).pathname).toBe("/login");
      expect(await ssoCookie("lin")).toBe("");
    } finally {
      cognito.users.splice(0, Number.POSITIVE_INFINITY, ...before);
    }
  });

  test("userInfo answers 401 to a token that has expired, and 405 to another method than GET", async () => {
    const { access_token: token = "" } = await tokensFor();
    cognito.settings.clockSkewSeconds = 3_601;
    expect((await userInfo(token)).status).toBe(401);
    cognito.settings.clockSkewSeconds = 0;
    expect((await userInfo(token)).status).toBe(200);
    expect((await post("/oauth2/userInfo", {}, { authorization: `Bearer ${token}` })).status).toBe(405);
  });

  test("after a global sign-out userInfo answers 200 to the token of a new sign-in", async () => {
    const { access_token: old = "" } = await tokensFor("lin");
    cognito.globalSignOut("lin");
    const { access_token: token = "" } = await tokensFor("lin");
    expect([(await userInfo(old)).status, (await userInfo(token)).status]).toEqual([401, 200]);
  });

  test("a global sign-out ends refresh and userInfo, and keeps the login page's session", async () => {
    const cookie = await ssoCookie("lin");
    const tokens = await tokensFor("lin");
    cognito.globalSignOut("lin");
    expect((await refresh(tokens.refresh_token ?? "")).status).toBe(400);
    expect((await userInfo(tokens.access_token ?? "")).status).toBe(401);
    expect(locationOf(await get(authorizeUrl(), { cookie })).pathname).toBe("/auth/callback");
  });
});
