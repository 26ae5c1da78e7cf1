import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Browser, CLICKED, FETCHED, type Kit, pathOf, TYPED, usePool } from "../support/kit";

const pool = usePool({ settings: { accessTokenSeconds: 300, idTokenSeconds: 300, rotation: true, graceSeconds: 10 } });

let kit: Kit;
let browser: Browser;

/** Moves the clock of the kit and of the stand-in. */
const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const tokenCalls = () => pool.cognito.count("token", ({ params }) => params.grant_type === "refresh_token");
const isSignedIn = (response: Response) => response.headers.get("x-middleware-next") === "1";
const copyOf = (original: Browser, other: Kit = original.kit) => {
  const copy = new Browser(other, original.cognito, original.base);
  for (const [name, cookie] of original.jar) copy.jar.set(name, cookie);
  return copy;
};

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  Object.assign(pool.cognito.settings, { rotation: true, graceSeconds: 10, graceReuse: "same", originJti: true });
  kit = await pool.load();
  browser = pool.browser(kit);
  await browser.signIn();
  pool.cognito.clearRequests();
});

afterEach(() => {
  pool.cognito.clearFaults();
  vi.useRealTimers();
});

describe("a session whose access token expires", () => {
  test("RF-12 a fresh session and a visitor cause no token call", async () => {
    await browser.visit("/dashboard");
    await pool.browser(kit).visit("/");
    expect(pool.cognito.requests.filter(({ name }) => name === "token")).toEqual([]);
  });

  test("RF-01 a page load refreshes the session in the last minute of the access token", async () => {
    pass(240);
    await browser.visit("/dashboard");
    expect(tokenCalls()).toBe(0);
    pass(1);
    const before = browser.value("__Host-auth.access");
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    expect(tokenCalls()).toBe(1);
    expect(browser.value("__Host-auth.access")).not.toBe(before);
  });

  test.each(["/dashboard", "/"])(
    "RF-10 %s renders with the new token in the request that refreshed it",
    async (path) => {
      pass(400);
      const answer = await browser.visit(path);
      const forwarded = Browser.forwardedCookies(answer) ?? "";
      expect(forwarded).toContain(`__Host-auth.access=${browser.value("__Host-auth.access")}`);
      const seen = await kit.core.authenticate(new Headers({ cookie: forwarded }), kit.config(), "never");
      expect(seen).toMatchObject({ status: "signed_in", session: { user: { username: "ada" } } });
      expect(answer.headers.get("cache-control")).toBe("private, no-store");
    },
  );

  test("RF-02 twenty concurrent requests make one token call, and all are signed in", async () => {
    pass(400);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => kit.middleware.default(browser.request("/dashboard"))),
    );
    expect(answers.every(isSignedIn)).toBe(true);
    expect(tokenCalls()).toBe(1);
  });

  test("RF-02 a late request with the old token gets the same new tokens for a minute", async () => {
    Object.assign(pool.cognito.settings, { graceSeconds: 0 });
    pass(400);
    const late = copyOf(browser);
    await browser.visit("/dashboard");
    pass(59);
    expect(isSignedIn(await late.visit("/dashboard"))).toBe(true);
    expect(late.value("__Host-auth.refresh")).toBe(browser.value("__Host-auth.refresh"));
    expect(tokenCalls()).toBe(1);
  });

  test("RF-02 a late request with the first of three refresh tokens gets the newest one", async () => {
    Object.assign(pool.cognito.settings, { graceSeconds: 0 });
    pass(295);
    const late = copyOf(browser);
    await browser.visit("/dashboard", FETCHED);
    const second = browser.value("__Host-auth.refresh");
    browser.drop("__Host-auth.access");
    pass(30);
    await browser.visit("/dashboard");
    expect(browser.value("__Host-auth.refresh")).not.toBe(second);
    expect(isSignedIn(await late.visit("/dashboard"))).toBe(true);
    expect(late.value("__Host-auth.refresh").slice(44)).toBe(browser.value("__Host-auth.refresh").slice(44));
    expect(tokenCalls()).toBe(2);
  });

  test("RF-02 if the kept access token has expired, the kit uses its refresh token for a new one", async () => {
    Object.assign(pool.cognito.settings, { graceSeconds: 0, accessTokenSeconds: 30, idTokenSeconds: 30 });
    browser = pool.browser(kit);
    await browser.signIn();
    pool.cognito.clearRequests();
    const late = copyOf(browser);
    pass(25);
    await browser.visit("/dashboard");
    pass(31);
    expect(isSignedIn(await late.visit("/dashboard"))).toBe(true);
    expect(tokenCalls()).toBe(2);
    Object.assign(pool.cognito.settings, { accessTokenSeconds: 300, idTokenSeconds: 300 });
  });

  test("RF-05 a response that repeats the refresh token is no rotation, and blocks no request", async () => {
    const same = browser.value("__Host-auth.refresh").replace(/^[^.]*\./, "");
    pool.cognito.fault("token", { transform: (json) => ({ ...json, refresh_token: same }) });
    pass(295);
    const late = copyOf(browser);
    expect(isSignedIn(await browser.visit("/dashboard", FETCHED))).toBe(true);
    expect(isSignedIn(await late.visit("/dashboard", FETCHED))).toBe(true);
    expect(browser.value("__Host-auth.refresh")).toContain(same);
    expect(tokenCalls()).toBe(1);
  });

  test("RF-16 during an outage after a rotation, a late request with the old token gets the valid tokens", async () => {
    pass(295);
    const late = copyOf(browser);
    await browser.visit("/dashboard", FETCHED);
    browser.drop("__Host-auth.access");
    pool.cognito.fault("token", { status: 500 });
    expect((await browser.visit("/dashboard")).status).toBe(503);
    expect(isSignedIn(await late.visit("/dashboard"))).toBe(true);
  });

  test.each([
    { what: "a page load", headers: TYPED, method: "GET", ahead: 60 },
    { what: "a server action", headers: { ...FETCHED, "next-action": "abc" }, method: "POST", ahead: 60 },
    { what: "a fetch", headers: FETCHED, method: "GET", ahead: 10 },
    { what: "an API client with the cookie", headers: { accept: "application/json" }, method: "GET", ahead: 10 },
  ])("RF-01 $what refreshes in the last $ahead seconds", async ({ headers, method, ahead }) => {
    pass(300 - ahead);
    await browser.visit("/dashboard", headers, { method });
    expect(tokenCalls()).toBe(0);
    pass(1);
    await browser.visit("/dashboard", headers, { method });
    expect(tokenCalls()).toBe(1);
  });

  test.each([
    { rotation: true, what: "a new refresh token is stored when Cognito gives one" },
    { rotation: false, what: "the old refresh token is kept when it gives none" },
  ])("RF-05 $what", async ({ rotation }) => {
    Object.assign(pool.cognito.settings, { rotation });
    const token = () => browser.value("__Host-auth.refresh").replace(/^[^.]*\./, "");
    const before = token();
    pass(400);
    await browser.visit("/dashboard");
    expect(token() === before).toBe(!rotation);
    pass(400);
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
  });

  test("RF-13 RF-14 a POST refreshes, too, and its method, body and query do not change", async () => {
    pass(400);
    const answer = await browser.visit(
      "/dashboard?a=1&b=%20x",
      { ...CLICKED, "next-action": "abc" },
      { method: "POST", body: "x=1" },
    );
    expect(isSignedIn(answer)).toBe(true);
    expect(answer.headers.get("location")).toBeNull();
    expect(answer.headers.get("x-middleware-rewrite")).toBeNull();
    expect(tokenCalls()).toBe(1);
  });

  test.each(["sec-purpose", "purpose"])("RF-11 a prefetch of the browser (%s) causes no refresh", async (name) => {
    pass(400);
    const answer = await browser.visit("/dashboard", { ...TYPED, [name]: "prefetch" });
    expect(tokenCalls()).toBe(0);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  test("RF-11 twenty prefetched links make at most one token call, and start no sign-in", async () => {
    pass(400);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => kit.middleware.default(browser.request(`/dashboard?link=${i}`, FETCHED))),
    );
    expect(tokenCalls()).toBe(1);
    expect(answers.flatMap((answer) => answer.headers.getSetCookie()).some((line) => line.includes(".txn."))).toBe(
      false,
    );
  });

  test("RF-17 another site cannot cause a refresh", async () => {
    pass(400);
    const headers = { ...TYPED, "sec-fetch-site": "cross-site" };
    const answer = await browser.visit("/dashboard", headers, { method: "POST" });
    expect(answer.status).toBe(403);
    expect(tokenCalls()).toBe(0);
  });

  test("CK-12 a session ends at the time that sign-in set, after any number of refreshes", async () => {
    const kit2 = await pool.load({ AUTH_SESSION_MAX_AGE: "1000" });
    const short = pool.browser(kit2);
    await short.signIn();
    for (const seconds of [300, 300, 300]) {
      pass(seconds);
      expect(isSignedIn(await short.visit("/dashboard"))).toBe(true);
    }
    pass(150);
    expect(pathOf(await short.visit("/dashboard"))).toBe("/auth/login?returnTo=%2Fdashboard");
  });
});

