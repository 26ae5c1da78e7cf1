import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Browser, CLICKED, ENDED, FETCHED, type Kit, pathOf, TYPED, usePool } from "../support/kit";
import { stopTimers, until } from "../support/time";

const pool = usePool({ settings: { accessTokenSeconds: 300, rotation: true, graceSeconds: 10, ssoSeconds: 0 } });

let kit: Kit;
let browser: Browser;

const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const isSignedIn = (response: Response) => response.headers.get("x-middleware-next") === "1";
const refreshTokenOf = (it: Browser) => it.value("__Host-auth.refresh").replace(/^[^.]*\./, "");

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  Object.assign(pool.cognito.settings, { revokeFamily: true, originJti: true, graceSeconds: 10 });
  kit = await pool.load();
  browser = pool.browser(kit);
  await browser.signIn();
  pool.cognito.clearRequests();
});

afterEach(() => {
  pool.cognito.clearFaults();
  vi.useRealTimers();
});

describe("sign-out", () => {
  test("LO-03 LO-06 sign-out revokes the refresh token, then redirects to Cognito's sign-out", async () => {
    const token = refreshTokenOf(browser);
    const request = browser.request("/auth/logout?returnTo=https://evil.example", CLICKED, { method: "POST" });
    const answer = browser.take(await kit.logout.POST(request));
    expect(answer.status).toBe(303);
    expect(answer.headers.get("location")).toBe(
      `${pool.cognito.domain}/logout?client_id=web1234567890abcdefghijkl&logout_uri=https%3A%2F%2Fapp.example`,
    );
    expect(pool.cognito.count("revoke")).toBe(1);
    expect(pool.cognito.refreshTokenState(token)).toBe("revoked");
    expect(answer.headers.get("cache-control")).toBe("private, no-store");
  });

  test("LO-05 CK-15 sign-out deletes every cookie of the kit except .ended", async () => {
    await browser.login("/auth/login?returnTo=/x&prompt=login");
    for (const name of ["auth.access", "auth.access.1", "__Host-auth.id.3", "__Host-auth.rounds"]) {
      browser.jar.set(name, { value: "left", line: "", expiresAt: Number.POSITIVE_INFINITY });
    }
    await browser.signOut();
    expect(browser.names()).toEqual([expect.stringMatching(ENDED)]);
    expect(browser.value(browser.names()[0] ?? "").length).toBeLessThan(120);
  });

  test("CK-14 the deletions of sign-out repeat the attributes of the cookies", async () => {
    const lines = (await browser.signOut()).headers.getSetCookie().filter((line) => line.includes("Max-Age=0"));
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines)
      expect(line).toMatch(
        /; Max-Age=0; Path=\/; HttpOnly; Secure; SameSite=Lax(; Expires=Thu, 01 Jan 1970 00:00:00 GMT)?$/,
      );
  });

  test.each([
    { fault: { status: 500 }, what: "answers 500" },
    { fault: { reset: true }, what: "hangs up" },
    { fault: { status: 400, body: { error: "invalid_client" } }, what: "refuses the client" },
  ])("LO-04 sign-out succeeds when Cognito $what", async ({ fault }) => {
    pool.cognito.fault("revoke", fault);
    const answer = await browser.signOut();
    expect(answer.headers.get("location")).toContain("/logout?client_id=");
    expect(browser.names()).toEqual([expect.stringMatching(ENDED)]);
  });

  test("LO-08 a second sign-out has the same result as the first", async () => {
    const first = await browser.signOut();
    const second = await browser.signOut();
    expect(second.headers.get("location")).toBe(first.headers.get("location"));
    expect(pool.cognito.count("revoke")).toBe(1);
  });

  test("LO-09 sign-out revokes the refresh token after the access token expired", async () => {
    pass(1_000);
    browser.drop("__Host-auth.access");
    await browser.signOut();
    expect(pool.cognito.count("revoke")).toBe(1);
  });

  test.each([true, false])(
    "LO-10 a refresh in flight cannot restore the session (origin_jti: %s)",
    async (originJti) => {
      Object.assign(pool.cognito.settings, { originJti });
      browser = pool.browser(kit);
      await browser.signIn();
      pass(400);
      const late = await kit.middleware.default(browser.request("/dashboard"));
      await browser.signOut();
      browser.take(late);
      expect(browser.names()).toContain("__Host-auth.access");
      expect(isSignedIn(await browser.visit("/dashboard"))).toBe(false);
      expect(pool.cognito.count("token", ({ params }) => params.grant_type === "refresh_token")).toBe(1);
    },
  );

  test.each(["refusal, sign-out, success", "sign-out, refusal, success", "sign-out, success, refusal"])(
    "AT-02 the browser stays signed out when responses of two servers arrive in the order %s",
    async (order) => {
      Object.assign(pool.cognito.settings, { graceSeconds: 0 });
      const other = await pool.load();
      pass(400);
      const requests = [browser.request("/dashboard"), browser.request("/dashboard")] as const;
      const answers = new Map([["success", await kit.middleware.default(requests[0])]]);
      pass(1);
      answers.set("refusal", await other.middleware.default(requests[1]));
      expect(answers.get("refusal")?.headers.getSetCookie().join()).toContain("__Host-auth.spent=");
      for (const step of order.split(", ")) {
        if (step === "sign-out") await browser.signOut();
        else browser.take(answers.get(step) ?? Response.error());
      }
      for (const server of [kit, other]) {
        const answer = await server.middleware.default(browser.request("/dashboard"));
        expect(isSignedIn(browser.take(answer) as Response)).toBe(false);
      }
      expect(pool.cognito.refreshTokenState(refreshTokenOf(browser))).not.toBe("valid");
    },
  );

  test("LO-10 sign-out with a rotated refresh token revokes every refresh token of the sign-in", async () => {
    const old = new Map(browser.jar);
    pass(400);
    await browser.visit("/dashboard");
    pass(2);
    browser.jar.clear();
    for (const [name, cookie] of old) browser.jar.set(name, cookie);
    await browser.signOut();
    const [signIn] = pool.cognito.signIns.slice(-1);
    expect(signIn?.refreshTokens).toHaveLength(2);
    for (const { token } of signIn?.refreshTokens ?? []) {
      expect(pool.cognito.refreshTokenState(token)).toBe("revoked");
    }
  });

  test("AT-07 a refresh in flight leaves no valid refresh token, also when Cognito revokes only single tokens", async () => {
    Object.assign(pool.cognito.settings, { revokeFamily: false });
    pool.cognito.fault("token", { answerDelayMs: 300 });
    pass(400);
    const inFlight = kit.middleware.default(browser.request("/dashboard"));
    await vi.waitFor(() => expect(pool.cognito.signIns.at(-1)?.refreshTokens).toHaveLength(2));
    await browser.signOut();
    browser.take(await inFlight);
    for (let i = 0; i < 3; i++) expect(isSignedIn(await browser.visit("/dashboard"))).toBe(false);
    for (const { token } of pool.cognito.signIns.at(-1)?.refreshTokens ?? []) {
      expect(pool.cognito.refreshTokenState(token)).toBe("revoked");
    }
    expect(pool.cognito.count("revoke")).toBe(2); // The second one once, however often it is brought.
  });

  test("LO-11 an issued access token works as Bearer until it expires, because access tokens cannot be revoked", async () => {
    const token = browser.value("__Host-auth.access");
    await browser.signOut();
    const headers = new Headers({ authorization: `Bearer ${token}` });
    expect((await kit.core.authenticate(headers, kit.config(), "never")).status).toBe("signed_in");
    pass(400);
    expect((await kit.core.authenticate(headers, kit.config(), "never")).status).toBe("signed_out");
  });

  test("CK-21 CB-19 a late refresh cannot restore a session that a new sign-in replaced", async () => {
    pass(400);
    const late = await kit.middleware.default(browser.request("/dashboard"));
    await browser.signIn("grace", "/auth/login?returnTo=/dashboard&prompt=login");
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    browser.take(late);
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(false);
  });

  test("a new sign-in with the auth_time of an ended one is valid", async () => {
    Object.assign(pool.cognito.settings, { originJti: false });
    browser = pool.browser(kit);
    await browser.signIn();
    await browser.signOut();
    await browser.signIn();
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
  });

  test("AT-15 LO-05 sign-out deletes the session before any number of planted cookies", async () => {
    for (let i = 0; i < 200; i++) {
      browser.jar.set(`auth.${i}`, { value: "x", line: "", expiresAt: Number.POSITIVE_INFINITY });
      browser.jar.set(`auth.access.${i}`, { value: "x", line: "", expiresAt: Number.POSITIVE_INFINITY });
    }
    const lines = (await browser.signOut()).headers.getSetCookie();
    expect(lines.filter((line) => line.includes("Max-Age=0"))).toHaveLength(64);
    expect(browser.names().filter((name) => name.startsWith("__Host-"))).toEqual([expect.stringMatching(ENDED)]);
  });

  test("AT-15 LO-05 on loopback, cookies that another port planted do not keep the session", async () => {
    const local = await pool.load({ APP_BASE_URL: "http://localhost:3000" });
    const victim = new Browser(local, pool.cognito, "http://localhost:3000");
    victim.jar.set("auth.access", {
      value: await pool.cognito.accessTokenFor("ada"),
      line: "",
      expiresAt: Number.POSITIVE_INFINITY,
    });
    for (let i = 0; i < 70; i++)
      victim.jar.set(`auth.${i}`, { value: "x", line: "", expiresAt: Number.POSITIVE_INFINITY });
    const before = victim.value("auth.access");
    const answer = await local.logout.POST(victim.request("/auth/logout", CLICKED, { method: "POST" }));
    expect(answer.headers.getSetCookie().some((line) => line.startsWith("auth.access=; Max-Age=0"))).toBe(true);
    victim.take(answer);
    victim.jar.set("auth.access", { value: before, line: "", expiresAt: Number.POSITIVE_INFINITY }); // A late answer.
    expect(isSignedIn(await victim.visit("/dashboard"))).toBe(false);
  });

  test("AT-14 sign-out waits a limited time for a refresh that never settles", async () => {
    const { refreshOnce } = kit.core.refresh;
    pool.cognito.fault("token", { hang: true });
    const never = vi.spyOn(globalThis, "fetch").mockImplementationOnce(() => new Promise(() => {}));
    refreshOnce({ refreshToken: refreshTokenOf(browser), isProven: true }, kit.config(), { isUrgent: true }).catch(
      () => {},
    );
    await vi.waitFor(() => expect(never).toHaveBeenCalled());
    stopTimers();
    const answer = browser.signOut();
    await until(() => vi.getTimerCount() > 0);
    await vi.advanceTimersByTimeAsync(8_000);
    expect((await answer).status).toBe(303);
    expect(pool.cognito.count("revoke")).toBe(1);
    vi.restoreAllMocks();
  });

  test("DS-04 sign-out works with 15 kB of cookies of the app", async () => {
    for (let i = 1; i <= 40; i++)
      browser.jar.set(`other${i}`, { value: "x".repeat(280), line: "", expiresAt: Number.POSITIVE_INFINITY });
    expect(browser.cookieHeader.length).toBeGreaterThan(15_000);
    await browser.signOut();
    expect(browser.names().filter((name) => name.startsWith("__Host-auth"))).toEqual([expect.stringMatching(ENDED)]);
  });
});

