import {
  discoverAuthorizationServerMetadata,
  exchangeAuthorization,
  startAuthorization,
  UnauthorizedError,
} from "@modelcontextprotocol/sdk/client/auth.js";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cognito, startCognito } from "../cognito/index";
import { type App, openApp } from "./support/app";
import { expectProblem } from "./support/expectations";
import { Keeper, MCP_CLIENT_ID, openCallback, signInAt, signInFor, whoAmI } from "./support/mcp-client";
import { raw } from "./support/raw";
import { CLIENT_ID } from "./support/stage";
import type { Variant } from "./support/variants";

const METADATA = "/.well-known/oauth-protected-resource";
const ADA = [{ type: "text", text: "ada" }];

describe.each<Variant>(["middleware", "base-path"])("an MCP server in the variant %s", (variant) => {
  const slash = variant === "base-path" ? "/" : ""; // That variant has trailingSlash.
  let app: App;
  let cognito: Cognito;
  let callback: { readonly url: string; close(): void };
  let resource = "";
  let challenge = "";

  beforeAll(async () => {
    callback = await openCallback();
    cognito = await startCognito({ clients: [] });
    app = await openApp({ variant, https: false }, async (baseUrl) => {
      const scopes = ["openid", "email", "profile", "orders/read"];
      cognito.clients.push(
        { clientId: CLIENT_ID, callbackUrls: [`${baseUrl}/auth/callback`], logoutUrls: [baseUrl] },
        { clientId: MCP_CLIENT_ID, callbackUrls: [callback.url], logoutUrls: [], scopes },
      );
      resource = `${baseUrl}/api/mcp${slash}`;
      challenge = `resource_metadata="${baseUrl}${METADATA}"`;
      return {
        COGNITO_ISSUER: cognito.issuer,
        COGNITO_DOMAIN: cognito.domain,
        COGNITO_CLIENT_ID: CLIENT_ID,
        COGNITO_API_CLIENT_IDS: MCP_CLIENT_ID,
        COGNITO_RESOURCE: resource,
      };
    });
  });
  afterAll(() => Promise.all([app?.close(), cognito?.close(), callback?.close()]));

  const send = (token: string) =>
    raw(resource, { method: "POST", headers: { authorization: `Bearer ${token}` }, body: "{}" });

  test("an MCP client finds the way from a 401 to a sign-in, and calls a tool as the user", async () => {
    const keeper = new Keeper(callback.url);
    await expect(whoAmI(resource, keeper)).rejects.toBeInstanceOf(UnauthorizedError);
    const asked = keeper.signInUrl;
    expect(asked?.href).toMatch(`${cognito.domain}/oauth2/authorize?`);
    expect(Object.fromEntries(asked?.searchParams ?? [])).toMatchObject({
      client_id: MCP_CLIENT_ID,
      code_challenge_method: "S256",
      resource,
      scope: "openid email profile",
    });
    await signInFor(resource, keeper, await app.newPage(), "ada");
    expect(decodeJwt(keeper.tokens()?.access_token ?? "").aud).toBe(resource);
    expect(await whoAmI(resource, keeper)).toEqual(ADA);
  });

  test("JW-20 an MCP client with a token for another resource must sign in", async () => {
    const other = { clientId: MCP_CLIENT_ID, claims: { aud: `${resource}/other` } };
    const token = await cognito.accessTokenFor("ada", other);
    expectProblem(await send(token), 401, `Bearer error="invalid_token", ${challenge}`);
    const keeper = new Keeper(callback.url, token);
    await expect(whoAmI(resource, keeper)).rejects.toBeInstanceOf(UnauthorizedError);
    expect(keeper.signInUrl?.searchParams.get("resource")).toBe(resource);
  });

  test("an MCP client that lacks a scope signs in for it, and then calls the tool", async () => {
    const orders = `${app.baseUrl}/api/mcp/orders${slash}`;
    const keeper = new Keeper(
      callback.url,
      await cognito.accessTokenFor("ada", { clientId: MCP_CLIENT_ID, scope: "openid" }),
    );
    await expect(whoAmI(orders, keeper)).rejects.toBeInstanceOf(UnauthorizedError);
    expect(keeper.signInUrl?.searchParams.get("scope")).toBe("orders/read");
    await signInFor(orders, keeper, await app.newPage(), "ada");
    expect(await whoAmI(orders, keeper)).toEqual(ADA);
  });

  test("a client that demands code_challenge_methods_supported finds it in the app's copy of Cognito's metadata", async () => {
    expect(
      (await discoverAuthorizationServerMetadata(cognito.issuer))?.code_challenge_methods_supported,
    ).toBeUndefined();
    const metadata = await discoverAuthorizationServerMetadata(app.baseUrl);
    expect(metadata).toMatchObject({ issuer: app.baseUrl, code_challenge_methods_supported: ["S256"] });
    const clientInformation = { client_id: MCP_CLIENT_ID };
    const shared = { ...(metadata && { metadata }), clientInformation, resource: new URL(resource) };
    const start = await startAuthorization(app.baseUrl, { ...shared, redirectUrl: callback.url, scope: "openid" });
    const code = await signInAt(start.authorizationUrl.href, callback.url, await app.newPage(), "ada");
    const tokens = await exchangeAuthorization(app.baseUrl, {
      ...shared,
      authorizationCode: code,
      codeVerifier: start.codeVerifier,
      redirectUri: callback.url,
    });
    expect(await whoAmI(resource, new Keeper(callback.url, tokens.access_token))).toEqual(ADA);
  });

  test.each([METADATA, `${METADATA}/api/mcp`])("anyone may read the metadata at %s", async (path) => {
    for (const method of ["GET", "HEAD"]) {
      const response = await raw(app.baseUrl + path + slash, {
        method,
        headers: { origin: "https://other.example" },
      });
      expect([response.status, response.headers["access-control-allow-origin"]]).toEqual([200, "*"]);
      expect(response.body).toEqual(method === "HEAD" ? "" : expect.stringContaining(`"resource":"${resource}"`));
    }
    expect((await raw(app.baseUrl + path + slash, { method: "POST" })).status).toBe(405);
  });
});
