import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { sendDropped } from "../../support/dropped";
import { type Browser, type Kit, TYPED, usePool, withRefreshToken } from "../../support/kit";
import { stopTimers, until } from "../../support/time";

const pool = usePool({
  settings: { clockSkewSeconds: 0, accessTokenSeconds: 3_600, rotation: true, graceSeconds: 10 },
});

let kit: Kit;

let start: number;

beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.setSystemTime("2026-06-01T12:00:00Z");
  start = Date.now();
  Object.assign(pool.cognito.settings, { clockSkewSeconds: 0, accessTokenSeconds: 3_600 });
  pool.cognito.clearFaults();
  kit = await pool.load();
  pool.cognito.clearRequests();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const at = (seconds: number) => vi.setSystemTime(start + seconds * 1000);

const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

const visit = (headers: Record<string, string>, path = "/dashboard", init: RequestInit = {}): Promise<Response> =>
  kit.middleware.default(pool.browser(kit).request(path, { ...TYPED, ...headers }, init));

async function signedIn(username = "ada"): Promise<Browser> {
  const browser = pool.browser(kit);
  await browser.signIn(username);
  pool.cognito.clearRequests();
  return browser;
}

describe("trouble at Cognito", () => {
  test("DS-06 RF-16 a thousand requests with a dead refresh token cause one call in a minute", async () => {
    const browser = await signedIn();
    const cookie = await withRefreshToken(kit, browser, "dead");
    const storm = async (seconds: number) => {
      at(seconds);
      for (const _ of times(100, String)) expect((await visit({ cookie })).status).toBe(303);
      await Promise.all(times(400, () => visit({ cookie })));
      return pool.cognito.count("token");
    };
    expect([await storm(0), await storm(59), await storm(60)]).toEqual([1, 1, 2]);
  });

  test("DS-06 during an outage a valid session asks Cognito once in two seconds", async () => {
    const browser = await signedIn();
    pool.cognito.fault("token", { status: 500 });
    const cookie = browser.cookieHeader;
    const storm = async (seconds: number) => {
      at(seconds);
      for (const _ of times(50, String)) expect((await visit({ cookie })).status).toBe(200);
      return pool.cognito.count("token");
    };
    expect([await storm(3_550), await storm(3_551), await storm(3_552)]).toEqual([1, 1, 2]);
  });

  test("DS-07 TK-05 a user for whom Cognito never answers gets a 503, and other users do not wait", async () => {
    const slow = await signedIn();
    const other = await signedIn("grace");
    slow.drop("__Host-auth.access");
    pool.cognito.fault("token", { hang: true });
    stopTimers();
    const order: string[] = [];
    const waits = slow.visit("/dashboard").then(({ status }) => order.push(`slow ${status}`));
    await until(() => pool.cognito.count("token") === 1);
    await other.visit("/dashboard").then(({ status }) => order.push(`other ${status}`));
    await vi.advanceTimersByTimeAsync(5_000);
    await waits;
    expect(order).toEqual(["other 200", "slow 503"]);
    expect(slow.names()).toContain("__Host-auth.refresh");
  });

  test.each([
    ["behind", -300, 3_600],
    ["ahead", 300, 3_600],
    ["ahead, further than a token lives,", 300, 300],
  ])("DS-14 a clock that jumps %s causes no refresh loop and signs no user out", async (_what, jump, lifetime) => {
    pool.cognito.settings.accessTokenSeconds = lifetime;
    const browser = await signedIn();
    const skewed = { seconds: jump, clockSkewSeconds: -jump }; // Cognito's own clock does not jump.
    for (const { seconds, clockSkewSeconds } of [...times(10, () => skewed), { seconds: 0, clockSkewSeconds: 0 }]) {
      pool.cognito.settings.clockSkewSeconds = clockSkewSeconds;
      at(seconds);
      pool.cognito.clearRequests();
      const { status } = await browser.visit("/dashboard");
      expect(pool.cognito.count("token")).toBeLessThanOrEqual(1);
      expect([200, 503]).toContain(status);
    }
    expect((await browser.visit("/dashboard")).status).toBe(200);
  });
});

test("RF-02 requests wait for a dropped refresh, and then send it once more", async () => {
  const browser = pool.browser(kit);
  await browser.signIn();
  browser.drop("__Host-auth.access");
  expect(await sendDropped("/token", () => browser.visit("/dashboard"), 11)).toEqual([1, 2, 200]);
});

describe("new tokens while the keys are unavailable", () => {
  let browser: Browser;
  beforeEach(async () => {
    browser = await signedIn();
  });

  /** Makes the pool sign with new keys that cannot be fetched. */
  async function loseKeys(): Promise<void> {
    at(3_700);
    await pool.cognito.rotateKeys();
    pool.cognito.fault("jwks", { status: 500 });
    pool.cognito.clearRequests();
  }

  test("RF-07 tokens that arrive while the keys are unavailable serve later, also after the grace period", async () => {
    await loseKeys();
    expect((await browser.visit("/dashboard")).status).toBe(503);
    at(3_705);
    expect((await browser.visit("/dashboard")).status).toBe(503);
    at(3_735); // The refresh token has been spent for longer than its grace period.
    pool.cognito.clearFaults();
    const answer = await browser.visit("/dashboard");
    expect(answer.headers.get("x-middleware-next")).toBe("1");
    expect(answer.headers.getSetCookie().some((line) => line.startsWith("__Host-auth.refresh="))).toBe(true);
    expect(pool.cognito.count("token")).toBe(1);
  });

  test("AT-07 after a sign-out, tokens that arrived while the keys were unavailable never serve", async () => {
    await loseKeys();
    const before = new Map(browser.jar);
    expect((await browser.visit("/dashboard")).status).toBe(503);
    await browser.signOut();
    pool.cognito.clearFaults();
    for (const [name, cookie] of before) browser.jar.set(name, cookie); // As when the sign-out's deletions were lost.
    at(3_703);
    expect((await browser.visit("/dashboard")).headers.get("x-middleware-next")).toBeNull();
    expect(
      pool.cognito.signIns.at(-1)?.refreshTokens.map(({ token }) => pool.cognito.refreshTokenState(token)),
    ).toEqual(["revoked", "revoked"]);
  });
});

test("DS-16 failures in the background leave no unhandled rejection", async () => {
  const rejections: unknown[] = [];
  const note = (reason: unknown) => rejections.push(reason);
  process.on("unhandledRejection", note);
  const browser = await signedIn();
  pool.cognito.fault("jwks", { reset: true });
  at(601);
  await browser.visit("/dashboard"); // Fetches keys in the background.
  pool.cognito.fault("token", { resetAfter: true });
  pool.cognito.fault("revoke", { reset: true });
  browser.drop("__Host-auth.access");
  await Promise.all(times(20, () => browser.visit("/dashboard")));
  const login = await browser.login("/auth/login?returnTo=/x&prompt=login");
  await browser.callback(await pool.cognito.authorize(login.headers.get("location") ?? "", "ada"));
  await browser.signOut();
  await vi.waitFor(() => expect([pool.cognito.count("jwks"), pool.cognito.count("revoke")]).toEqual([1, 1]));
  await setImmediate();
  process.off("unhandledRejection", note);
  expect(rejections).toEqual([]);
});