describe("the requests that sign a user out", () => {
  const cross = { ...TYPED, "sec-fetch-site": "cross-site" };
  test.each([
    { what: "a cross-site form", method: "POST", headers: cross },
    { what: "a form on a sub-domain", method: "POST", headers: { ...TYPED, "sec-fetch-site": "same-site" } },
    { what: "a POST of unknown origin", method: "POST", headers: { accept: "text/html" } },
    { what: "a cross-site link", method: "GET", headers: cross },
    { what: "a typed address", method: "GET", headers: TYPED },
    { what: "a client without Fetch Metadata", method: "GET", headers: { accept: "text/html" } },
    {
      what: "an image",
      method: "GET",
      headers: { ...CLICKED, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" },
    },
    { what: "a frame", method: "GET", headers: { ...CLICKED, "sec-fetch-dest": "iframe" } },
    { what: "a fetch", method: "GET", headers: FETCHED },
    { what: "a prefetch", method: "GET", headers: { ...CLICKED, "sec-purpose": "prefetch;prerender" } },
    { what: "Next's prefetch", method: "GET", headers: { ...FETCHED, "next-router-prefetch": "1" } },
  ])("LO-01 LO-02 $what cannot sign a user out", async ({ method, headers }) => {
    const request = browser.request("/auth/logout", headers, { method });
    const answer = browser.take(await (method === "POST" ? kit.logout.POST(request) : kit.logout.GET(request)));
    expect(answer.status).toBe(403);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(pool.cognito.count("revoke")).toBe(0);
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
  });

  test("LO-01 a typed address shows a button for sign-out", async () => {
    const answer = await kit.logout.GET(browser.request("/auth/logout", TYPED));
    const html = await answer.text();
    expect(html).toContain('<form method="post" action="/auth/logout"><button>');
    expect(html).toContain('<meta name="viewport" content="width=device-width">'); // Readable on a phone,
    expect(html).toContain('<meta name="color-scheme" content="light dark">'); // and at night.
    expect(answer.headers.get("content-security-policy")).toContain(`form-action 'self' ${pool.cognito.domain}`);
  });

  test.each([
    { what: "a form of the app's own", headers: CLICKED },
    { what: "a form under Referrer-Policy no-referrer", headers: { ...CLICKED, origin: "null" } },
    { what: "an old browser's form", headers: { accept: "text/html", origin: "https://app.example" } },
  ])("LO-01 $what can sign a user out", async ({ headers }) => {
    expect((await browser.signOut(headers)).status).toBe(303);
  });

  test("LO-01 a link on a page of the app can sign a user out", async () => {
    const answer = browser.take(await kit.logout.GET(browser.request("/auth/logout", CLICKED)));
    expect(answer.headers.get("location")).toContain("/logout?client_id=");
    expect(browser.names()).toEqual([expect.stringMatching(ENDED)]);
  });

  test("CB-14 HEAD does not sign a user out", () => {
    expect(kit.logout.HEAD().status).toBe(405);
    expect(pathOf(new Response(null, { headers: { location: "/" } }))).toBe("/");
  });
});

test("DS-04 sign-out deletes 15 kB of session cookies", async () => {
  browser = pool.browser(kit);
  await browser.signIn("lin");
  for (let i = 3; i < 9; i++) {
    browser.jar.set(`__Host-auth.id.${i}`, { value: "x".repeat(1_000), line: "", expiresAt: Number.POSITIVE_INFINITY });
  }
  expect(browser.cookieHeader.length).toBeGreaterThan(14_000);
  expect((await browser.signOut()).status).toBe(303);
  expect(browser.names()).toEqual([expect.stringMatching(ENDED)]);
});
