import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Kit, usePool, whoIs } from "../../support/kit";

const pool = usePool({ settings: { accessTokenSeconds: 3_600, rotation: true, revokeFamily: false } });
let kit: Kit;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "info").mockReturnValue();
  pool.cognito.clearFaults();
  kit = await pool.load({ AUTH_SECRET: "a-secret-of-more-than-thirty-two-bytes" });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

async function signedIn() {
  const browser = pool.browser(kit);
  await browser.signIn();
  pool.cognito.clearRequests();
  return browser;
}

const jarOf = (cookie: string) => new kit.core.CookieJar(new Headers({ cookie }), kit.config());
const newestState = () =>
  pool.cognito.refreshTokenState(pool.cognito.signIns.at(-1)?.refreshTokens.at(-1)?.token ?? "");

describe("without a store", () => {
  test("a session is in the cookies alone, and no Bearer token belongs to an ended sign-in", async () => {
    expect(kit.storedSessions).toBeNull();
    const browser = await signedIn();
    expect(browser.names()).not.toContain("__Host-auth.session");
    const auth = await kit.sessions.read(jarOf(browser.cookieHeader));
    if (auth.status !== "signed_in") throw new Error("signed out");
    expect(await kit.sessions.hasEnded(auth.session.claims, jarOf(""))).toBe(false);
    expect(pool.cognito.requests).toEqual([]);
  });

  test("RF-05 a refresh writes the new session to the browser", async () => {
    const browser = await signedIn();
    const before = browser.cookieHeader;
    pass(3_700);
    expect((await browser.visit("/dashboard")).headers.getSetCookie().length).toBeGreaterThan(1);
    expect(browser.cookieHeader).not.toBe(before);
    expect((await whoIs(kit, browser.cookieHeader)).user).toBe("ada");
  });

  test("a refresh without a refresh cookie keeps what there was, and a renewal is a sign-out", async () => {
    const browser = await signedIn();
    browser.drop("__Host-auth.refresh");
    const stored = await kit.sessions.read(jarOf(browser.cookieHeader));
    expect(await kit.sessions.refresh(jarOf(browser.cookieHeader), stored, "early")).toBe(stored);
    const renewed = await kit.sessions.refresh(jarOf(browser.cookieHeader), stored, "renewal");
    expect(renewed).toMatchObject({ status: "signed_out", error: { code: "grant_rejected" } });
    expect(pool.cognito.requests).toEqual([]);
  });

  test("AT-02 a refresh of a sign-in that has ended revokes the refresh token that came back", async () => {
    const browser = await signedIn();
    const late = browser.cookieHeader;
    await browser.signOut();
    pool.cognito.fault("revoke", { status: 500 }, { times: 1 });
    const other = await pool.load({ AUTH_SECRET: "a-secret-of-more-than-thirty-two-bytes" });
    pass(3_700);
    const { user, cookies } = await whoIs(other, `${late}; ${browser.cookieHeader}`);
    expect([user, cookies.filter((line) => /\.access=[^;]/.test(line))]).toEqual([null, []]);
    expect([pool.cognito.count("token"), pool.cognito.count("revoke")]).toEqual([0, 2]);
  });

  test("a sign-out ends the session also when Cognito is down", async () => {
    const browser = await signedIn();
    pool.cognito.fault("revoke", { status: 500 });
    const jar = jarOf(browser.cookieHeader);
    expect(await kit.sessionChanges.end(jar)).toMatchObject({ isRevoked: false, signIn: { iss: kit.config().issuer } });
    expect(jar.applyToHeader(browser.cookieHeader)).toMatch(/^__Host-auth\.ended\.[\w-]+=\S+$/);
    expect(await kit.sessionChanges.end(jarOf(""))).toBeNull();
  });

  test("AT-03 a new session revokes the refresh token of the one that it replaces", async () => {
    const browser = await signedIn();
    const [old] = pool.cognito.signIns.at(-1)?.refreshTokens ?? [];
    await browser.signIn("grace", "/auth/login?returnTo=/x&prompt=login");
    expect(pool.cognito.refreshTokenState(old?.token ?? "")).toBe("revoked");
    expect(newestState()).toBe("valid");
  });

  test("RF-01 an early refresh that failed is due again in the last minute, for every kind of request", async () => {
    const jar = jarOf((await signedIn()).cookieHeader);
    pass(3_550);
    const stored = await kit.sessions.read(jar);
    expect(await kit.sessions.mustRefreshEarly(jar, true)).toBe(false);
    pool.cognito.fault("token", { status: 500 });
    expect(await kit.sessions.refresh(jar, stored, "early")).toMatchObject({ status: "signed_in" });
    expect(await kit.sessions.mustRefreshEarly(jar, true)).toBe(true);
    expect(await kit.sessions.mustRefreshEarly(jar, false)).toBe(false);
  });
});
