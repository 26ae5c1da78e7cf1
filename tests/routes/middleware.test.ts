import { NextRequest, NextResponse } from "next/server";
import createIntlMiddleware from "next-intl/middleware";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { authenticateRequest } from "@/lib/auth/middleware";
import { Browser, CLICKED, FETCHED, type Kit, ORIGIN, TYPED, usePool } from "../support/kit";

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

const EXPIRED_MS = 3_601_000;
const CHANGED = "https://app.example/other";

/** Somebody whose access token expired after sign-in, so that the next request refreshes it. */
async function signInAndWait(username?: string): Promise<Browser> {
  vi.useFakeTimers({ toFake: ["Date"] });
  const browser = pool.browser(kit);
  await browser.signIn(username);
  vi.setSystemTime(Date.now() + EXPIRED_MS);
  return browser;
}

/** What `auth.next()` answers when another middleware has made `theirs` for the same request. */
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

describe("next-intl beside the kit", () => {
  const routing = { locales: ["en", "de"], defaultLocale: "en", localePrefix: "as-needed" } as const;
  const intl = createIntlMiddleware(routing);
  const GERMAN = { ...TYPED, "accept-language": "de" };

  /** The refreshed session is in the browser, and where Next forwards the request, the page reads the same one. */
  async function expectRefreshed(browser: Browser, response: Response, isForwarded: boolean) {
    const before = browser.value("__Host-auth.access");
    browser.take(response);
    expect(browser.value("__Host-auth.access")).not.toBe(before);
    expect(response.headers.get("cache-control")).toBe("private, no-store");
    if (!isForwarded) return expect(Browser.forwardedCookies(response)).toBeNull();
    const cookies = Browser.forwardedCookies(response)?.split("; ") ?? [];
    expect(cookies.filter((pair) => pair.startsWith("__Host-auth.access="))).toEqual([
      `__Host-auth.access=${browser.value("__Host-auth.access")}`,
    ]);
    const page = await kit.core.authenticate(new Headers({ cookie: cookies.join("; ") }), kit.config(), "never");
    expect(page.status).toBe("signed_in");
  }

  test("a page with a locale in its path gets next-intl's locale and the session that was refreshed just now", async () => {
    const browser = await signInAndWait();
    const response = await compose(browser.request("/de/dashboard"), intl);
    await expectRefreshed(browser, response, true);
    expect(response.headers.get("x-middleware-next")).toBe("1");
    expect(seen(response, "x-next-intl-locale")).toBe("de");
    expect(seen(response, "accept")).toBe(TYPED.accept);
    expect(response.headers.get("link")).toContain('hreflang="de"');
  });

  test("a rewrite to the default locale keeps its target and carries the refreshed session", async () => {
    const browser = await signInAndWait();
    const response = await compose(browser.request("/dashboard?tab=1"), intl);
    await expectRefreshed(browser, response, true);
    expect(response.headers.get("x-middleware-rewrite")).toBe(`${ORIGIN}/en/dashboard?tab=1`);
    expect(response.headers.has("x-middleware-next")).toBe(false);
    expect(seen(response, "x-next-intl-locale")).toBe("en");
  });

  test("a redirect to a locale keeps its target and stores the refreshed session in the browser", async () => {
    const browser = await signInAndWait();
    const response = await compose(browser.request("/", GERMAN), intl);
    await expectRefreshed(browser, response, false);
    expect([response.status, response.headers.get("location")]).toEqual([307, `${ORIGIN}/de`]);
    expect([...response.headers.keys()].filter((name) => name.startsWith("x-middleware-request-"))).toEqual([]);
    expect(response.headers.has("x-middleware-next")).toBe(false);
  });

  test("its NEXT_LOCALE cookie reaches the page and the browser, before the session's cookies", async () => {
    const browser = await signInAndWait();
    const response = await compose(browser.request("/de/dashboard"), intl);
    expect(namesOf(response.headers.getSetCookie())).toEqual(["NEXT_LOCALE", ...OURS]);
    expect(response.headers.getSetCookie()[0]).toBe("NEXT_LOCALE=de; Path=/; SameSite=lax");
    expect(response.headers.get("x-middleware-set-cookie")).toBe("NEXT_LOCALE=de; Path=/; SameSite=lax");
  });

  test("a visitor without a session gets exactly what next-intl answers", async () => {
    for (const [path, headers] of [
      ["/", GERMAN],
      ["/de", TYPED],
      ["/about", TYPED],
    ] as const) {
      const request = () => pool.browser(kit).request(path, headers);
      const response = await compose(request(), intl);
      expect([response.status, ...response.headers]).toEqual([intl(request()).status, ...intl(request()).headers]);
    }
  });

  test("a session that is good as it is reaches the page unchanged, and no cache keeps the page", async () => {
    const browser = pool.browser(kit);
    await browser.signIn();
    const response = await compose(browser.request("/de"), intl);
    expect(seen(response, "cookie")).toBe(browser.cookieHeader);
    expect(namesOf(response.headers.getSetCookie())).toEqual(["NEXT_LOCALE"]);
    expect(response.headers.get("cache-control")).toBe("private, no-store");
  });

  test.each([
    "/auth/login?returnTo=/de",
    "/auth/callback?code=x&state=y",
    "/auth/logout",
    "/auth/error?code=forbidden",
  ])("%s stays where it is: no locale is put before the kit's routes", async (path) => {
    const always = createIntlMiddleware({ ...routing, localePrefix: "always" });
    for (const middleware of [intl, always]) {
      for (const headers of [TYPED, GERMAN]) {
        const response = await compose(pool.browser(kit).request(path, headers), middleware);
        expect(response.status).toBe(200);
        expect(response.headers.get("x-middleware-next")).toBe("1");
        expect(response.headers.has("location") || response.headers.has("x-middleware-rewrite")).toBe(false);
      }
    }
  });

  test("with a base path, the kit's routes stay where they are, too", async () => {
    const request = new NextRequest(`${ORIGIN}/shop/auth/login`, {
      headers: GERMAN,
      nextConfig: { basePath: "/shop" },
    });
    expect(intl(request).headers.get("location")).toBe(`${ORIGIN}/shop/de/auth/login`);
    const response = await compose(request, intl);
    expect([response.status, response.headers.get("x-middleware-next")]).toEqual([200, "1"]);
  });
});

