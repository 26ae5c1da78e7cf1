import { unstable_rethrow } from "next/navigation";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Requirement } from "@/lib/auth/core/session/session";
import { type Browser, CLICKED, ENDED, FETCHED, type Kit, pathOf, usePool } from "../support/kit";
import { stopTimers, until } from "../support/time";

const pool = usePool();
let kit: Kit;
let browser: Browser;

// Outside Next there is no request to read, and no answer for a cookie. Next throws when a page sets one.
const next = vi.hoisted(() => ({ headers: new Headers(), isPage: true, cookies: [] as { name: string }[] }));
vi.mock("next/headers", () => ({
  headers: async () => next.headers,
  cookies: async () => ({
    set: (cookie: { name: string }) => {
      if (next.isPage) throw new Error("Cookies can only be modified in a Server Action or Route Handler");
      next.cookies.push(cookie);
    },
  }),
}));

const events: unknown[] = [];

beforeEach(async () => {
  vi.spyOn(console, "info").mockImplementation((line: unknown) => void events.push(line));
  pool.cognito.clearFaults();
  kit = await pool.load();
  browser = pool.browser(kit);
  await browser.signIn();
  pool.cognito.clearRequests();
  events.length = 0;
});
afterEach(() => void vi.restoreAllMocks());

const calls = () => pool.cognito.count("userInfo");
const bearer = async (username = "ada", scope?: string) => ({
  authorization: `Bearer ${(await pool.cognito.issueTokens(username, "mobile12345", { scope })).access_token}`,
});
const wrongUser = () => pool.cognito.fault("userInfo", { transform: (json) => ({ ...json, sub: "someone-else" }) });

function callApi(headers: Record<string, string> = FETCHED, requirement: Requirement = {}): Promise<Response> {
  const handler = kit.api.withSession((_request: Request, { user }) => Response.json(user.username), {
    live: true,
    ...requirement,
  });
  return handler(browser.request("/api/pay", headers), {});
}

function callOptional(headers: Record<string, string> = FETCHED): Promise<Response> {
  const handler = kit.api.withOptionalSession(
    (_request: Request, session) => Response.json(session?.user.username ?? null),
    { live: true },
  );
  return handler(browser.request("/api/cart", headers), {});
}

const facts = (answer: Response) => [answer.status, answer.headers.get("www-authenticate"), cookieNames(answer)];
const cookieNames = (answer: Response) => answer.headers.getSetCookie().map((line) => line.split("=")[0]);
const MARK = [expect.stringMatching(ENDED)];