describe("a token endpoint with an unexpected response", () => {
  const outages = [
    { fault: { status: 429 }, what: "429" },
    { fault: { status: 500 }, what: "500" },
    { fault: { status: 503, body: "<html>down</html>" }, what: "an HTML page" },
    { fault: { status: 400, body: "<html>throttled</html>" }, what: "400 without an OAuth error" },
    { fault: { status: 200, body: "{}" }, what: "an empty answer" },
    { fault: { reset: true }, what: "a reset connection" },
    { fault: { truncate: true }, what: "half an answer" },
    { fault: { redirect: "https://evil.example/" }, what: "a redirect" },
  ];

  test.each(outages)(
    "RF-07 after $what the session is kept, and requests get a 503 while there is no valid token",
    async ({ fault }) => {
      pool.cognito.fault("token", fault);
      pass(400);
      const answer = await browser.visit("/dashboard");
      expect(answer.status).toBe(503);
      expect(answer.headers.get("retry-after")).toBe("5");
      expect(answer.headers.getSetCookie()).toEqual([]);
      pool.cognito.clearFaults();
      expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    },
  );

  test.each(outages)("RF-07 $what has no effect while the access token is valid", async ({ fault }) => {
    pool.cognito.fault("token", fault);
    pass(250);
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    await browser.visit("/dashboard");
    expect(tokenCalls()).toBe(1);
  });

  test("RF-09 the kit does not store tokens with a bad signature, and the old token serves until it expires", async () => {
    Object.assign(pool.cognito.settings, { rotation: false });
    pool.cognito.fault("token", {
      transform: (json) => ({ ...json, access_token: `${json.access_token}`.replace(/.{8}$/, "AAAAAAAA") }),
    });
    pass(250);
    const before = browser.value("__Host-auth.access");
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    expect(browser.value("__Host-auth.access")).toBe(before);
    pass(100);
    expect((await browser.visit("/dashboard")).status).toBe(503);
  });

  test("RF-06 the kit repeats a refresh whose response was lost, within the grace period", async () => {
    pool.cognito.fault("token", { resetAfter: true }, { times: 1 });
    pass(400);
    expect((await browser.visit("/dashboard")).status).toBe(503);
    pass(5);
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
  });
});