describe("the response of any other middleware", () => {
  const forward = (headers: Record<string, string>) => () =>
    NextResponse.next({ request: { headers: new Headers(headers) } });

  test("the page sees exactly the request headers that it forwards, and the session's cookies", async () => {
    const browser = pool.browser(kit);
    await browser.signIn();
    const request = browser.request("/", { ...TYPED, "x-secret": "of the client", "x-nonce": "of the client" });
    const stale = { "x-nonce": "r4nd0m", cookie: "__Host-auth.access=stale; other=1" };
    const response = await compose(request, forward(stale));
    expect(forwardedNames(response)?.sort()).toEqual(["cookie", "x-nonce"]);
    expect([seen(response, "x-nonce"), seen(response, "cookie")]).toEqual(["r4nd0m", browser.cookieHeader]);
  });

  test("a header that it took away is away, also when it took the cookies, and a visitor gets no Cookie header", async () => {
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

  test("without request headers of its own, the page sees the request's, with the refreshed session", async () => {
    const browser = await signInAndWait();
    const request = browser.request("/", { ...TYPED, "x-kept": "yes" });
    const response = await compose(request, () => NextResponse.next());
    browser.take(response);
    expect([seen(response, "x-kept"), seen(response, "cookie")]).toEqual(["yes", browser.cookieHeader]);
    expect(
      (await compose(browser.request("/"), () => NextResponse.next())).headers.has("x-middleware-override-headers"),
    ).toBe(false);
  });

  test("it sets no cookie with a name of the kit's, in the browser or in the page; its other cookies stay", async () => {
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

  test("with another cookie prefix, other names are the kit's", async () => {
    const other = await pool.load({ AUTH_COOKIE_PREFIX: "shop" });
    const theirs = NextResponse.next();
    for (const name of ["shop.access", "__Host-shop.refresh", "__Host-auth.access"]) theirs.cookies.set(name, "1");
    const { authenticateRequest: ask } = await import("@/lib/auth/middleware");
    const response = (await ask(pool.browser(other).request("/"))).next(theirs);
    expect(namesOf(response.headers.getSetCookie())).toEqual(["__Host-auth.access"]);
    kit = await pool.load();
  });

  test("HD-01 HD-06 its Vary, Link, policy and own headers stay; its caching does not, for somebody with a session", async () => {
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

  test("HD-01 a finished answer stays one, with its status and its body, and stores the refreshed session", async () => {
    const browser = await signInAndWait();
    const response = await compose(browser.request("/"), () => NextResponse.json({ slow: "down" }, { status: 429 }));
    expect([response.status, await response.json()]).toEqual([429, { slow: "down" }]);
    expect(namesOf(response.headers.getSetCookie())).toEqual(OURS);
    expect([...response.headers.keys()].filter((name) => name.startsWith("x-middleware-"))).toEqual([]);
  });

  test("a redirect that was made from a forwarded answer forwards nothing, so no cookie of the request is sent back", async () => {
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

  test("a page cannot tell an outage from a visitor unless it is told, here too", async () => {
    const browser = await signInAndWait();
    pool.cognito.fault("token", { status: 503 });
    const response = await compose(browser.request("/"), forward({ "x-nonce": "r4nd0m" }));
    pool.cognito.clearFaults();
    expect(seen(response, "cookie")).toContain("__Host-auth.outage=1");
    expect(response.headers.getSetCookie()).toEqual([]);
  });
});

describe("the kit's own routes", () => {
  const ROUTES = ["/auth/login", "/auth/callback", "/auth/logout", "/auth/error", "/auth/error/"];
  const client = {
    ...TYPED,
    "x-nonce": "of the client",
    "content-security-policy": "script-src 'nonce-of-the-client'",
  };

  test.each(ROUTES)(
    "AT-11 %s sees the headers that the app's middleware gives, never the client's own copy",
    async (path) => {
      const request = pool.browser(kit).request(`${path}?code=forbidden`, client);
      const auth = await authenticateRequest(request);
      const headers = new Headers(request.headers);
      headers.set("x-nonce", "r4nd0m");
      headers.delete("content-security-policy");
      for (const response of [auth.next(headers), auth.next(NextResponse.next({ request: { headers } }))]) {
        expect(seen(response, "x-nonce")).toBe("r4nd0m");
        expect(seen(response, "content-security-policy")).toBeUndefined();
        expect(seen(response, "accept")).toBe(TYPED.accept);
      }
    },
  );

  test("AT-11 they get the cookies of the request, and no answer of middleware sets any", async () => {
    const browser = await signInAndWait();
    const request = browser.request("/auth/login?returnTo=/dashboard");
    const auth = await authenticateRequest(request);
    for (const response of [auth.next(new Headers(request.headers)), auth.next(NextResponse.next())]) {
      expect(response.headers.getSetCookie()).toEqual([]);
      expect(seen(response, "cookie") ?? browser.cookieHeader).toBe(browser.cookieHeader);
    }
  });

  test("a redirect to another place or a finished answer of another middleware holds on them, too", async () => {
    const elsewhere = ["https://www.example.com/auth/login", `${ORIGIN}/closed`];
    for (const place of elsewhere) {
      const response = await compose(pool.browser(kit).request("/auth/login"), () => NextResponse.redirect(place));
      expect([response.status, response.headers.get("location")]).toEqual([307, place]);
    }
    const limited = () => new NextResponse("slow down", { status: 429 });
    expect((await compose(pool.browser(kit).request("/auth/login"), limited)).status).toBe(429);
  });

  test("AR-22 HD-08 no site may frame them, whatever policy the app sends", async () => {
    const csp = "default-src 'self'";
    const ask = async (headers: Record<string, string>) =>
      (await compose(pool.browser(kit).request("/auth/error"), () => NextResponse.next({ headers }))).headers;
    expect((await ask({})).get("content-security-policy")).toBe("frame-ancestors 'none'");
    const own = await ask({ "content-security-policy": csp });
    expect([own.get("content-security-policy"), own.get("x-frame-options")]).toEqual([csp, "DENY"]);
  });

  test.each([
    "/auth",
    "/auth/",
    "/auth/profile",
    "/auth/login/help",
    "/auth/loginx",
    "/auth/Login",
    "/auth//login",
    "/de/auth/login",
  ])("RD-25 %s is a page like any other: it asks for a sign-in and leads back", async (path) => {
    const response = await pool.browser(kit).visit(path);
    expect(response.status).toBe(303);
    const login = new URL(response.headers.get("location") ?? "");
    expect([login.pathname, login.searchParams.get("returnTo")]).toEqual(["/auth/login", path]);
  });

  test("RD-25 a sign-in that starts on a page below /auth leads back to it", async () => {
    const browser = pool.browser(kit);
    const challenge = await browser.visit("/auth/profile?tab=1");
    const answer = await browser.signIn("ada", challenge.headers.get("location") ?? "");
    expect(answer.headers.get("location")).toBe(`${ORIGIN}/auth/profile?tab=1`);
  });
});

describe("what auth.next() says about caches and frames", () => {
  const TRACES = [
    ["a refresh cookie that nobody can read", "__Host-auth.refresh=dead"],
    ["an ID token alone", "__Host-auth.id=dead"],
    ["an ended sign-in", "__Host-auth.ended=dead"],
    ["an empty cookie", "__Host-auth.access="],
    ["a cookie of the plain name", "auth.refresh=dead"],
  ] as const;

  test.each(TRACES)(
    "HD-01 AT-09 with %s and no session, no cache keeps the page and no other site frames it",
    async (_trace, cookie) => {
      const request = new NextRequest(`${ORIGIN}/`, { headers: { ...TYPED, cookie } });
      const auth = await authenticateRequest(request);
      expect(auth.session).toBeNull();
      for (const { headers } of [auth.next(), auth.next(NextResponse.redirect(CHANGED))]) {
        expect([headers.get("cache-control"), headers.get("x-frame-options")]).toEqual([
          "private, no-store",
          "SAMEORIGIN",
        ]);
      }
    },
  );

  test("AT-09 nobody frames a page of somebody signed in, and the app's policy is not touched", async () => {
    const browser = pool.browser(kit);
    await browser.signIn();
    for (const headers of [TYPED, CLICKED, FETCHED]) {
      const response = await browser.visit("/dashboard", headers);
      expect(response.headers.get("x-frame-options")).toBe("SAMEORIGIN");
      expect(response.headers.has("content-security-policy")).toBe(false);
    }
  });

  test("AT-09 a visitor without a trace of a session gets pages that may be cached and framed", async () => {
    const response = await pool.browser(kit).visit("/", { ...TYPED, cookie: "theme=dark; authentic.x=1" });
    expect([response.headers.get("cache-control"), response.headers.get("x-frame-options")]).toEqual([null, null]);
  });
});

describe("a cookie that the app's middleware sets on the kit's answer", () => {
  test.each(["next", "challenge", "forbid"] as const)("leaves the refreshed session on auth.%s()", async (way) => {
    const browser = await signInAndWait();
    const response = (await authenticateRequest(browser.request("/admin")))[way]();
    response.cookies.set("theme", "dark");
    const before = browser.value("__Host-auth.access");
    browser.take(response);
    expect(browser.value("__Host-auth.access")).not.toBe(before);
    expect(browser.value("theme")).toBe("dark");
    expect((await browser.visit("/dashboard")).headers.has("location")).toBe(false);
  });

  test("leaves the deletion of cookies that the refreshed session no longer needs", async () => {
    const browser = await signInAndWait();
    const cookie = `${browser.cookieHeader}; __Host-auth.id.7=old`;
    const auth = await authenticateRequest(new NextRequest(`${ORIGIN}/`, { headers: { ...TYPED, cookie } }));
    const response = auth.next();
    response.cookies.set("theme", "dark");
    const [deletion] = response.headers.getSetCookie().filter((line) => line.startsWith("__Host-auth.id.7="));
    expect(deletion).toMatch(/^__Host-auth\.id\.7=; .*Expires=Thu, 01 Jan 1970 00:00:00 GMT.*Secure/);
  });
});

describe("the root middleware", () => {
  const OPEN = ["/", "/robots.txt", "/sitemap.xml", "/manifest.webmanifest", "/icon.svg", "/opengraph-image"];
  test.each([...OPEN, "/.well-known", "/.well-known/", "/.well-known/security.txt", "/.well-known/acme-challenge/x"])(
    "shows %s to everybody",
    async (path) => {
      for (const headers of [TYPED, FETCHED, {}]) {
        expect((await pool.browser(kit).visit(path, headers)).headers.get("x-middleware-next")).toBe("1");
      }
    },
  );

  const NEIGHBOURS = [
    "/robots.txt/x",
    "/robots.txt.bak",
    "/sitemap.xml2",
    "/.well-knownx",
    "/.well-known.x",
    "/x/robots.txt",
  ];
  test.each([...NEIGHBOURS, "/x/.well-known/y", "/.well-known/../dashboard", "/.WELL-KNOWN/x", "/icon.svg%2fx"])(
    "NX-01 asks for a sign-in on %s",
    async (path) => {
      expect((await pool.browser(kit).visit(path)).status).toBe(303);
    },
  );
});

describe("with cacheComponents, where Next cannot show the error page with its status", () => {
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

  test("a 403 leads to the start page", async () => {
    const response = await refused("/admin?x=%22%3E%3Cscript%3E", "grace", false);
    expect([response.status, response.headers.get("content-type")]).toEqual([403, "text/html; charset=utf-8"]);
    const html = await response.text();
    expect(linksOf(html)).toEqual([["Go to the start page", "/"]]);
    expect(html).not.toMatch(/script|admin/);
  });

  test("a 503 can be tried again, and leads to the start page; the session is kept", async () => {
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

  test("HD-08 the page runs no script, is framed by nobody and is kept by no cache", async () => {
    const { headers } = await refused("/admin", "grace", false);
    expect(headers.get("content-security-policy")).toBe(
      "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    );
    expect(headers.get("cache-control")).toBe("private, no-store");
  });
});
