import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, type Kit, pathOf, usePool } from "../../support/kit";

const pool = usePool({ settings: { accessTokenSeconds: 3_600, rotation: true } });
const NONE = { COGNITO_CLIENT_SECRET: undefined, AUTH_SECRET: undefined } as unknown as Record<string, string>;
const SECRET = "a-secret-of-more-than-thirty-two-bytes";

let kit: Kit;
let browser: Browser;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "info").mockReturnValue();
  pool.cognito.clearFaults();
  kit = await pool.load();
  browser = pool.browser(kit);
  await browser.signIn();
  pool.cognito.clearRequests();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const isSignedIn = (response: Response) => response.headers.get("x-middleware-next") === "1";
const calls = () => pool.cognito.requests.filter(({ name }) => name === "token" || name === "revoke").length;
const refresh = () => browser.value("__Host-auth.refresh");
const setCookie = (name: string, value: string) =>
  browser.jar.set(name, { value, line: "", expiresAt: Number.POSITIVE_INFINITY });
const readFacts = (value: string) =>
  JSON.parse(Buffer.from(value.replace(/^[\w-]{43}~/, "").split(".", 1)[0] ?? "", "base64url").toString());

/** Makes the refresh cookie one of version 0.1.0: `<facts>.<refresh token>`, which nothing protects. */
function unsign(change: object = {}): void {
  const [facts = "", ...token] = refresh()
    .replace(/^[\w-]{43}~/, "")
    .split(".");
  const changed = { ...JSON.parse(Buffer.from(facts, "base64url").toString()), ...change };
  setCookie("__Host-auth.refresh", [Buffer.from(JSON.stringify(changed)).toString("base64url"), ...token].join("."));
}

async function moveTo(env: Record<string, string>): Promise<void> {
  const next = pool.browser(await pool.load(env));
  for (const [name, cookie] of browser.jar) next.jar.set(name, cookie);
  [kit, browser] = [next.kit, next];
}