test("RF-06 while the access token is valid, too, the kit repeats a lost refresh before the grace period ends", async () => {
  pool.cognito.fault("token", { resetAfter: true }, { times: 1 });
  pass(250);
  expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
  pass(3);
  await browser.visit("/dashboard");
  expect(tokenCalls()).toBe(2);
  pass(280);
  expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
});

describe("a refresh token that Cognito rejects", () => {
  test("RF-07 RF-15 a rejected refresh token signs the user out, is remembered in .spent, and deletes no cookie", async () => {
    pool.cognito.globalSignOut("ada");
    pass(400);
    const answer = await browser.visit("/dashboard");
    expect(pathOf(answer)).toBe("/auth/login?returnTo=%2Fdashboard");
    expect(answer.headers.getSetCookie()).toHaveLength(1);
    expect(answer.headers.getSetCookie()[0]).toMatch(
      /^__Host-auth\.spent=[\w.~-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
  });

  test("RF-16 DS-06 a thousand requests with a rejected refresh token make one call", async () => {
    pool.cognito.globalSignOut("ada");
    pass(400);
    const stale = copyOf(browser);
    await browser.visit("/dashboard");
    for (let i = 0; i < 500; i++) await browser.visit("/dashboard");
    for (let i = 0; i < 500; i++) await kit.middleware.default(stale.request("/dashboard"));
    expect(tokenCalls()).toBe(1);
  });

  test("RF-16 sign-in remembers a rejected refresh token, too", async () => {
    pool.cognito.globalSignOut("ada");
    pass(400);
    await browser.login();
    expect(browser.names()).toContain("__Host-auth.spent");
    pass(20);
    await browser.login();
    expect(tokenCalls()).toBe(1);
  });

  const strangers = [
    { claims: { id: () => ({ sub: "somebody-else" }) }, what: "another sub" },
    { claims: { access: () => ({ auth_time: 1 }) }, what: "another auth_time" },
    { claims: { id: () => ({ nonce: "another" }) }, what: "another nonce" },
    {
      claims: { access: () => ({ origin_jti: "another" }), id: () => ({ origin_jti: "another" }) },
      what: "another origin_jti",
    },
    { claims: { access: () => ({ iss: "https://evil.example" }) }, what: "another issuer" },
  ];
  test.each(strangers)("RF-08 RP-21 the kit never stores tokens with $what", async ({ claims }) => {
    const merged = (edit?: () => object) => edit && ((old: object) => ({ ...old, ...edit() }));
    pool.cognito.fault("token", {
      claims: {
        ...(claims.access && { access: merged(claims.access) }),
        ...(claims.id && { id: merged(claims.id) }),
      } as never,
    });
    pass(400);
    const before = browser.value("__Host-auth.access");
    const answer = await browser.visit("/dashboard");
    expect(isSignedIn(answer)).toBe(false);
    expect(browser.value("__Host-auth.access")).toBe(before);
  });

  test("RF-08 a refreshed ID token may repeat the nonce or have none", async () => {
    for (const refreshNonce of ["same", "absent"] as const) {
      Object.assign(pool.cognito.settings, { refreshNonce });
      pass(400);
      expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    }
  });
});

describe("two servers without shared memory", () => {
  test.each(["same", "another"] as const)(
    "RF-03 two servers can refresh within the grace period, and the user stays signed in (%s token)",
    async (graceReuse) => {
      Object.assign(pool.cognito.settings, { graceReuse });
      const other = await pool.load();
      pass(400);
      const requests = [browser.request("/dashboard"), browser.request("/dashboard")] as const;
      const answers = [await kit.middleware.default(requests[0]), await other.middleware.default(requests[1])];
      expect(answers.every(isSignedIn)).toBe(true);
      for (const answer of answers.reverse()) browser.take(answer);
      for (let i = 0; i < 3; i++) {
        pass(300);
        expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
      }
    },
  );

  test.each([
    { order: "the winner's answer arrives last", winnerFirst: false },
    { order: "the loser's answer arrives last", winnerFirst: true },
  ])(
    "RF-04 without a grace period, the server whose refresh fails deletes no cookie: $order",
    async ({ winnerFirst }) => {
      Object.assign(pool.cognito.settings, { graceSeconds: 0 });
      const other = await pool.load();
      pass(400);
      const request = browser.request("/dashboard");
      const winner = await kit.middleware.default(request);
      pass(1);
      const loser = await other.middleware.default(browser.request("/dashboard"));
      expect(loser.headers.getSetCookie().every((line) => line.startsWith("__Host-auth.spent="))).toBe(true);
      for (const answer of winnerFirst ? [winner, loser] : [loser, winner]) browser.take(answer);
      expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
      const login = await browser.login();
      expect(pathOf(login)).toBe("/dashboard");
    },
  );
});
