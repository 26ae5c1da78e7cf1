import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, type Kit, ORIGIN, pathOf, TYPED, usePool } from "../support/kit";

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
  vi.doUnmock("@/lib/auth/events");
});

const events = () => vi.mocked(console.info).mock.calls.map(([line]) => JSON.parse(String(line)).auth);
const call = (requirement: object = {}, headers: Record<string, string> = {}) => {
  const route = kit.api.withSession(() => Response.json({}), requirement);
  return route(new Request(`${ORIGIN}/api/x`, { headers: { cookie: browser.cookieHeader, ...headers } }), null);
};

test.each([
  ["throws", fail],
  ["rejects", () => Promise.reject(new Error("later"))],
])("DS-16 sign-in, refresh, rejection and sign-out work with a report() that %s", async (_how, report) => {
  const unhandled = vi.fn();
  process.on("unhandledRejection", unhandled);
  vi.doMock("@/lib/auth/events", () => ({ report }));
  kit = await pool.load();
  browser = pool.browser(kit);
  expect(pathOf(await browser.signIn("grace"))).toBe("/dashboard");
  expect((await browser.visit("/admin")).status).toBe(403);
  expect((await call({ groups: ["admins"] })).status).toBe(403);
  vi.setSystemTime(Date.now() + 250_000);
  expect((await browser.visit("/dashboard")).headers.get("x-middleware-next")).toBe("1");
  expect((await browser.signOut()).status).toBe(303);
  expect((await browser.callback("/auth/callback?code=x&state=y")).status).toBe(303);
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

function fail(): never {
  throw new Error("The logger is down");
}

describe("sign-out", () => {
  const signOuts = () => events().filter(({ type }) => type === "signed_out");

  test("CF-07 LO-03 the event of a sign-out has the subject of the sign-in, and says that Cognito revoked the token", async () => {
    const browser = pool.browser(kit);
    await browser.signIn();
    const { subject } = events().find(({ type }) => type === "signed_in");
    expect(subject).toMatch(/^[\w-]{16,}$/);
    await browser.signOut();
    expect(signOuts()).toEqual([{ type: "signed_out", path: "/auth/logout", subject, isRevoked: true }]);
  });

  test("CF-07 LO-03 if Cognito does not answer, the event says that no token was revoked, and the user is signed out", async () => {
    const browser = pool.browser(kit);
    await browser.signIn();
    pool.cognito.fault("revoke", { status: 503 });
    await browser.signOut();
    expect(signOuts()).toMatchObject([{ isRevoked: false }]);
    expect((await browser.visit("/dashboard", TYPED)).status).toBe(303);
  });

  test("CF-07 the event of a sign-out without a session has no subject", async () => {
    pool.cognito.clearRequests();
    await pool.browser(kit).signOut();
    expect(signOuts()).toEqual([{ type: "signed_out", path: "/auth/logout", subject: null, isRevoked: false }]);
    expect(pool.cognito.count("revoke")).toBe(0);
  });
});
