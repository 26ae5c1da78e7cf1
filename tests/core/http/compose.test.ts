import { type NextRequest, NextResponse } from "next/server";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { authenticateRequest } from "@/lib/auth/middleware";
import { type Browser, type Kit, TYPED, usePool } from "../../support/kit";

const pool = usePool();
let kit: Kit;

beforeAll(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  kit = await pool.load();
});

afterEach(() => vi.useRealTimers());

/** The value of a request header that the page sees, or undefined when middleware forwards no such header. */
const seen = (response: Response, name: string) =>
  response.headers.get("x-middleware-override-headers")?.split(",").includes(name)
    ? response.headers.get(`x-middleware-request-${name}`)
    : undefined;

const EXPIRED_MS = 3_601_000;
const CHANGED = "https://app.example/other";

/** The browser of a user whose access token expired after sign-in, so the next request refreshes the session. */
async function signInAndWait(username?: string): Promise<Browser> {
  vi.useFakeTimers({ toFake: ["Date"] });
  const browser = pool.browser(kit);
  await browser.signIn(username);
  vi.setSystemTime(Date.now() + EXPIRED_MS);
  return browser;
}

/** The response of `auth.next()` when another middleware has made `theirs` for the same request. */
async function compose(request: NextRequest, theirs: (request: NextRequest) => Response): Promise<NextResponse> {
  return (await authenticateRequest(request)).next(theirs(request));
}

const forwardedNames = (response: Response) => response.headers.get("x-middleware-override-headers")?.split(",");
const namesOf = (lines: readonly string[]) => lines.map((line) => line.slice(0, line.indexOf("=")));
const OURS = ["access", "refresh", "id"].map((kind) => `__Host-auth.${kind}`);

test("HD-01 no header of another middleware lets a CDN keep an answer with a session", async () => {
  const headers = {
    "cdn-cache-control": "max-age=600",
    "vercel-cdn-cache-control": "max-age=600",
    "surrogate-control": "max-age=600",
    expires: "Thu, 01 Jan 2099 00:00:00 GMT",
    "x-kept": "1",
  };
  const browser = await signInAndWait();
  const answer = await compose(browser.request("/", TYPED), () => NextResponse.next({ headers }));
  for (const name of Object.keys(headers)) expect(answer.headers.has(name)).toBe(name === "x-kept");
  const visitor = await compose(pool.browser(kit).request("/", TYPED), () => NextResponse.next({ headers }));
  for (const name of Object.keys(headers)) expect(visitor.headers.has(name)).toBe(true);
});

