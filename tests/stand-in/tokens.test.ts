import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { sampleUsers } from "../cognito/index";
import { claimsOf, cognito, publicClient, refreshed, tokensFor, useStandIn, uuid } from "./client";

useStandIn();

describe("claims", () => {
  test("an access token has exactly the claims of Cognito's", async () => {
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

  test("an ID token has exactly the claims of Cognito's", async () => {
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

  test("a user without groups has no groups claim, and 100 groups of 36 characters make an access token of about 6,300 characters", async () => {
    expect(claimsOf(await cognito.accessTokenFor("grace"))).not.toHaveProperty("cognito:groups");
    const large = await cognito.accessTokenFor("lin", { scope: "openid email profile" });
    expect(claimsOf(large)["cognito:groups"]).toHaveLength(100);
    expect(large.length).toBeGreaterThan(6000);
    expect(large.length).toBeLessThan(6600);
  });

  test("the scope openid gives every attribute, and openid email only the e-mail address", async () => {
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

  test("the parameter resource sets aud in the access token, also after a refresh", async () => {
    const tokens = await tokensFor("ada", { resource: "https://api.example.com" });
    expect(claimsOf(tokens.access_token).aud).toBe("https://api.example.com");
    expect(claimsOf((await refreshed(tokens.refresh_token ?? "")).access_token).aud).toBe("https://api.example.com");
  });

  test("settings can add claims and leave out optional ones", async () => {
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

  test("clockSkewSeconds shifts iat, exp and auth_time", async () => {
    cognito.settings.clockSkewSeconds = -7200;
    const claims = claimsOf((await tokensFor()).access_token);
    const now = Math.floor(Date.now() / 1000);
    expect(Number(claims.iat)).toBeLessThanOrEqual(now - 7200);
    expect(Number(claims.auth_time)).toBeLessThanOrEqual(now - 7200);
    expect(Number(claims.exp)).toBeLessThan(now);
  });
});
