import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { SignedIn } from "@/lib/auth/core/session/authentication";
import { type Browser, ENDED, type Kit, usePool } from "../../support/kit";

const START = Date.parse("2026-06-01T12:00:00Z");
const pool = usePool();
let kit: Kit;
let browser: Browser;
let door: typeof import("@/lib/auth/core/session/live");

beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.setSystemTime(START);
  pool.cognito.clearFaults();
  kit = await pool.load({ AUTH_SESSION_MAX_AGE: "86400" });
  door = await import("@/lib/auth/core/session/live");
  browser = pool.browser(kit);
  await browser.signIn();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** The result of the live check for a request with these headers, and the cookies that it changes. */
async function check(headers: Record<string, string> = { cookie: browser.cookieHeader }) {
  const config = kit.config();
  const auth = await kit.core.authenticate(new Headers(headers), config, "never");
  if (auth.status !== "signed_in") throw new Error("Nobody is signed in");
  const jar = new kit.core.CookieJar(new Headers(headers), config);
  const live = await door.checkLive(kit.sessionChanges, auth as SignedIn, jar);
  return { live, isSame: live === auth, code: "error" in live ? live.error?.code : undefined, changes: jar.changes };
}

const bearer = async () => ({
  authorization: `Bearer ${(await pool.cognito.issueTokens("ada", "mobile12345")).access_token}`,
});

describe("NW-07 the live check", () => {
  test("returns the session of a live sign-in unchanged", async () => {
    expect(await check()).toMatchObject({ isSame: true, changes: [] });
    expect(await check(await bearer())).toMatchObject({ isSame: true, changes: [] });
  });

  test("marks a sign-in that Cognito ended, until its session would have ended", async () => {
    vi.setSystemTime(START + 600_000);
    pool.cognito.globalSignOut("ada");
    const { live, code, changes } = await check();
    expect([live.status, code]).toEqual(["signed_out", "token_invalid"]);
    expect(changes).toEqual([{ name: expect.stringMatching(ENDED), value: expect.any(String), maxAge: 86_400 - 600 }]);
  });

  test("marks it until the access token expires, when there is no refresh cookie", async () => {
    browser.drop("__Host-auth.refresh");
    vi.setSystemTime(START + 600_000);
    pool.cognito.globalSignOut("ada");
    expect((await check()).changes).toMatchObject([{ maxAge: 3_000 }]);
  });

  test("marks nothing for a Bearer token", async () => {
    const headers = await bearer();
    pool.cognito.globalSignOut("ada");
    expect(await check({ ...headers, cookie: browser.cookieHeader })).toMatchObject({
      live: { status: "signed_out" },
      changes: [],
    });
  });

  test("rejects the userInfo of another user, and does not mark the sign-in as ended", async () => {
    pool.cognito.fault("userInfo", { transform: (json) => ({ ...json, sub: "someone-else" }) });
    expect(await check()).toMatchObject({ live: { status: "signed_out" }, code: "token_invalid", changes: [] });
  });

  test("does not mark a sign-in whose token is about to expire", async () => {
    vi.setSystemTime(START + 3_580_000);
    pool.cognito.fault("userInfo", { status: 401, body: { error: "invalid_token" } });
    expect(await check()).toMatchObject({ live: { status: "signed_out" }, code: "token_expired", changes: [] });
  });

  test("AT-12 is unknown in an outage, and marks nothing", async () => {
    pool.cognito.fault("userInfo", { status: 500 });
    expect(await check()).toMatchObject({
      live: { status: "unknown" },
      code: "token_endpoint_unavailable",
      changes: [],
    });
  });
});