describe("without AUTH_SECRET, a client secret", () => {
  test("AT-13 signs the refresh cookie: its end cannot be edited", async () => {
    const end = readFacts(refresh()).exp;
    const [, mac = "", token = ""] = /^([\w-]{43}~)[^.]*(\..*)$/.exec(refresh()) ?? [];
    const facts = Buffer.from(JSON.stringify({ ...readFacts(refresh()), exp: end + 1_000 })).toString("base64url");
    setCookie("__Host-auth.refresh", mac + facts + token);
    browser.drop("__Host-auth.access");
    expect(pathOf(await browser.visit("/dashboard"))).toBe("/auth/login?returnTo=%2Fdashboard");
    expect(calls()).toBe(0);
  });

  test("AT-13 CK-11 a value that is signed for one cookie is nothing in another", async () => {
    const rounds = await browser.login("/auth/login?returnTo=/x&prompt=login");
    expect(rounds.status).toBe(303);
    setCookie("__Host-auth.refresh", browser.value("__Host-auth.rounds"));
    browser.drop("__Host-auth.access");
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(false);
    setCookie("__Host-auth.rounds", refresh());
    expect((await browser.login()).status).toBe(303);
  });

  test("AT-13 another client's secret, client id or issuer makes no valid cookie", async () => {
    const text = "x.y";
    const { sign, readSigned } = await import("@/lib/auth/core/base/sign");
    const config = kit.config();
    const value = await sign(text, "refresh", config);
    expect(await readSigned(value, "refresh", config)).toBe(text);
    for (const change of [{ clientSecrets: ["other"] }, { clientId: "other" }, { issuer: "https://o.example" }]) {
      expect(await readSigned(value, "refresh", { ...config, ...change })).toBeNull();
    }
    expect(await readSigned(value, "ended", config)).toBeNull();
    expect(await readSigned(`A${value.slice(1)}`, "refresh", config)).toBe(value.startsWith("A") ? text : null);
  });

  test("CF-10 after AUTH_SECRET is set, signed cookies still count, and are sealed at the next refresh", async () => {
    await moveTo({ AUTH_SECRET: SECRET });
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    expect(refresh()).toMatch(/^eyJ[\w-]+\.\./);
  });

  test.each(["middleware", "login", "callback", "logout"])(
    "AT-06 two hundred made-up refresh cookies at %s cost no call to Cognito",
    async (door) => {
      const facts = Buffer.from(JSON.stringify({ ...readFacts(refresh()) })).toString("base64url");
      for (let i = 0; i < 200; i++) {
        const visitor = pool.browser(kit);
        const value = i % 2 ? `${facts}.made-up-${i}` : `${"A".repeat(43)}~${facts}.made-up-${i}`;
        visitor.jar.set("__Host-auth.refresh", { value, line: "", expiresAt: Number.POSITIVE_INFINITY });
        if (door === "middleware") await visitor.visit("/dashboard");
        if (door === "login") await visitor.login();
        if (door === "callback") await visitor.callback("/auth/callback?code=x&state=y");
        if (door === "logout") await visitor.signOut();
      }
      expect(calls()).toBe(0);
    },
  );

  test("AT-06 CB-06 one transaction with two hundred made-up codes costs one call", async () => {
    const visitor = pool.browser(kit);
    const login = await visitor.login();
    const state = new URL(login.headers.get("location") ?? "").searchParams.get("state");
    const pending = new Map(visitor.jar);
    for (let i = 0; i < 200; i++) {
      for (const [name, cookie] of pending) visitor.jar.set(name, cookie);
      expect(pathOf(await visitor.callback(`/auth/callback?code=x${i}&state=${state}`))).toContain("grant_rejected");
    }
    expect(calls()).toBe(1);
  });

  test("AT-06 made-up codes with a transaction each are bounded in a second, and then sign-in works", async () => {
    const attempts = Array.from({ length: 100 }, async (_, i) => {
      const visitor = pool.browser(kit);
      const login = await visitor.login();
      const state = new URL(login.headers.get("location") ?? "").searchParams.get("state");
      return pathOf(await visitor.callback(`/auth/callback?code=x${i}&state=${state}`));
    });
    const ends = await Promise.all(attempts);
    expect(calls()).toBe(30);
    expect(ends.filter((path) => path.includes("token_endpoint_unavailable"))).toHaveLength(70);
    pass(1);
    expect(pathOf(await pool.browser(kit).signIn())).toBe("/dashboard");
  });
});

test("AT-06 sixty users who sign in within a moment all succeed: the bound makes them wait, not fail", async () => {
  vi.useRealTimers();
  pool.cognito.fault("token", { answerDelayMs: 200 });
  const arrivals = Array.from({ length: 60 }, async () => pathOf(await pool.browser(kit).signIn()));
  expect(new Set(await Promise.all(arrivals))).toEqual(new Set(["/dashboard"]));
});

describe("with neither secret", () => {
  beforeEach(async () => {
    await moveTo(NONE);
  });

  test("AT-06 made-up refresh cookies cost at most 30 calls a second, and nobody loses a session for them", async () => {
    unsign();
    const facts = Buffer.from(JSON.stringify(readFacts(refresh()))).toString("base64url");
    const visits = Array.from({ length: 200 }, (_, i) => {
      const visitor = pool.browser(kit);
      setCookieOf(visitor, `${facts}.made-up-${i}`);
      return i % 2 ? visitor.visit("/dashboard") : visitor.signOut();
    });
    await Promise.all(visits);
    expect(calls()).toBeLessThanOrEqual(60); // 30 refreshes and 30 revocations.
    const names = browser.names();
    browser.drop("__Host-auth.access");
    expect((await browser.visit("/dashboard")).status).toBe(503);
    expect(browser.names()).toEqual(names.filter((name) => name !== "__Host-auth.access"));
  });
});

