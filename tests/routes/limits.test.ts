import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, type Kit, pathOf, TYPED, usePool } from "../support/kit";

const pool = usePool();
const START = Date.parse("2026-06-01T12:00:00Z");
let kit: Kit;
let browser: Browser;

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.setSystemTime(START);
  Object.assign(pool.cognito.settings, { accessTokenSeconds: 3_600, rotation: false, accessClaims: {} });
  pool.cognito.clearRequests();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const later = (seconds: number) => vi.setSystemTime(START + seconds * 1000);
const arrive = async (env: Record<string, string>) => {
  kit = await pool.load(env);
  browser = pool.browser(kit);
  await browser.signIn();
};
const isSignedIn = async () => (await browser.visit("/dashboard", TYPED)).headers.has("x-middleware-next");

describe("an idle limit of half an hour", () => {
  const IDLE = { AUTH_SESSION_IDLE: "1800" };

  test.each([
    ["is signed in just before it ends", 3_600 + 1_799, true],
    ["is signed out when it ends", 3_600 + 1_800, false],
  ])("a user who comes back after the access token expired %s", async (_what, seconds, expected) => {
    await arrive(IDLE);
    later(seconds);
    expect(await isSignedIn()).toBe(expected);
  });

  test("counts from the last refresh", async () => {
    await arrive(IDLE);
    for (const seconds of [5_000, 10_000, 15_000]) {
      later(seconds);
      expect(await isSignedIn()).toBe(true);
    }
    later(15_000 + 3_600 + 1_800);
    expect(await isSignedIn()).toBe(false);
  });

  test("a browser that keeps the cookie for longer gains nothing, and Cognito is not asked", async () => {
    await arrive(IDLE);
    const kept = browser.cookieHeader;
    later(3_600 + 1_801);
    pool.cognito.clearRequests();
    const answer = await kit.middleware.default(browser.request("/dashboard", { ...TYPED, cookie: kept }));
    expect([answer.status, pool.cognito.count("token")]).toEqual([303, 0]);
  });

  test("the cookie ends with the session, and without the limit it lives on", async () => {
    await arrive(IDLE);
    expect(browser.jar.get("__Host-auth.refresh")?.expiresAt).toBe(START + 5_400_000);
    await arrive({});
    expect(browser.jar.get("__Host-auth.refresh")?.expiresAt).toBe(START + 2_592_000_000);
  });
});

describe("a limit for cookies", () => {
  test("CK-06 below 7,500 bytes leaves the ID token out, before a sign-in fails", async () => {
    await arrive({ AUTH_MAX_COOKIE_BYTES: "4000" });
    expect(await isSignedIn()).toBe(true);
    expect(browser.names().filter((name) => name.endsWith(".id"))).toEqual([]);
  });

  test("CK-06 a session above AUTH_MAX_COOKIE_BYTES ends on the error page, one below is stored", async () => {
    await arrive({ AUTH_MAX_COOKIE_BYTES: "8000" });
    expect(await isSignedIn()).toBe(true);
    pool.cognito.settings.accessClaims = { more: "x".repeat(6_000) };
    const visitor = pool.browser(kit);
    const answer = await visitor.signIn();
    expect(pathOf(answer)).toContain("/auth/error?code=session_too_large");
    expect(visitor.names().filter((name) => /access|refresh/.test(name))).toEqual([]);
    const roomy = pool.browser(await pool.load());
    expect(pathOf(await roomy.signIn())).toBe("/dashboard");
  });
});

test.each(["AUTH_SESSION_IDLE", "AUTH_MAX_COOKIE_BYTES"])("CF-01 %s must be a whole number", async (name) => {
  for (const value of ["0", "-1", "1.5", "abc", "12345678901", "undefined"]) {
    const broken = await pool.load({ [name]: value });
    expect(() => broken.config(), value).toThrow(`${name} must be 1 or more, in whole`);
  }
});
