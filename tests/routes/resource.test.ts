import { beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, FETCHED, type Kit, ORIGIN, TYPED, usePool } from "../support/kit";

const RESOURCE = "urn:example:orders"; // Kept as it is: custom schemes are legal.
const pool = usePool();
let kit: Kit;
let browser: Browser;

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
  pool.cognito.settings.accessClaims = {};
});

const load = async (env: Record<string, string>) => {
  kit = await pool.load(env);
  browser = pool.browser(kit);
};
const call = async (token: string) => {
  const handler = kit.api.withSession((_request: Request, { source }) => new Response(source));
  const headers = { ...FETCHED, authorization: `Bearer ${token}` };
  return (await handler(new Request("https://app.example/api/me", { headers }), {})).status;
};
const tokenFor = (aud: unknown) => {
  pool.cognito.settings.accessClaims = aud === undefined ? {} : { aud };
  return pool.cognito.accessTokenFor("ada");
};

describe("a resource server", () => {
  test("JW-20 asks Cognito for tokens of its resource, as it is written", async () => {
    await load({ COGNITO_RESOURCE: RESOURCE });
    const login = await browser.login();
    expect(new URL(login.headers.get("location") ?? "").searchParams.get("resource")).toBe(RESOURCE);
    await load({});
    const other = await browser.login();
    expect(new URL(other.headers.get("location") ?? "").searchParams.has("resource")).toBe(false);
  });

  test.each([
    ["for it", RESOURCE, 200],
    ["for it and another one", ["https://other.example", RESOURCE], 200],
    ["that is bound to nothing", undefined, 200],
    ["for another one", "https://other.example", 401],
    ["for one that differs by a slash", `${RESOURCE}/`, 401],
    ["for none of a list", [], 401],
    ["with an odd audience", { resource: RESOURCE }, 401],
  ])("JW-20 answers a Bearer token %s", async (_what, aud, status) => {
    await load({ COGNITO_RESOURCE: RESOURCE });
    expect(await call(await tokenFor(aud))).toBe(status);
  });

  test("JW-20 rejects the cookie of a session for another resource", async () => {
    await load({});
    pool.cognito.settings.accessClaims = { aud: "https://other.example" };
    await browser.signIn();
    const cookie = browser.cookieHeader;
    const visit = () => kit.middleware.default(browser.request("/dashboard", { ...TYPED, cookie }));
    expect((await visit()).headers.get("x-middleware-next")).toBe("1"); // Without the variable a cookie may be bound.
    await load({ COGNITO_RESOURCE: RESOURCE });
    pool.cognito.fault("token", { status: 400, body: { error: "invalid_grant" } });
    expect((await visit()).status).toBe(303);
    pool.cognito.clearFaults();
  });
});

test("JW-20 without COGNITO_RESOURCE a Bearer token that is bound to another API is rejected", async () => {
  await load({});
  expect(await call(await tokenFor("https://other.example"))).toBe(401);
  expect(await call(await tokenFor(undefined))).toBe(200);
});

describe("a program that looks for the user pool", () => {
  const METADATA = "/.well-known/oauth-protected-resource";
  const challengeOf = async (requirement: object, headers: Record<string, string> = {}) => {
    const request = new Request("https://app.example/api/mcp", { headers: { ...FETCHED, ...headers } });
    const answer = await kit.api.withSession(() => new Response(), requirement)(request, {});
    return [answer.status, answer.headers.get("www-authenticate")];
  };
  const at = (baseUrl: string) => `resource_metadata="${baseUrl}${METADATA}"`;
  const bearer = async () => ({ authorization: `Bearer ${await tokenFor(undefined)}` });
  const read = (headers = {}, members = {}) =>
    kit.api.resourceMetadata(members)(new Request(`https://app.example${METADATA}`, { headers }));

  test("finds the address of the metadata in a 401, and in a 403 for a missing scope", async () => {
    await load({ COGNITO_RESOURCE: RESOURCE });
    const here = at("https://app.example");
    expect(await challengeOf({})).toEqual([401, `Bearer ${here}`]);
    expect(await challengeOf({}, { authorization: "Bearer x" })).toEqual([
      401,
      `Bearer error="invalid_token", ${here}`,
    ]);
    const scopes = 'Bearer error="insufficient_scope", scope="orders/read orders/write"';
    const missing = await challengeOf({ scopes: ["orders/read", "orders/write"] }, await bearer());
    expect(missing).toEqual([403, `${scopes}, ${here}`]);
    pool.cognito.settings.accessClaims = { auth_time: 1 };
    const authorization = `Bearer ${await pool.cognito.accessTokenFor("ada")}`;
    const old = 'Bearer error="insufficient_user_authentication", max_age="60"';
    expect(await challengeOf({ maxAuthAge: 60 }, { authorization })).toEqual([401, `${old}, ${here}`]);
    expect(await challengeOf({ groups: ["nobody"] }, await bearer())).toEqual([403, null]); // No sign-in mends that.
  });

  test("finds the address in a 401 of middleware", async () => {
    await load({ COGNITO_RESOURCE: RESOURCE });
    const { status, headers } = await browser.visit("/reports", { authorization: "Bearer x" });
    expect([status, headers.get("www-authenticate")]).toEqual([401, `Bearer error="invalid_token", ${at(ORIGIN)}`]);
  });

  test("finds it at the address that the request names, below the base path", async () => {
    await load({ COGNITO_RESOURCE: RESOURCE, APP_BASE_URL: "https://app.example/x, https://shop.example/x" });
    expect(await challengeOf({}, { host: "shop.example" })).toEqual([401, `Bearer ${at("https://shop.example/x")}`]);
    expect(await challengeOf({}, { host: "evil.example" })).toEqual([401, `Bearer ${at("https://app.example/x")}`]);
  });

  test("finds no address, and no metadata, without COGNITO_RESOURCE", async () => {
    await load({});
    expect(await challengeOf({})).toEqual([401, "Bearer"]);
    expect([read().status, await read().text()]).toEqual([404, ""]);
  });

  test("reads the user pool and the scopes of the app from the metadata, on any site", async () => {
    await load({ COGNITO_RESOURCE: RESOURCE, COGNITO_SCOPE: "openid  orders/read" });
    const answer = read({ origin: "https://other.example" });
    expect(await answer.json()).toEqual({
      resource: RESOURCE,
      authorization_servers: [pool.cognito.issuer],
      scopes_supported: ["openid", "orders/read"],
      bearer_methods_supported: ["header"],
    });
    const names = ["content-type", "access-control-allow-origin", "cache-control", "access-control-allow-credentials"];
    const values = ["application/json", "*", "private, no-store", null];
    expect(names.map((name) => answer.headers.get(name))).toEqual(values);
  });

  test("reads the members that the app adds or replaces", async () => {
    await load({ COGNITO_RESOURCE: RESOURCE });
    const members = { resource_name: "Orders", authorization_servers: ["https://app.example"] };
    expect(await read({}, members).json()).toMatchObject({ resource: RESOURCE, ...members });
  });
});
