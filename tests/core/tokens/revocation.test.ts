import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, type Kit, usePool } from "../../support/kit";
import { shortenPauses } from "../../support/time";

let kit: Kit;
let browser: Browser;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "info").mockReturnValue();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

describe("with a client secret", () => {
  const pool = usePool({ settings: { accessTokenSeconds: 300, rotation: true, graceSeconds: 10, ssoSeconds: 0 } });
  const refreshTokenOf = (it: Browser) => it.value("__Host-auth.refresh").replace(/^[^.]*\./, "");

  beforeEach(async () => {
    Object.assign(pool.cognito.settings, { revokeFamily: true });
    kit = await pool.load();
    browser = pool.browser(kit);
    await browser.signIn();
    pool.cognito.clearRequests();
  });

  afterEach(() => pool.cognito.clearFaults());

  test("AT-07 the kit repeats a failed revocation after a minute", async () => {
    pass(400);
    const late = await kit.middleware.default(browser.request("/dashboard"));
    Object.assign(pool.cognito.settings, { revokeFamily: false });
    await browser.signOut();
    browser.take(late);
    pool.cognito.clearRequests();
    pool.cognito.fault("revoke", { status: 500 });
    await browser.visit("/dashboard");
    await browser.visit("/dashboard");
    expect(pool.cognito.count("revoke")).toBe(1);
    pool.cognito.clearFaults();
    pass(60);
    await browser.visit("/dashboard");
    expect(pool.cognito.refreshTokenState(refreshTokenOf(browser))).toBe("revoked");
  });

  test("AT-06 a refresh token that is replayed at sign-out is revoked once", async () => {
    const jar = new Map(browser.jar);
    for (let i = 0; i < 20; i++) {
      for (const [name, cookie] of jar) browser.jar.set(name, cookie);
      await browser.signOut();
    }
    expect(pool.cognito.count("revoke")).toBe(1);
  });
});

describe("without secrets", () => {
  const REFRESH = "__Host-auth.refresh";

  const pool = usePool({ client: { clientSecret: undefined } });

  test("AT-06 without secrets, made-up sign-outs cause thirty revocations a second", async () => {
    shortenPauses();
    const kit = await pool.load();
    const browser = pool.browser(kit);
    await browser.signIn();
    const [facts] = browser.value(REFRESH).split(".", 1);
    pool.cognito.clearRequests();
    const signOuts = Array.from({ length: 60 }, (_, i) => {
      const visitor = pool.browser(kit);
      const value = `${facts}.made-up-${i}`;
      visitor.jar.set(REFRESH, { value, line: "", expiresAt: Number.POSITIVE_INFINITY });
      return visitor.signOut();
    });
    for (const { status } of await Promise.all(signOuts)) expect(status).toBe(303);
    expect(pool.cognito.count("revoke")).toBe(30);
    vi.setSystemTime(Date.now() + 1_000);
    await browser.signOut();
    expect(pool.cognito.count("revoke")).toBe(31);
  });
});
