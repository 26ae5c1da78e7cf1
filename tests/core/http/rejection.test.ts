import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, CLICKED, type Kit, ORIGIN, usePool } from "../../support/kit";

const pool = usePool({ settings: { accessTokenSeconds: 300 } });

let kit: Kit;
let browser: Browser;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "info").mockReturnValue();
  kit = await pool.load();
  browser = pool.browser(kit);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const events = () => vi.mocked(console.info).mock.calls.map(([line]) => JSON.parse(String(line)).auth);
const call = (requirement: object = {}, headers: Record<string, string> = {}) => {
  const route = kit.api.withSession(() => Response.json({}), requirement);
  return route(new Request(`${ORIGIN}/api/x`, { headers: { cookie: browser.cookieHeader, ...headers } }), null);
};

describe("the event of a rejected request", () => {
  test.each([
    ["anonymous", "no cookie", () => browser.jar.clear()],
    ["token_expired", "an expired cookie", () => vi.setSystemTime(Date.now() + 301_000)],
    [
      "token_invalid",
      "a bad cookie",
      () => browser.jar.set("__Host-auth.access", { value: "x", line: "", expiresAt: Number.POSITIVE_INFINITY }),
    ],
  ])("CF-07 the reason is %s for a request with %s", async (reason, _what, change) => {
    await browser.signIn();
    const { cookieHeader } = browser; // As from a browser that keeps it.
    change();
    vi.mocked(console.info).mockClear();
    const cookie = reason === "token_expired" ? { cookie: cookieHeader } : {};
    expect((await call({}, cookie)).status).toBe(401);
    expect(events()).toMatchObject([{ type: "refused", path: "/api/x", reason }]);
  });

  test.each([
    [{ groups: ["board", "admins"] }, { groups: ["board", "admins"] }, "grace"],
    [{ scopes: ["api/write"] }, { scopes: ["api/write"] }, "ada"],
  ])("CF-07 the event of a 403 names the missing requirement: %j", async (requirement, missing, username) => {
    await browser.signIn(username);
    vi.mocked(console.info).mockClear();
    expect((await call(requirement)).status).toBe(403);
    expect(events()).toMatchObject([{ type: "refused", reason: "forbidden", missing }]);
  });

  test("CF-07 the event names the missing user when a machine calls", async () => {
    const authorization = `Bearer ${await pool.cognito.machineToken("machine12345")}`;
    expect((await call({}, { authorization })).status).toBe(403);
    expect(events()).toMatchObject([{ type: "refused", reason: "forbidden", missing: { user: true } }]);
  });
});

test("CF-07 the event of forbid() names the groups that its caller passes", async () => {
  const { authenticateRequest } = await import("@/lib/auth/middleware");
  await browser.signIn("grace");
  vi.mocked(console.info).mockClear();
  const auth = await authenticateRequest(browser.request("/admin", CLICKED));
  expect(auth.forbid({ groups: ["admins"] }).status).toBe(403);
  expect(events()).toMatchObject([{ type: "refused", path: "/admin", missing: { groups: ["admins"] } }]);
});

test("BR-04 the challenge of forbid() names the scopes that its caller passes", async () => {
  const { authenticateRequest } = await import("@/lib/auth/middleware");
  const authorization = `Bearer ${await pool.cognito.accessTokenFor("ada", { clientId: "mobile12345" })}`;
  const auth = await authenticateRequest(browser.request("/orders", { authorization }));
  const line = auth.forbid({ scopes: ["orders/read"] }).headers.get("www-authenticate");
  expect(line).toBe('Bearer error="insufficient_scope", scope="orders/read"');
});