function setCookieOf(visitor: Browser, value: string): void {
  visitor.jar.set("__Host-auth.refresh", { value, line: "", expiresAt: Number.POSITIVE_INFINITY });
}

describe("NW-12 a session of version 0.1.0", () => {
  test("whose access cookie is there is refreshed once, and its refresh cookie is signed", async () => {
    unsign();
    for (let i = 0; i < 3; i++) expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    expect(refresh()).toMatch(/^[\w-]{43}~/);
    expect(calls()).toBe(1);
    pass(3_700);
    browser.drop("__Host-auth.access");
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
  });

  test("AT-06 gets nothing signed that Cognito did not accept, and made-up tokens are bounded", async () => {
    const cookies = browser.cookieHeader;
    unsign();
    const facts = refresh().split(".", 1)[0];
    const visits = Array.from({ length: 40 }, async (_, i) => {
      const visitor = pool.browser(kit);
      for (const [name, cookie] of browser.jar) visitor.jar.set(name, cookie);
      setCookieOf(visitor, `${facts}.made-up-${i}`);
      await visitor.visit("/dashboard");
      return visitor.value("__Host-auth.refresh");
    });
    expect((await Promise.all(visits)).filter((value) => value.includes("~"))).toEqual([]);
    expect(calls()).toBe(30);
    expect(cookies).toContain("~");
  });

  test("stays as it is during an outage of Cognito", async () => {
    unsign();
    const names = browser.cookieHeader;
    pool.cognito.fault("token", { status: 500 });
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    expect(browser.cookieHeader).toBe(names);
  });

  test("whose access token is about to expire is refreshed", async () => {
    unsign();
    pass(3_570);
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    expect(refresh()).toMatch(/^[\w-]{43}~/);
    expect(calls()).toBe(1);
  });

  test.each([
    ["whose access cookie is gone", () => browser.drop("__Host-auth.access")],
    ["with another user's facts", () => unsign({ sub: "somebody-else" })],
    ["with another sign-in's origin_jti", () => unsign({ origin_jti: "another" })],
    ["whose facts have no origin_jti", () => unsign({ origin_jti: undefined })],
  ])("%s signs in once more, without a call", async (_what, change) => {
    unsign();
    change();
    await browser.visit("/dashboard");
    expect(refresh()).not.toMatch(/^[\w-]{43}~/);
    browser.drop("__Host-auth.access");
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(false);
    expect(calls()).toBe(0);
  });

  test("AT-13 whose end was edited ends when a sign-in at its auth_time would", async () => {
    const { exp } = readFacts(refresh());
    unsign({ exp: exp + 10_000_000 });
    await browser.visit("/dashboard");
    expect(readFacts(refresh()).exp).toBeLessThanOrEqual(exp);
    const earlier = exp - 1_000;
    unsign({ exp: earlier });
    await browser.visit("/dashboard");
    expect(readFacts(refresh()).exp).toBe(earlier);
  });

  test("LO-03 signs out, and its refresh token is revoked", async () => {
    unsign();
    await browser.signOut();
    expect(pool.cognito.count("revoke")).toBe(1);
    expect(
      pool.cognito.signIns.at(-1)?.refreshTokens.map(({ token }) => pool.cognito.refreshTokenState(token)),
    ).toEqual(["revoked"]);
  });

  test("CK-15 that its .ended list names is signed out, and a new sign-in is not", async () => {
    const { fingerprint } = await import("@/lib/auth/core/base/hash");
    const key = await fingerprint(readFacts(refresh()).origin_jti);
    setCookie("__Host-auth.ended", `${key}.${Math.floor(Date.now() / 1000) + 600}`);
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(false);
    await browser.signIn();
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
  });

  test("with sealed cookies goes on as it was", async () => {
    await moveTo({ AUTH_SECRET: SECRET });
    const { seal } = await import("@/lib/auth/core/base/seal");
    unsign();
    setCookie("__Host-auth.refresh", await seal(refresh(), "refresh", SECRET));
    browser.drop("__Host-auth.access");
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
  });
});