describe("the response of any other middleware", () => {
  const forward = (headers: Record<string, string>) => () =>
    NextResponse.next({ request: { headers: new Headers(headers) } });

  test("the page sees exactly the request headers that the other middleware forwards, and the cookies of the session", async () => {
    const browser = pool.browser(kit);
    await browser.signIn();
    const request = browser.request("/", { ...TYPED, "x-secret": "of the client", "x-nonce": "of the client" });
    const stale = { "x-nonce": "r4nd0m", cookie: "__Host-auth.access=stale; other=1" };
    const response = await compose(request, forward(stale));
    expect(forwardedNames(response)?.sort()).toEqual(["cookie", "x-nonce"]);
    expect([seen(response, "x-nonce"), seen(response, "cookie")]).toEqual(["r4nd0m", browser.cookieHeader]);
  });

  test("the page does not see a header that the other middleware removed, and a visitor has no Cookie header", async () => {
    const visitor = await compose(pool.browser(kit).request("/"), forward({ "x-nonce": "r4nd0m" }));
    expect(forwardedNames(visitor)).toEqual(["x-nonce"]);
    const browser = await signInAndWait();
    for (const _state of ["refreshed just now", "good as it is"]) {
      const response = await compose(browser.request("/"), forward({ "x-nonce": "r4nd0m" }));
      browser.take(response);
      expect(forwardedNames(response)?.sort()).toEqual(["cookie", "x-nonce"]);
      expect(seen(response, "cookie")).toBe(browser.cookieHeader);
    }
  });

  test("if the other middleware forwards no request headers, the page sees those of the request and the refreshed session", async () => {
    const browser = await signInAndWait();
    const request = browser.request("/", { ...TYPED, "x-kept": "yes" });
    const response = await compose(request, () => NextResponse.next());
    browser.take(response);
    expect([seen(response, "x-kept"), seen(response, "cookie")]).toEqual(["yes", browser.cookieHeader]);
    expect(
      (await compose(browser.request("/"), () => NextResponse.next())).headers.has("x-middleware-override-headers"),
    ).toBe(false);
  });

  test("the other middleware can set no cookie with a name of the kit, and its other cookies stay", async () => {
    const plant = () => {
      const theirs = NextResponse.next();
      theirs.cookies.set("a", "1", { expires: new Date(86_400_000), path: "/" });
      for (const name of ["__Host-auth.access", "__Host-auth.ended.x", "auth.refresh"]) {
        theirs.cookies.set(name, "planted", { expires: new Date(86_400_000) });
      }
      theirs.cookies.set("auth", "other");
      theirs.cookies.set("authentic.x", "2", { expires: new Date(0) });
      return theirs;
    };
    const browser = await signInAndWait();
    const response = await compose(browser.request("/"), plant);
    expect(namesOf(response.headers.getSetCookie())).toEqual(["a", "auth", "authentic.x", ...OURS]);
    expect(response.headers.getSetCookie().join()).not.toContain("planted");
    expect(response.headers.get("x-middleware-set-cookie")).toBe(
      "a=1; Path=/; Expires=Fri, 02 Jan 1970 00:00:00 GMT,auth=other; Path=/,authentic.x=2; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    );
  });

  test("AUTH_COOKIE_PREFIX decides which cookie names belong to the kit", async () => {
    const other = await pool.load({ AUTH_COOKIE_PREFIX: "shop" });
    const theirs = NextResponse.next();
    for (const name of ["shop.access", "__Host-shop.refresh", "__Host-auth.access"]) theirs.cookies.set(name, "1");
    const { authenticateRequest: ask } = await import("@/lib/auth/middleware");
    const response = (await ask(pool.browser(other).request("/"))).next(theirs);
    expect(namesOf(response.headers.getSetCookie())).toEqual(["__Host-auth.access"]);
    kit = await pool.load();
  });

  test("HD-01 HD-06 for a user, the headers of the other middleware stay, except those about caching", async () => {
    const headers = {
      "cache-control": "public, max-age=3600",
      "content-security-policy": "default-src 'self'",
      link: "</de>; rel=alternate",
      vary: "Accept-Language",
      "x-frame-options": "DENY",
      "x-own": "1",
    };
    const browser = pool.browser(kit);
    await browser.signIn();
    for (const theirs of [
      () => NextResponse.next({ headers }),
      () => NextResponse.rewrite(CHANGED, { headers }),
      () => NextResponse.redirect(CHANGED, { headers }),
      () => new NextResponse("finished", { status: 429, headers }),
    ]) {
      const kept = { ...headers, "cache-control": "private, no-store" };
      expect(Object.fromEntries((await compose(browser.request("/"), theirs)).headers)).toMatchObject(kept);
      expect(Object.fromEntries((await compose(pool.browser(kit).request("/"), theirs)).headers)).toMatchObject(
        headers,
      );
    }
  });

  test("HD-01 a finished response keeps its status and body, and stores the refreshed session", async () => {
    const browser = await signInAndWait();
    const response = await compose(browser.request("/"), () => NextResponse.json({ slow: "down" }, { status: 429 }));
    expect([response.status, await response.json()]).toEqual([429, { slow: "down" }]);
    expect(namesOf(response.headers.getSetCookie())).toEqual(OURS);
    expect([...response.headers.keys()].filter((name) => name.startsWith("x-middleware-"))).toEqual([]);
  });

  test("a redirect with the headers of a forwarded response sends no request header back to the browser", async () => {
    const browser = await signInAndWait();
    const request = browser.request("/");
    const auth = await authenticateRequest(request);
    const forwarded = NextResponse.next({ request: { headers: new Headers({ "x-secret": "1" }) } });
    for (const { headers } of [forwarded, auth.next(forwarded)]) {
      const response = auth.next(NextResponse.redirect(CHANGED, { headers }));
      expect([response.status, response.headers.get("location")]).toEqual([307, CHANGED]);
      expect([...response.headers.keys()].filter((name) => /^x-middleware-(request|override)/.test(name))).toEqual([]);
      expect(namesOf(response.headers.getSetCookie())).toEqual(OURS);
    }
  });

  test("a response header named Cookie or Authorization is dropped: Next would show it to the page", async () => {
    const browser = pool.browser(kit);
    await browser.signIn();
    const planted = { cookie: "__Host-auth.access=planted", authorization: "Bearer planted" };
    const response = await compose(browser.request("/"), () => NextResponse.next({ headers: planted }));
    expect([response.headers.get("cookie"), response.headers.get("authorization")]).toEqual([null, null]);
  });

  test("with another middleware, too, the page learns of an outage", async () => {
    const browser = await signInAndWait();
    pool.cognito.fault("token", { status: 503 });
    const response = await compose(browser.request("/"), forward({ "x-nonce": "r4nd0m" }));
    pool.cognito.clearFaults();
    expect(seen(response, "cookie")).toContain("__Host-auth.outage=1");
    expect(response.headers.getSetCookie()).toEqual([]);
  });
});
