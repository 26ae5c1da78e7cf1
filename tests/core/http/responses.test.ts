import { NextRequest } from "next/server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, type Kit, ORIGIN, TYPED, usePool } from "../../support/kit";

const pool = usePool();
let kit: Kit;

beforeEach(() => void vi.spyOn(console, "info").mockReturnValue());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const events = () => vi.mocked(console.info).mock.calls.map(([line]) => JSON.parse(String(line)).auth);

const EXPIRED_MS = 3_601_000;

/** The browser of a user whose access token expired after sign-in, so the next request refreshes the session. */
async function signInAndWait(username?: string): Promise<Browser> {
  vi.useFakeTimers({ toFake: ["Date"] });
  const browser = pool.browser(kit);
  await browser.signIn(username);
  vi.setSystemTime(Date.now() + EXPIRED_MS);
  return browser;
}

describe("the small pages with cacheComponents, where Next cannot show the error page with its status", () => {
  const refused = async (path: string, username: string, isOutage: boolean, basePath?: string) => {
    const browser = await signInAndWait(username);
    if (isOutage) pool.cognito.fault("token", { status: 503 });
    const nextConfig = basePath ? { nextConfig: { basePath } } : {};
    const headers = { ...TYPED, cookie: browser.cookieHeader };
    const response = await kit.middleware.default(new NextRequest(ORIGIN + path, { headers, ...nextConfig }));
    pool.cognito.clearFaults();
    return response;
  };
  const linksOf = (html: string) =>
    [...html.matchAll(/<a href="([^"]*)">([^<]+)/g)].map(([, href, text]) => [text, href]);

  beforeAll(async () => {
    vi.stubEnv("__NEXT_CACHE_COMPONENTS", "true");
    kit = await pool.load();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    kit = await pool.load();
  });

  test("the page of a 403 links to the start page", async () => {
    const response = await refused("/admin?x=%22%3E%3Cscript%3E", "grace", false);
    expect([response.status, response.headers.get("content-type")]).toEqual([403, "text/html; charset=utf-8"]);
    const html = await response.text();
    expect(linksOf(html)).toEqual([["Go to the start page", "/"]]);
    expect(html).not.toMatch(/script|admin/);
  });

  test("the page of a 503 links to itself and to the start page, and the session is kept", async () => {
    const response = await refused("/dashboard?x=%22%3E%3Cscript%3E", "ada", true);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(response.headers.getSetCookie()).toEqual([]);
    const html = await response.text();
    expect(linksOf(html)).toEqual([
      ["Try again", ""], // An empty link is the same page, and repeats no input.
      ["Go to the start page", "/"],
    ]);
    expect(html).not.toMatch(/script|dashboard/);
  });

  test("the link to the start page has the base path", async () => {
    const response = await refused("/shop/dashboard", "ada", true, "/shop");
    expect(linksOf(await response.text())).toContainEqual(["Go to the start page", "/shop"]);
  });

  test("HD-08 the page runs no script, and neither a frame nor a cache may hold it", async () => {
    const { headers } = await refused("/admin", "grace", false);
    expect(headers.get("content-security-policy")).toBe(
      "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    );
    expect(headers.get("cache-control")).toBe("private, no-store");
  });
});

test("HD-09 with cacheComponents a small page has the status 403, because a rewritten page would lose it", async () => {
  vi.stubEnv("__NEXT_CACHE_COMPONENTS", "true");
  const small = pool.browser(await pool.load());
  await small.signIn("grace");
  const answer = await small.visit("/admin");
  vi.unstubAllEnvs();
  const { status, headers } = answer;
  expect([status, headers.get("content-type")]).toEqual([403, "text/html; charset=utf-8"]);
  expect(headers.has("x-middleware-rewrite")).toBe(false);
  expect(await answer.text()).toContain("<h1>");
  expect(events().at(-1)).toMatchObject({ type: "refused", reason: "forbidden" });
});