describe("NW-07 an API that asks for a live session", () => {
  test("answers a user whose sign-in is live, by cookie and by Bearer token", async () => {
    expect(facts(await callApi())).toEqual([200, null, []]);
    expect(facts(await callApi({ ...FETCHED, ...(await bearer()) }))).toEqual([200, null, []]);
    expect(calls()).toBe(2);
  });

  test("rejects and marks the cookies of a user after a global sign-out, also for other routes and middleware", async () => {
    pool.cognito.globalSignOut("ada");
    const ordinary = kit.api.withSession(() => new Response());
    const status = async () => (await ordinary(browser.request("/api/me", FETCHED), {})).status;
    expect(await status()).toBe(200); // Without `live` the token counts until it expires.
    const answer = browser.take(await callApi());
    expect(facts(answer)).toEqual([401, "Bearer", MARK]);
    expect(await answer.json()).toEqual({ type: "about:blank", title: "Unauthorized", status: 401 });
    expect([await status(), (await browser.visit("/dashboard", FETCHED)).status]).toEqual([401, 401]);
    expect(facts(await callApi())).toEqual([401, "Bearer", []]);
    expect(calls()).toBe(1);
  });

  test("rejects a Bearer token after a global sign-out, and sets no cookie", async () => {
    const headers = { ...FETCHED, ...(await bearer()) };
    pool.cognito.globalSignOut("ada");
    expect(facts(await callApi(headers))).toEqual([401, 'Bearer error="invalid_token"', []]);
    expect(facts(await callOptional(headers))).toEqual([401, 'Bearer error="invalid_token"', []]);
  });

  test("works again after a new sign-in", async () => {
    pool.cognito.globalSignOut("ada");
    browser.take(await callApi());
    await browser.signIn("ada", "/auth/login?prompt=login&returnTo=/dashboard");
    expect(facts(await callApi())).toEqual([200, null, []]);
  });

  test("rejects the userInfo of another user, and marks nothing", async () => {
    const headers = { ...FETCHED, ...(await bearer()) };
    wrongUser();
    expect(facts(await callApi())).toEqual([401, "Bearer", []]);
    expect(facts(await callApi(headers))).toEqual([401, 'Bearer error="invalid_token"', []]);
    pool.cognito.clearFaults();
    expect((await callApi()).status).toBe(200);
  });

  test("rejects a machine with 403, and a token without openid, and asks Cognito about neither", async () => {
    const machine = { authorization: `Bearer ${await pool.cognito.machineToken("machine12345")}` };
    for (const machines of [false, true]) {
      expect(facts(await callApi(machine, { machines }))).toEqual([403, null, []]);
    }
    const noOpenid = await bearer("ada", "email");
    const lacks = (scope: string) => [403, `Bearer error="insufficient_scope", scope="${scope}"`, []];
    expect(facts(await callApi(noOpenid))).toEqual(lacks("openid"));
    expect(facts(await callApi(noOpenid, { scopes: ["email"] }))).toEqual(lacks("email openid"));
    expect(facts(await callApi(noOpenid, { scopes: ["openid"] }))).toEqual(lacks("openid"));
    expect(calls()).toBe(0);
  });

  test("asks Cognito last: not for a visitor, a bad token, another site or a user without the group", async () => {
    const visitor = new Request("https://app.example/api/pay", { headers: FETCHED });
    const handler = kit.api.withSession(() => new Response(), { live: true });
    const forged = browser.request("/api/pay", { ...FETCHED, "sec-fetch-site": "cross-site" }, { method: "POST" });
    const statuses = [
      (await handler(visitor, {})).status,
      (await callApi({ ...FETCHED, authorization: "Bearer x" })).status,
      (await handler(forged, {})).status,
      (await callApi(FETCHED, { groups: ["nobody"] })).status,
    ];
    expect([statuses, calls()]).toEqual([[401, 401, 403, 403], 0]);
  });

  test("DS-01 makes one call for a hundred requests that come together", async () => {
    await callApi(); // The tokens are then verified, so that the next requests come to the check at the same time.
    const answers = await Promise.all(Array.from({ length: 100 }, () => callApi()));
    expect([new Set(answers.map(({ status }) => status)), calls()]).toEqual([new Set([200]), 2]);
  });

  test("is anonymous for an ended session where a session is optional, and for a visitor without a call", async () => {
    expect(await (await callOptional()).json()).toBe("ada");
    pool.cognito.globalSignOut("ada");
    const answer = browser.take(await callOptional());
    expect([facts(answer), await answer.json()]).toEqual([[200, null, MARK], null]);
    pool.cognito.clearRequests();
    expect([await (await callOptional()).json(), calls()]).toEqual([null, 0]);
  });
});

describe("AT-12 an API that asks for a live session answers 503 with Retry-After, and keeps the session, when userInfo", () => {
  test.each([
    ["fails", { status: 500 }],
    ["is throttled", { status: 429 }],
    ["cannot be reached", { reset: true }],
  ])("%s", async (_what, fault) => {
    pool.cognito.fault("userInfo", fault);
    for (const answer of [await callApi(), await callOptional(), await callApi({ ...FETCHED, ...(await bearer()) })]) {
      expect([answer.headers.get("retry-after"), ...facts(answer)]).toEqual(["5", 503, null, []]);
    }
    pool.cognito.clearFaults();
    expect((await callApi()).status).toBe(200);
  });

  test("does not answer within 5 s", async () => {
    stopTimers();
    pool.cognito.fault("userInfo", { hang: true });
    const answer = callApi();
    await until(() => calls() === 1);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(facts(await answer)).toEqual([503, null, []]);
  });
});

