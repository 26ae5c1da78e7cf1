import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Session } from "@/lib/auth/core/session/session";
import {
  type Browser,
  CLICKED,
  ENDED,
  type Kit,
  ORIGIN,
  pathOf,
  TYPED,
  usePool,
  withRefreshToken,
} from "../support/kit";

const pool = usePool();

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
const encode = (text: string) => Buffer.from(text).toString("base64url");

const visit = (headers: Record<string, string>, path = "/dashboard", init: RequestInit = {}): Promise<Response> =>
  kit.middleware.default(pool.browser(kit).request(path, { ...TYPED, ...headers }, init));

function call(headers: Record<string, string>): Promise<Response> {
  const handler = (_request: Request, { user }: Session) => Response.json(user.username);
  return kit.api.withSession(handler)(new Request(ORIGIN, { headers }), null);
}

async function signedIn(username = "ada"): Promise<Browser> {
  const browser = pool.browser(kit);
  await browser.signIn(username);
  pool.cognito.clearRequests();
  return browser;
}

/** The cookie of another refresh token, as only the owner of the browser could make it. */
describe("size", () => {
  test("DS-01 JW-27 a megabyte of token is refused without any cryptography", async () => {
    const token = await pool.cognito.accessTokenFor("ada", { claims: { x: "x".repeat(1_000_000) } });
    const verify = vi.spyOn(crypto.subtle, "verify");
    for (const headers of [{ authorization: `Bearer ${token}` }, { cookie: `__Host-auth.access=${token}` }]) {
      expect((await call(headers)).status).toBe(401);
      expect((await visit(headers)).status).toBeGreaterThan(302);
    }
    expect(verify).not.toHaveBeenCalled();
    expect(pool.cognito.requests).toEqual([]);
  });

  test("DS-03 AR-19 fifty sign-ins begun in one browser leave a few of them, in less than 4 KB", async () => {
    const browser = pool.browser(kit);
    const locations: string[] = [];
    for (let i = 0; i < 50; i++) {
      at(i);
      const login = await browser.login(`/auth/login?returnTo=/${"page".repeat(30)}/${i}`);
      locations.push(login.headers.get("location") ?? "");
      expect(browser.cookieHeader.length).toBeLessThan(4_096);
    }
    expect(browser.names().filter((name) => name.includes(".txn.")).length).toBeGreaterThan(1);
    const newest = await browser.callback(await pool.cognito.authorize(locations.at(-1) ?? "", "ada"));
    expect(pathOf(newest)).toBe(`/${"page".repeat(30)}/49`);
  });

  test("DS-04 sign-out works with 15 KB of cookies, and clears them", async () => {
    const browser = await signedIn("lin");
    for (let i = 3; i < 9; i++) {
      browser.jar.set(`__Host-auth.id.${i}`, { value: "x".repeat(1_000), line: "", expiresAt: start + 1e9 });
    }
    expect(browser.cookieHeader.length).toBeGreaterThan(14_000);
    expect((await browser.signOut()).status).toBe(303);
    expect(browser.names()).toEqual([expect.stringMatching(ENDED)]);
  });

  test("DS-05 a thousand callbacks with junk cause no request to Cognito", async () => {
    const answers = times(1_000, (i) => {
      const state = encode(`${i} of a state that nobody asked for`);
      const cookie = `__Host-auth.txn.${state.slice(0, 16)}=${encode(JSON.stringify({ nonce: "x", i }))}`;
      return kit.callback.GET(pool.browser(kit).request(`/auth/callback?code=x&state=${state}`, { ...TYPED, cookie }));
    });
    const ends = (await Promise.all(answers)).map(pathOf);
    expect(new Set(ends)).toEqual(new Set(["/auth/error?code=transaction_missing"]));
    expect(pool.cognito.requests).toEqual([]);
  });

  const LONG = 200_000; // At this length, anything that is not linear does not end within a test's time.
  const shapes: [string, string][] = [
    ["letters", "a".repeat(LONG)],
    ["slashes", "/".repeat(LONG)],
    ["backslashes", "\\".repeat(LONG)],
    ["bytes of encoded percent signs", "%25".repeat(LONG / 4)],
    ["dots", ".".repeat(LONG)],
    ["spaces, then a letter", `a${" ".repeat(LONG)}a`],
    ["semicolons", ";".repeat(LONG)],
    ["equals signs", "=".repeat(LONG)],
    ["commas", "a,".repeat(LONG / 2)],
  ];
  test.each(shapes)("DS-08 two hundred thousand %s get an answer at every door", async (_what, text) => {
    const query = new URLSearchParams({ returnTo: `/${text}`, login_hint: text, state: text });
    const answers = [
      await kit.login.GET(pool.browser(kit).request(`/auth/login?${query}`, CLICKED)),
      await kit.callback.GET(pool.browser(kit).request(`/auth/callback?${query}`, CLICKED)),
      await visit({ cookie: `__Host-auth.access=${text}; __Host-auth.refresh=${text}; __Host-auth.ended=${text}` }),
      await visit({ cookie: text }),
      await kit.login.GET(
        pool.browser(kit).request("/auth/login", { ...CLICKED, cookie: `__Host-auth.rounds=${text}` }),
      ),
      await visit({ accept: text, "sec-purpose": text, origin: text }, `/${encodeURIComponent(text)}`),
      await call({ authorization: `Bearer ${text}` }),
      await call({ authorization: text }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303, 303, 303, 303, 401, 401]);
    expect(new URL(answers[0]?.headers.get("location") ?? "").searchParams.get("login_hint")).toBeNull();
    expect(pool.cognito.requests).toEqual([]);
  });

  test.each([
    ["access", (deep: string) => deep],
    ["refresh", (deep: string) => `${deep}.token`],
    ["ended", (deep: string) => deep],
  ])("DS-09 five thousand levels of JSON in the %s cookie are no session, and no crash", async (kind, arrange) => {
    for (const deep of ["[".repeat(5_000) + "]".repeat(5_000), `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`]) {
      const headers = { cookie: `__Host-auth.${kind}=${arrange(encode(deep))}` };
      expect([(await call(headers)).status, (await visit(headers)).status]).toEqual([401, 303]);
    }
    expect(pool.cognito.requests).toEqual([]);
  });

  test("DS-09 five thousand levels in claims that Cognito signed are no crash either", async () => {
    const [header, payload = ""] = (await pool.cognito.accessTokenFor("ada")).split(".");
    const claims = Buffer.from(payload, "base64url").toString();
    const input = `${header}.${encode(claims.replace("{", `{"x":${"[".repeat(5_000)}${"]".repeat(5_000)},`))}`;
    const { privateKey } = pool.cognito.keys.access;
    const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", privateKey, Buffer.from(input));
    const token = `${input}.${Buffer.from(new Uint8Array(signature)).toString("base64url")}`;
    expect(token.length).toBeLessThan(16_384);
    expect([200, 401]).toContain((await call({ authorization: `Bearer ${token}` })).status);
  });

  test.each(shapes)("DS-08 two hundred thousand %s are no list of ended sessions", async (_what, text) => {
    const facts = encode(JSON.stringify({ iss: pool.cognito.issuer, sub: "nobody", exp: 4_102_444_800 }));
    const cookie = `__Host-auth.refresh=${facts}.made-up; __Host-auth.ended=${text}`;
    expect((await visit({ cookie })).status).toBe(303);
  });

  test("DS-09 ten thousand levels in a transaction start over", async () => {
    const contents = encode("[".repeat(10_000) + "]".repeat(10_000));
    const digest = await crypto.subtle.digest("SHA-256", Buffer.from(contents));
    const state = Buffer.from(new Uint8Array(digest)).toString("base64url");
    const cookie = `__Host-auth.txn.${state.slice(0, 16)}=${contents}`;
    const request = pool.browser(kit).request(`/auth/callback?code=x&state=${state}`, { ...TYPED, cookie });
    expect(pathOf(await kit.callback.GET(request))).toBe("/auth/error?code=transaction_missing");
  });
});

describe("memory", () => {
  test("DS-11 of verified tokens only the latest are remembered", async () => {
    const tokens = await Promise.all(times(2_200, () => pool.cognito.accessTokenFor("ada")));
    const verify = vi.spyOn(crypto.subtle, "verify");
    const use = async (token = "") => expect((await call({ authorization: `Bearer ${token}` })).status).toBe(200);
    for (const token of [tokens[0], ...tokens, tokens.at(-1)]) await use(token);
    expect(verify).toHaveBeenCalledTimes(2_200);
    await use(tokens[0]);
    expect(verify).toHaveBeenCalledTimes(2_201);
  });

  test("DS-11 of refreshes only the latest are remembered", async () => {
    const browser = await signedIn();
    const [first = "", ...others] = await Promise.all(
      times(3_100, (i) => withRefreshToken(kit, browser, `token-${i}`)),
    );
    for (const cookie of [first, first]) await visit({ cookie });
    expect(pool.cognito.count("token")).toBe(1);
    for (let i = 0; i < others.length; i += 100) {
      await Promise.all(others.slice(i, i + 100).map((cookie) => visit({ cookie })));
    }
    await visit({ cookie: others.at(-1) ?? "" });
    expect(pool.cognito.count("token")).toBe(3_100);
    await visit({ cookie: first });
    expect(pool.cognito.count("token")).toBe(3_101);
  });
});

test("AT-05 four hundred huge made-up refresh cookies evict no refresh that is under way", async () => {
  const neither = { COGNITO_CLIENT_SECRET: undefined, AUTH_SECRET: undefined };
  kit = await pool.load(neither as unknown as Record<string, string>); // Anybody can make up cookies.
  const [client] = pool.cognito.clients;
  if (client) pool.cognito.clients[0] = { ...client, clientSecret: undefined };
  const browser = await signedIn();
  browser.drop("__Host-auth.access");
  pool.cognito.clearRequests();
  const token = browser.value("__Host-auth.refresh").replace(/^[^.]*\./, "");
  const isOwn = ({ refresh_token }: Record<string, string>) => refresh_token === token;
  pool.cognito.fault("token", { answerDelayMs: 500 }, { match: isOwn });
  const first = visit({ cookie: browser.cookieHeader });
  await vi.waitFor(() => expect(pool.cognito.count("token", ({ params }) => isOwn(params))).toBe(1));
  const facts = browser.value("__Host-auth.refresh").split(".", 1)[0];
  await Promise.all(times(400, (i) => visit({ cookie: `__Host-auth.refresh=${facts}.${i}${"x".repeat(12_000)}` })));
  const second = visit({ cookie: browser.cookieHeader });
  const answers = await Promise.all([first, second]);
  expect(answers.map(({ headers }) => headers.get("x-middleware-next"))).toEqual(["1", "1"]);
  expect(pool.cognito.count("token", ({ params }) => isOwn(params))).toBe(1);
  if (client) pool.cognito.clients[0] = client;
});

test("AT-05 three thousand refreshes under way at once evict none of them", async () => {
  const { refreshOnce } = await import("@/lib/auth/core/tokens/refresh");
  const failures: (() => void)[] = [];
  const fetched = vi
    .spyOn(globalThis, "fetch")
    .mockImplementation(() => new Promise((_resolve, reject) => failures.push(() => reject(new Error("No answer")))));
  const refresh = (refreshToken: string) =>
    refreshOnce({ refreshToken, isProven: true }, kit.config(), { isUrgent: false }).catch(() => {});
  const requests = times(3_001, (i) => refresh(`token-${i}`));
  await vi.waitFor(() => expect(fetched).toHaveBeenCalledTimes(3_001), 10_000);
  requests.push(refresh("token-0"));
  fetched.mockRejectedValue(new Error("No answer"));
  for (const fail of failures) fail();
  await Promise.all(requests);
  expect(fetched).toHaveBeenCalledTimes(3_001);
});

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

  test("DS-06 during an outage a session that is still good asks again every two seconds only", async () => {
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

  test("DS-07 TK-05 who waits for a Cognito that never answers holds up nobody else, and gets a 503", async () => {
    const slow = await signedIn();
    const other = await signedIn("grace");
    slow.drop("__Host-auth.access");
    pool.cognito.fault("token", { hang: true });
    const order: string[] = [];
    const waits = slow.visit("/dashboard").then(({ status }) => order.push(`slow ${status}`));
    await other.visit("/dashboard").then(({ status }) => order.push(`other ${status}`));
    await waits;
    expect(order).toEqual(["other 200", "slow 503"]);
    expect(slow.names()).toContain("__Host-auth.refresh");
  });

  test.each([
    ["behind", -300, 3_600],
    ["ahead", 300, 3_600],
    ["ahead, further than a token lives,", 300, 300],
  ])("DS-14 a clock that jumps %s makes no refresh loop, and signs nobody out", async (_what, jump, lifetime) => {
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

  test("DS-16 what fails while it is awaited by nobody leaves no rejection unhandled", async () => {
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
});

describe("odd requests", () => {
  test("DS-12 an odd method is refused like a change, not like a crash", async () => {
    const { cookieHeader: cookie } = await signedIn();
    for (const method of ["PROPFIND", "FOO", "QUERY", "PURGE"]) {
      expect((await visit({ cookie }, "/dashboard", { method })).status).toBe(403); // It comes from no page of ours.
      expect((await visit({}, "/dashboard", { method })).status).toBe(303);
    }
  });

  test("DS-13 CF-03 a request for another host is sent on to the configured address only", async () => {
    for (const host of ["evil.test", "app.example.evil.test", "app.example:8080", "[::1]:3000"]) {
      const answer = await visit({ host: "evil.test" }, `http://${host}/dashboard?a=1`);
      expect(answer.headers.get("location")).toBe(`${ORIGIN}/auth/login?returnTo=%2Fdashboard%3Fa%3D1`);
    }
  });

  test("DS-15 a browser that drops the session's cookies is sent round three times, then told", async () => {
    const browser = pool.browser(kit);
    const ends: string[] = [];
    for (let i = 0; i < 4; i++) {
      const login = await browser.login(pathOf(await browser.visit("/dashboard")));
      ends.push(new URL(login.headers.get("location") ?? "").pathname);
      if (pathOf(login).startsWith("/auth/error")) continue;
      await browser.callback(await pool.cognito.authorize(login.headers.get("location") ?? "", "ada"));
      for (const kind of ["access", "id", "refresh"]) browser.drop(`__Host-auth.${kind}`);
    }
    expect(ends).toEqual(["/oauth2/authorize", "/oauth2/authorize", "/oauth2/authorize", "/auth/error"]);
    at(60);
    expect(pathOf(await browser.login())).toContain("/oauth2/authorize");
  });

  test("DS-15 a browser without any cookies ends on a page that says so", async () => {
    const browser = pool.browser(kit);
    const login = await kit.login.GET(browser.request(pathOf(await visit({})), CLICKED));
    const url = await pool.cognito.authorize(login.headers.get("location") ?? "", "ada");
    expect(pathOf(await kit.callback.GET(browser.request(url)))).toBe("/auth/error?code=transaction_missing");
  });
});
