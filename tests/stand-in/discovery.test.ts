import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { sampleUsers, startCognito } from "../cognito/index";
import { claimsOf, cognito, get, publicClient, tokensFor, useStandIn } from "./client";

useStandIn();

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

  test("a rotation keeps the old keys in the JWKS, or removes them at once", async () => {
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
