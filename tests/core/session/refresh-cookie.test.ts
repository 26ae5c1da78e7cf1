import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CookieJar } from "@/lib/auth/core/http/cookie-jar";
import { type Kit, usePool, whoIs } from "../../support/kit";

const START = Date.parse("2026-06-01T12:00:00Z");
const NOW = START / 1000;
const DAY_S = 24 * 3600;

const pool = usePool({ settings: { rotation: true, refreshTokenSeconds: 90 * DAY_S } });
const NOBODY = { user: null, page: 303, cookies: [] };

let kit: Kit;
beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.setSystemTime(START);
  kit = await pool.load();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const jarOf = (cookie = "") => new kit.core.CookieJar(new Headers({ cookie }), kit.config());
/** The Cookie header that the browser sends after these changes. */
const headerOf = (jar: CookieJar) => jar.applyToHeader("");

describe("a refresh cookie", () => {
  const read = async (change: object, arrange = (facts: string) => `${facts}.token`) => {
    const facts = { iss: kit.config().issuer, sub: "1", auth_time: NOW, exp: NOW + 600, ...change };
    const value = arrange(Buffer.from(JSON.stringify(facts)).toString("base64url"));
    const jar = jarOf();
    await kit.core.cookies.writeCookie(jar, "refresh", value, 600);
    return kit.core.refreshCookie.readRefreshState(jarOf(headerOf(jar)));
  };

  test("CK-12 the cookie contains the refresh token, the sign-in and the end of the session", async () => {
    const signIn = { iss: kit.config().issuer, sub: "1", auth_time: NOW };
    expect(await read({})).toEqual({ refreshToken: "token", signIn, sessionEndsAt: NOW + 600, isProven: true });
  });

  test.each([
    ["has ended", { exp: NOW }],
    ["ended long ago", { exp: 1 }],
    ["ends at a text", { exp: `${NOW + 600}` }],
    ["ends between two seconds", { exp: NOW + 600.5 }],
    ["never ends", { exp: 1e300 }],
    ["does not say when it ends", { exp: undefined }],
    ["is of another issuer", { iss: "https://evil.example" }],
    ["is of nobody", { sub: undefined }],
    ["is of a number", { sub: 1 }],
  ])("CK-12 RF-08 the kit rejects a refresh cookie that %s", async (_what, change) =>
    expect(await read(change)).toBeNull(),
  );

  test.each([
    ["without a token", (facts: string) => facts],
    ["with an empty token", (facts: string) => `${facts}.`],
    ["with something before it", (facts: string) => `!${facts}.token`],
    ["without facts", () => ".token"],
  ])("CK-18 the kit rejects a refresh cookie %s", async (_what, arrange) => expect(await read({}, arrange)).toBeNull());
});

const ODD_FACTS = [
  { sub: undefined },
  { sub: 5 },
  { exp: "never" },
  { exp: undefined },
  { iss: "https://evil.example" },
];

test.each(ODD_FACTS)("CK-12 CK-18 a refresh cookie with %j causes no request to Cognito", async (change) => {
  const { core, config } = await pool.load();
  const facts = { iss: pool.cognito.issuer, sub: "x", exp: 4e9, ...change };
  const headers = new Headers({
    cookie: `__Host-auth.refresh=${Buffer.from(JSON.stringify(facts)).toString("base64url")}.token`,
  });
  pool.cognito.clearRequests();
  expect(await core.authenticate(headers, config(), "due")).toEqual({ status: "signed_out", error: null });
  expect(pool.cognito.requests).toEqual([]);
});

test("CK-12 sign-in sets the end of the session, and no refresh or rotation moves it", async () => {
  const browser = pool.browser(kit);
  await browser.signIn("ada");
  const refreshTokens = new Set<string>();
  const start = Date.now();
  for (const hours of [1, 24, 29 * 24]) {
    vi.setSystemTime(start + hours * 3_600_000);
    expect((await browser.visit("/dashboard")).status).toBe(200);
    expect(browser.jar.get("__Host-auth.refresh")?.expiresAt).toBe(start + 30 * DAY_S * 1000);
    refreshTokens.add(browser.value("__Host-auth.refresh"));
  }
  expect(refreshTokens.size).toBe(3);
  const cookie = browser.cookieHeader;
  vi.setSystemTime(start + 30 * DAY_S * 1000);
  pool.cognito.clearRequests();
  // A browser that keeps the cookie for longer gets no longer session.
  expect(await whoIs(browser.kit, cookie)).toEqual(NOBODY);
  expect(pool.cognito.count("token")).toBe(0);
});
