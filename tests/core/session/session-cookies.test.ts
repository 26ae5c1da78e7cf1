import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CookieJar } from "@/lib/auth/core/http/cookie-jar";
import { type Kit, pathOf, usePool, whoIs } from "../../support/kit";

const START = Date.parse("2026-06-01T12:00:00Z");
const NOW = START / 1000;
const DAY_S = 24 * 3600;

const pool = usePool({ settings: { rotation: true, refreshTokenSeconds: 90 * DAY_S } });

const ADA = { user: "ada", page: 200, cookies: [] };
const NOBODY = { user: null, page: 303, cookies: [] };

let kit: Kit;
beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.setSystemTime(START);
  Object.assign(pool.cognito.settings, { accessClaims: {}, idClaims: {} });
  kit = await pool.load();
  pool.cognito.clearRequests();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const jarOf = (cookie = "") => new kit.core.CookieJar(new Headers({ cookie }), kit.config());
/** As the browser would send them. */
const headerOf = (jar: CookieJar) => jar.applyToHeader("");

const FACTS = { iss: "https://issuer.example", sub: "1", iat: NOW, exp: NOW + 3_600 };
const SIGN_IN = { iss: FACTS.iss, sub: FACTS.sub, auth_time: NOW };

/** A session whose tokens have so many characters, in a jar that may hold other cookies. */
async function store(
  accessLength: number,
  idLength: number,
  { exp = FACTS.exp, endsAt = NOW + 86_400, cookie = "" } = {},
) {
  const accessClaims = { ...FACTS, exp, token_use: "access", client_id: "web" } as const;
  const idClaims = { ...FACTS, exp, token_use: "id", aud: "web" } as const;
  const refreshToken = "r".repeat(1_500);
  const tokens = { accessToken: "a".repeat(accessLength), accessClaims, idToken: "i".repeat(idLength), idClaims };
  const state = { refreshToken, signIn: SIGN_IN, expiresAt: endsAt };
  const jar = jarOf(cookie);
  return { jar, ...(await kit.core.sessionCookies.writeSessionCookies(jar, { ...tokens, refreshToken }, state)) };
}

describe("the size of a session", () => {
  test("CK-06 at 7,500 bytes of cookies the ID token is kept, at 7,501 it is left out", async () => {
    const sizes = await Promise.all(
      range(2_800, 3_400).map(async (length) => {
        const { jar, isIdTokenDropped } = await store(2_500, length);
        return isIdTokenDropped ? null : headerOf(jar).length;
      }),
    );
    expect(Math.max(...sizes.map((size) => size ?? 0))).toBe(7_500);
    expect(sizes.indexOf(null)).toBe(sizes.indexOf(7_500) + 1);
  });

  test("CK-06 12,000 bytes of cookies are stored, 12,001 are a session_too_large", async () => {
    const sizes = await Promise.all(
      range(9_800, 10_500).map(async (length) => {
        return store(length, 10).then(
          ({ jar }) => headerOf(jar).length,
          (error: Error) => error.message,
        );
      }),
    );
    expect(Math.max(...sizes.map((size) => (typeof size === "number" ? size : 0)))).toBe(12_000);
    expect(sizes[sizes.indexOf(12_000) + 1]).toBe("12001 bytes of cookies");
  });

  test("CK-06 the ID token is left out above 7,500 bytes, and the event says so", async () => {
    const kept: number[] = [];
    for (let size = 0; size <= 3_000; size += 250) {
      pool.cognito.settings.idClaims = { "custom:bio": "x".repeat(size) };
      const { kit, browser } = await signedIn("ada");
      const isIdTokenDropped = !browser.names().some((name) => name.startsWith("__Host-auth.id"));
      expect(events().at(-1)).toMatchObject({ type: "signed_in", isIdTokenDropped });
      expect(await whoIs(kit, browser.cookieHeader)).toEqual(ADA);
      if (!isIdTokenDropped) kept.push(browser.cookieHeader.length);
    }
    expect(kept.length).toBeLessThan(13);
    expect(Math.max(...kept)).toBeLessThanOrEqual(7_500);
    expect(Math.max(...kept)).toBeGreaterThan(6_700);
  });

  test("CK-06 CK-22 above 12,000 bytes the sign-in fails with a clear page, before any server answers 431", async () => {
    const ends = new Set<string>();
    for (let size = 5_000; size <= 8_000; size += 500) {
      pool.cognito.settings.accessClaims = { large: "x".repeat(size) };
      const { browser, answer } = await signedIn("ada");
      ends.add(pathOf(answer));
      if (pathOf(answer) === "/dashboard") expect(browser.cookieHeader.length).toBeLessThanOrEqual(12_000);
      else expect(linesOf([answer]).filter((line) => !line.includes("Max-Age=0"))).toEqual([]);
    }
    expect([...ends]).toEqual(["/dashboard", "/auth/error?code=session_too_large&returnTo=%2Fdashboard"]);
  });
});

