import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Browser, type Kit, usePool } from "../support/kit";

const pool = usePool({ settings: { accessTokenSeconds: 300, idTokenSeconds: 300 } });

let kit: Kit;
let browser: Browser;

beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.setSystemTime("2026-06-01T12:00:00Z");
  pool.cognito.settings.idClaims = {};
  kit = await pool.load();
  browser = pool.browser(kit);
  await browser.signIn();
});

afterEach(() => {
  pool.cognito.clearFaults();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const ask = (cookie = browser.cookieHeader, refresh: "never" | "due" | "always" = "due") =>
  kit.core.authenticate(new Headers({ cookie }), kit.config(), refresh);
const idTokenOf = (cookies: readonly { name: string; value: string }[] = []) =>
  cookies.find(({ name }) => name.endsWith(".id"))?.value;

describe("the authentication of a request", () => {
  test("ID-18 a session holds the ID token of its own user, and never the ID token of another user", async () => {
    const own = browser.value("__Host-auth.id");
    expect(await ask()).toMatchObject({ status: "signed_in", idToken: own, session: { source: "cookie" } });
    const others = browser.cookieHeader.replace(own, await pool.cognito.idTokenFor("grace"));
    expect(await ask(others)).toMatchObject({ status: "signed_in", idToken: null, session: { idClaims: null } });
  });

  test("RF-10 a refreshed request gets the new tokens", async () => {
    pass(400);
    const answer = await ask();
    const [before, after] = [browser.value("__Host-auth.id"), idTokenOf(answer.cookies)];
    expect(after).toMatch(/^eyJ/);
    expect(after).not.toBe(before);
    expect(answer).toMatchObject({ status: "signed_in", idToken: after, events: [{ type: "refreshed" }] });
    expect(answer).toMatchObject({ session: { source: "cookie", user: { name: "Ada Lovelace" } } });
  });

  test("CK-06 a session without room for its ID token has no ID token and no ID claims", async () => {
    pool.cognito.settings.idClaims = { "custom:bio": "x".repeat(6_000) };
    pass(400);
    const answer = await ask();
    expect(answer).toMatchObject({ status: "signed_in", idToken: null, session: { idClaims: null } });
    expect(answer.events).toMatchObject([{ type: "refreshed", isIdTokenDropped: true }]);
  });

  test("RF-07 behind middleware, too, an outage makes the session unknown and not signed out", async () => {
    expect(await ask("", "never")).toEqual({ status: "signed_out", error: null });
    expect(await ask(`${browser.cookieHeader}; __Host-auth.outage=1`)).toMatchObject({ status: "signed_in" });
    pass(400);
    pool.cognito.fault("token", { status: 500 });
    const forwarded = Browser.forwardedCookies(await browser.visit("/")) ?? "";
    const error = { code: "token_endpoint_unavailable" };
    expect(await ask(forwarded, "never")).toMatchObject({ status: "unknown", error });
  });

  test("RF-12 a request refreshes only if it may set cookies, has a refresh token, and its access token has expired", async () => {
    const expired = { status: "signed_out", error: { code: "token_expired" } };
    const { cookieHeader } = browser; // As from a browser that keeps it.
    pool.cognito.clearRequests();
    expect(await ask(cookieHeader)).toMatchObject({ status: "signed_in" });
    pass(400);
    expect(await ask(cookieHeader, "never")).toMatchObject(expired);
    expect(await ask(cookieHeader.replace(/__Host-auth\.refresh=[^;]*/, ""))).toMatchObject(expired);
    kit = await pool.load(); // It knows no keys, and gets none.
    pool.cognito.fault("jwks", { status: 500 });
    expect(await ask(cookieHeader)).toMatchObject({ status: "unknown", error: { code: "keys_unavailable" } });
    expect(pool.cognito.count("token")).toBe(0);
  });

  test('RF-15 with the option "always", a request refreshes although its access token is valid', async () => {
    pool.cognito.clearRequests();
    expect(await ask(browser.cookieHeader, "always")).toMatchObject({ events: [{ type: "refreshed" }] });
    expect(pool.cognito.count("token")).toBe(1);
  });

  test("JW-30 an error of the platform reaches the caller unchanged", async () => {
    const luck = new TypeError("no such luck");
    kit = await pool.load();
    vi.spyOn(crypto.subtle, "digest").mockRejectedValue(luck);
    await expect(ask(`${browser.cookieHeader}; __Host-auth.ended=x.${Date.now()}`)).rejects.toBe(luck);
    pass(400);
    await expect(ask()).rejects.toBe(luck);
  });

  test("RF-07 the event of a failed refresh says whether the session is kept", async () => {
    pass(400);
    pool.cognito.fault("token", { status: 500 });
    const code = "token_endpoint_unavailable";
    expect(await ask()).toMatchObject({
      status: "unknown",
      events: [{ type: "refresh_failed", code, isSessionKept: true }],
    });
    pool.cognito.clearFaults();
    pool.cognito.globalSignOut("ada");
    const events = [{ type: "refresh_failed", code: "grant_rejected", isSessionKept: false }];
    expect(await ask()).toMatchObject({ status: "signed_out", events });
  });
});
