import { NextRequest, NextResponse } from "next/server";
import createIntlMiddleware from "next-intl/middleware";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { authenticateRequest } from "@/lib/auth/middleware";
import { Browser, CLICKED, FETCHED, type Kit, ORIGIN, pathOf, TYPED, usePool } from "../support/kit";

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

const namesOf = (lines: readonly string[]) => lines.map((line) => line.slice(0, line.indexOf("=")));
const OURS = ["access", "refresh", "id"].map((kind) => `__Host-auth.${kind}`);

describe("the app's middleware around the kit", () => {
  async function visit(browser: Browser) {
    const request = browser.request("/", TYPED);
    const auth = await authenticateRequest(request);
    const headers = new Headers(request.headers);
    headers.set("x-nonce", "r4nd0m");
    return { auth, response: auth.next(headers) };
  }

  test("the app's middleware passes a header to the page, for visitors and users", async () => {
    const browser = pool.browser(kit);
    expect(seen((await visit(browser)).response, "x-nonce")).toBe("r4nd0m");
    await browser.signIn();
    const { response } = await visit(browser);
    expect([seen(response, "x-nonce"), seen(response, "cookie")]).toEqual(["r4nd0m", browser.cookieHeader]);
    expect(response.headers.get("cache-control")).toBe("private, no-store");
  });

  test("the page gets the header of the app's middleware and the refreshed session", async () => {
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

  test("without changes the request reaches the page unchanged", async () => {
    const browser = pool.browser(kit);
    await browser.signIn();
    const auth = await authenticateRequest(browser.request("/", TYPED));
    expect(auth.next().headers.get("x-middleware-override-headers")).toBeNull();
  });

  test("a rewrite or redirect can keep the kit's cookies and forwarded headers", async () => {
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

  test("a page with a locale in its path gets next-intl's locale and the refreshed session", async () => {
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

  test("the NEXT_LOCALE cookie reaches the page and the browser, before the cookies of the session", async () => {
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

  test("a session that needs no refresh reaches the page unchanged, and no cache may store the page", async () => {
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
  ])("next-intl adds no locale to %s", async (path) => {
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

  test("with a base path, too, next-intl adds no locale to the kit's routes", async () => {
    const request = new NextRequest(`${ORIGIN}/shop/auth/login`, {
      headers: GERMAN,
      nextConfig: { basePath: "/shop" },
    });
    expect(intl(request).headers.get("location")).toBe(`${ORIGIN}/shop/de/auth/login`);
    const response = await compose(request, intl);
    expect([response.status, response.headers.get("x-middleware-next")]).toEqual([200, "1"]);
  });
});

describe("the kit's own routes", () => {
  const ROUTES = ["/auth/login", "/auth/callback", "/auth/logout", "/auth/error", "/auth/error/"];
  const client = {
    ...TYPED,
    "x-nonce": "of the client",
    "content-security-policy": "script-src 'nonce-of-the-client'",
  };

  test.each(ROUTES)("AT-11 %s sees the headers of the app's middleware, never the client's own copy", async (path) => {
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
  });

  test("AT-11 the kit's routes get the cookies of the request, and middleware sets no cookies there", async () => {
    const browser = await signInAndWait();
    const request = browser.request("/auth/login?returnTo=/dashboard");
    const auth = await authenticateRequest(request);
    for (const response of [auth.next(new Headers(request.headers)), auth.next(NextResponse.next())]) {
      expect(response.headers.getSetCookie()).toEqual([]);
      expect(seen(response, "cookie") ?? browser.cookieHeader).toBe(browser.cookieHeader);
    }
  });

  test("another middleware can redirect the kit's routes to another place, or answer itself", async () => {
    const elsewhere = ["https://www.example.com/auth/login", `${ORIGIN}/closed`];
    for (const place of elsewhere) {
      const response = await compose(pool.browser(kit).request("/auth/login"), () => NextResponse.redirect(place));
      expect([response.status, response.headers.get("location")]).toEqual([307, place]);
    }
    const limited = () => new NextResponse("slow down", { status: 429 });
    expect((await compose(pool.browser(kit).request("/auth/login"), limited)).status).toBe(429);
  });

  test("AR-22 HD-08 no site may frame the kit's routes, with any policy of the app", async () => {
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
  ])("RD-25 %s is a page of the app: it requires a sign-in that leads back to it", async (path) => {
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

describe("the headers of auth.next() about caches and frames", () => {
  const TRACES = [
    ["a refresh cookie that nobody can read", "__Host-auth.refresh=dead"],
    ["an ID token alone", "__Host-auth.id=dead"],
    ["an ended sign-in", "__Host-auth.ended=dead"],
    ["an empty cookie", "__Host-auth.access="],
    ["a cookie of the plain name", "auth.refresh=dead"],
  ] as const;

  test.each(TRACES)(
    "HD-01 AT-09 with %s and no session, no cache may store the page and no other site may frame it",
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

  test("AT-09 no other site may frame a user's page, and the app's policy does not change", async () => {
    const browser = pool.browser(kit);
    await browser.signIn();
    for (const headers of [TYPED, CLICKED, FETCHED]) {
      const response = await browser.visit("/dashboard", headers);
      expect(response.headers.get("x-frame-options")).toBe("SAMEORIGIN");
      expect(response.headers.has("content-security-policy")).toBe(false);
    }
  });

  test("AT-09 a visitor without cookies of the kit gets pages that caches may store and sites may frame", async () => {
    const response = await pool.browser(kit).visit("/", { ...TYPED, cookie: "theme=dark; authentic.x=1" });
    expect([response.headers.get("cache-control"), response.headers.get("x-frame-options")]).toEqual([null, null]);
  });
});

describe("a cookie that the app's middleware sets on the kit's answer", () => {
  test.each(["next", "challenge", "forbid"] as const)(
    "a cookie of the app keeps the refreshed session on auth.%s()",
    async (way) => {
      const browser = await signInAndWait();
      const response = (await authenticateRequest(browser.request("/admin")))[way]();
      response.cookies.set("theme", "dark");
      const before = browser.value("__Host-auth.access");
      browser.take(response);
      expect(browser.value("__Host-auth.access")).not.toBe(before);
      expect(browser.value("theme")).toBe("dark");
      expect((await browser.visit("/dashboard")).headers.has("location")).toBe(false);
    },
  );

  test("a cookie of the app keeps the deletion of old cookies of the session", async () => {
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
    "the root middleware shows %s to visitors",
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
    "NX-01 the root middleware requires a sign-in on %s",
    async (path) => {
      expect((await pool.browser(kit).visit(path)).status).toBe(303);
    },
  );
});

test("CK-24 a frame starts no sign-in, because browsers send no session cookies there", async () => {
  const kit = await pool.load();
  const browser = pool.browser(kit);
  const frame = { ...CLICKED, "sec-fetch-dest": "iframe" };
  expect((await browser.login("/auth/login", frame)).status).toBe(401);
  expect((await browser.visit("/dashboard", frame)).status).toBe(401);
  expect(browser.names()).toEqual([]);
});

test.each(["/api/me", "/api/activities/home"])(
  "NX-17 middleware lets the route %s reject requests itself",
  async (path) => {
    const kit = await pool.load();
    const browser = pool.browser(kit);
    for (const headers of [FETCHED, CLICKED, { accept: "application/json" }, { authorization: "Bearer nonsense" }]) {
      const answer = await browser.visit(path, headers as Record<string, string>);
      expect([answer.headers.get("x-middleware-next"), answer.headers.get("location")]).toEqual(["1", null]);
    }
    expect(pathOf(await browser.visit("/dashboard"))).toContain("/auth/login");
  },
);

test("RD-01 after the sign-in of a visitor who sent a form, the return path has no query", async () => {
  const kit = await pool.load();
  const send = (method: string) =>
    kit.middleware.default(pool.browser(kit).request("/dashboard?delete=1", CLICKED, { method }));
  expect(pathOf(await send("POST"))).toBe("/auth/login?returnTo=%2Fdashboard");
  expect(pathOf(await send("GET"))).toBe("/auth/login?returnTo=%2Fdashboard%3Fdelete%3D1");
});