/** What requireSession does in a page or in an action of the browser: a username, or Next's redirect. */
async function openPage({ isPage = true, headers = {}, ...requirement }: PageOptions = {}): Promise<string> {
  const { requireSession } = await import("@/lib/auth/session");
  const cookie = browser.cookieHeader;
  Object.assign(next, { isPage, cookies: [], headers: new Headers({ ...(cookie && { cookie }), ...headers }) });
  return requireSession({ live: true, returnTo: "/pay", ...requirement }).then(
    ({ user }) => user.username,
    (error: unknown) => {
      expect(() => unstable_rethrow(error)).toThrow(); // Next's own kind, which it does not report as a failure.
      return error instanceof Error && "digest" in error ? (String(error.digest).split(";")[2] ?? "") : "";
    },
  );
}

type PageOptions = Requirement & { isPage?: boolean; headers?: Record<string, string> };

const AGAIN = "/auth/login?prompt=login&returnTo=%2Fpay";

describe("NW-07 requireSession with live", () => {
  test("returns the session of a live sign-in, and asks again at the next check", async () => {
    expect([await openPage(), await openPage({ isPage: false }), calls()]).toEqual(["ada", "ada", 2]);
    expect(next.cookies).toEqual([]);
  });

  test("in a page, redirects to a new sign-in after a global sign-out, and the login route does not return at once", async () => {
    pool.cognito.globalSignOut("ada");
    expect(await openPage({ live: false })).toBe("ada");
    expect(await openPage()).toBe(AGAIN);
    const asked = new URL((await browser.login(AGAIN, CLICKED)).headers.get("location") ?? "");
    expect([asked.pathname, asked.searchParams.get("prompt")]).toEqual(["/oauth2/authorize", "login"]);
    expect(pathOf(await browser.callback(await pool.cognito.authorize(asked.href, "ada")))).toBe("/pay");
    expect(await openPage()).toBe("ada");
  });

  test("in an action, does so too, and the browser remembers that the session has ended", async () => {
    pool.cognito.globalSignOut("ada");
    expect(await openPage({ isPage: false })).toBe(AGAIN);
    const mark = { httpOnly: true, sameSite: "lax", secure: true, path: "/", maxAge: expect.any(Number) };
    expect(next.cookies).toEqual([{ name: expect.stringMatching(ENDED), value: expect.any(String), ...mark }]);
  });

  test("redirects to a new sign-in when userInfo is of another user, and marks nothing", async () => {
    wrongUser();
    expect([await openPage({ isPage: false }), next.cookies]).toEqual([AGAIN, []]);
    expect(events.join()).toContain("token_invalid");
  });

  test("redirects to an ordinary sign-in, which refreshes, when the token may just have expired", async () => {
    pool.cognito.fault("userInfo", { status: 401, body: { error: "invalid_token" } });
    vi.setSystemTime(Date.now() + 3_580_000);
    try {
      expect(await openPage({ isPage: false })).toBe("/auth/login?returnTo=%2Fpay");
      expect(next.cookies).toEqual([]);
      pool.cognito.clearFaults();
      expect(pathOf(await browser.login("/auth/login?returnTo=%2Fpay", CLICKED))).toBe("/pay");
      expect(await openPage()).toBe("ada");
    } finally {
      vi.useRealTimers();
    }
  });

  test("checks the rest of the requirement first: sign-in, groups, openid, a recent sign-in", async () => {
    const fresh = pool.browser(kit);
    const visitor = browser;
    browser = fresh;
    expect(await openPage()).toBe("/auth/login?returnTo=%2Fpay");
    browser = visitor;
    const forbidden = "/auth/error?code=forbidden&returnTo=%2Fpay";
    expect(await openPage({ groups: ["nobody"] })).toBe(forbidden);
    expect(await openPage({ headers: await bearer("ada", "email") })).toBe(forbidden);
    vi.setSystemTime(Date.now() + 1_000_000);
    expect(await openPage({ maxAuthAge: 60 })).toBe("/auth/login?returnTo=%2Fpay&max_age=60");
    vi.useRealTimers();
    expect(calls()).toBe(0);
  });

  test("AT-12 redirects to the error page in an outage, and marks nothing", async () => {
    pool.cognito.fault("userInfo", { status: 500 });
    expect(await openPage({ isPage: false })).toBe("/auth/error?code=token_endpoint_unavailable&returnTo=%2Fpay");
    expect(next.cookies).toEqual([]);
  });
});
