import { beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, FETCHED, type Kit, TYPED, usePool } from "../support/kit";

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