describe("the lifetime of a session", () => {
  test("a session that ends before its tokens takes them along, and one that has ended is still a cookie", async () => {
    const ages = async (options: object) => (await store(10, 10, options)).jar.changes.map(({ maxAge }) => maxAge);
    expect(await ages({})).toEqual([3_600, 86_400, 3_600]);
    expect(await ages({ endsAt: NOW + 60 })).toEqual([60, 60, 60]);
    expect(await ages({ exp: NOW })).toEqual([1, 86_400, 1]); // 0 would delete.
  });

  test.each([
    ["the default", {}, 30 * DAY_S],
    ["the longest that browsers keep", { AUTH_SESSION_MAX_AGE: `${400 * DAY_S}` }, 400 * DAY_S],
  ])("CK-13 the refresh cookie lasts as configured: %s", async (_what, env, seconds) => {
    const { browser } = await signedIn("ada", env);
    expect(browser.jar.get("__Host-auth.refresh")?.line).toContain(`; Max-Age=${seconds};`);
    expect(browser.jar.get("__Host-auth.access")?.line).toContain("; Max-Age=3600;");
  });

  test("CK-12 the end of the session is set at sign-in: no refresh and no rotation moves it", async () => {
    const { browser } = await signedIn("ada");
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
    // Even a browser that keeps the cookie does not get more.
    expect(await whoIs(browser.kit, cookie)).toEqual(NOBODY);
    expect(pool.cognito.count("token")).toBe(0);
  });
});

test("CB-19 a session without a refresh token leaves none of the session before", async () => {
  const accessClaims = { ...FACTS, token_use: "access", client_id: "web" } as const;
  const tokens = { accessToken: "a", accessClaims, idToken: null, idClaims: null, refreshToken: null };
  const jar = jarOf("__Host-auth.refresh=x; __Host-auth.id=x");
  expect(await kit.core.sessionCookies.writeSessionCookies(jar, tokens, null)).toEqual({ isIdTokenDropped: false });
  expect(jar.changes).toEqual([
    { name: "__Host-auth.access", value: "a", maxAge: 3_600 },
    { name: "__Host-auth.refresh", value: "", maxAge: 0 },
    { name: "__Host-auth.id", value: "", maxAge: 0 },
  ]);
});

describe("a refresh cookie", () => {
  const read = async (change: object, arrange = (facts: string) => `${facts}.token`) => {
    const facts = { iss: kit.config().issuer, sub: "1", auth_time: NOW, exp: NOW + 600, ...change };
    const value = arrange(Buffer.from(JSON.stringify(facts)).toString("base64url"));
    const jar = jarOf();
    await kit.core.cookies.writeCookie(jar, "refresh", value, 600);
    return kit.core.sessionCookies.readRefreshState(jarOf(headerOf(jar)));
  };

  test("CK-12 tells the refresh token, the sign-in, and when the session ends", async () => {
    const signIn = { iss: kit.config().issuer, sub: "1", auth_time: NOW };
    expect(await read({})).toEqual({ refreshToken: "token", signIn, expiresAt: NOW + 600, isProven: true });
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
  ])("CK-12 RF-08 that %s is none", async (_what, change) => expect(await read(change)).toBeNull());

  test.each([
    ["without a token", (facts: string) => facts],
    ["with an empty token", (facts: string) => `${facts}.`],
    ["with something before it", (facts: string) => `!${facts}.token`],
    ["without facts", () => ".token"],
  ])("CK-18 %s is none", async (_what, arrange) => expect(await read({}, arrange)).toBeNull());
});

const ODD_FACTS = [
  { sub: undefined },
  { sub: 5 },
  { exp: "never" },
  { exp: undefined },
  { iss: "https://evil.example" },
];

test.each(ODD_FACTS)("CK-12 CK-18 a refresh cookie with %j asks Cognito nothing", async (change) => {
  const { core, config } = await pool.load();
  const facts = { iss: pool.cognito.issuer, sub: "x", exp: 4e9, ...change };
  const headers = new Headers({
    cookie: `__Host-auth.refresh=${Buffer.from(JSON.stringify(facts)).toString("base64url")}.token`,
  });
  pool.cognito.clearRequests();
  expect(await core.authenticate(headers, config(), "due")).toEqual({ status: "signed_out", error: null });
  expect(pool.cognito.requests).toEqual([]);
});

async function signedIn(username: string, env: Record<string, string> = {}) {
  const kit = await pool.load(env);
  const browser = pool.browser(kit);
  const answer = await browser.signIn(username);
  return { kit, browser, answer };
}

const linesOf = (answers: readonly Response[]) => answers.flatMap(({ headers }) => headers.getSetCookie());

const events = () => vi.mocked(console.info).mock.calls.map(([line]) => JSON.parse(String(line)).auth);
