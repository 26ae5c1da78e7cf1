import { NextResponse } from "next/server";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { authenticateRequest } from "@/lib/auth/middleware";
import { Browser, type Kit, TYPED, usePool } from "../support/kit";

const pool = usePool();
let kit: Kit;

beforeAll(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  kit = await pool.load();
});

afterEach(() => vi.useRealTimers());

/** What the page would see of a header of the request. */
const seen = (response: Response, name: string) =>
  response.headers.get("x-middleware-override-headers")?.split(",").includes(name)
    ? response.headers.get(`x-middleware-request-${name}`)
    : undefined;

describe("a middleware of one's own around the kit's", () => {
  async function visit(browser: Browser) {
    const request = browser.request("/", TYPED);
    const auth = await authenticateRequest(request);
    const headers = new Headers(request.headers);
    headers.set("x-nonce", "r4nd0m");
    return { auth, response: auth.next(headers) };
  }

  test("gives the page a header, for nobody and for somebody signed in", async () => {
    const browser = pool.browser(kit);
    expect(seen((await visit(browser)).response, "x-nonce")).toBe("r4nd0m");
    await browser.signIn();
    const { response } = await visit(browser);
    expect([seen(response, "x-nonce"), seen(response, "cookie")]).toEqual(["r4nd0m", browser.cookieHeader]);
    expect(response.headers.get("cache-control")).toBe("private, no-store");
  });

  test("gives the page the header and the session that was refreshed just now", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const browser = pool.browser(kit);
    await browser.signIn();
    vi.setSystemTime(Date.now() + 3_599_000);
    const { response } = await visit(browser);
    const before = browser.value("__Host-auth.access");
    browser.take(response);
    expect(browser.value("__Host-auth.access")).not.toBe(before);
    expect(seen(response, "x-nonce")).toBe("r4nd0m");
    expect(Browser.forwardedCookies(response)).toContain(browser.value("__Host-auth.access"));
  });

  test("without one, the request goes on as it came", async () => {
    const browser = pool.browser(kit);
    await browser.signIn();
    const auth = await authenticateRequest(browser.request("/", TYPED));
    expect(auth.next().headers.get("x-middleware-override-headers")).toBeNull();
  });

  test("rewrites and redirects with the answer of the kit, cookies and all", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const browser = pool.browser(kit);
    await browser.signIn();
    vi.setSystemTime(Date.now() + 3_599_000);
    const { auth, response } = await visit(browser);
    const rewrite = NextResponse.rewrite("https://app.example/other", auth.next());
    const redirect = NextResponse.redirect("https://app.example/other", { headers: auth.next().headers });
    for (const { headers } of [rewrite, redirect])
      expect(headers.getSetCookie()).toEqual(response.headers.getSetCookie());
    expect(seen(rewrite, "cookie")).toBe(seen(response, "cookie"));
  });
});
