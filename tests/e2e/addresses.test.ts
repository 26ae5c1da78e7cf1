import type { OutgoingHttpHeaders } from "node:http";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { locationOf } from "./support/expectations";
import { expireAccessToken, signIn, signOut, submitLogin } from "./support/flows";
import { CLICKED_FORM, DOCUMENT, FETCH, raw } from "./support/raw";
import { openStage, type Stage } from "./support/stage";

// One server with two entries in APP_BASE_URL. To a browser, the first two are two sites, and the other two are one.
const SERVERS = [
  { name: "http, on two sites", https: false, otherHost: "127.0.0.1" },
  { name: "https, on one site", https: true, host: "one.app.localhost", otherHost: "two.app.localhost" },
] as const;

describe.each(SERVERS)("one server with two addresses: $name", (server) => {
  let stage: Stage;
  let context: BrowserContext;
  let [first, second]: { readonly url: string; readonly page: Page }[] = [];
  beforeAll(async () => {
    stage = await openStage({ variant: "middleware", ...server });
  });
  beforeEach(async () => {
    await stage.reset();
    stage.cognito.settings.ssoSeconds = 0;
    const page = await stage.newPage();
    context = page.context();
    first = { url: stage.baseUrl, page };
    second = { url: stage.otherUrl, page: await context.newPage() };
  });
  afterAll(() => stage?.close());

  const both = () => {
    if (!first || !second) throw new Error("No pages");
    return [first, second] as const;
  };
  const at = (url: string) => ({ ...stage, baseUrl: url });

  /** Ada is signed in at the first address, and Grace at the second, in one browser. */
  async function signInTwice() {
    const [one, two] = both();
    await signIn(at(one.url), one.page);
    await signIn(at(two.url), two.page, { username: "grace" });
    stage.cognito.clearRequests();
    return [one, two] as const;
  }

  const expectUser = (page: Page, name: string) => page.getByText(`${name}@example.com`).first().waitFor();
  const params = (endpoint: string, name: string) =>
    stage.cognito.requests.filter((it) => it.name === endpoint).map((it) => it.params[name]);
  const sessionOf = async (url: string) =>
    (await context.cookies(url)).filter(({ name }) => /auth\.(access|id|refresh)/.test(name));

  test("NW-05 a sign-in at one of them leaves the other signed out, with its own cookies and callback", async () => {
    const [one, two] = both();
    await signIn(at(one.url), one.page);
    await two.page.goto(`${two.url}/dashboard`);
    await submitLogin(two.page, "grace");
    await two.page.waitForURL(`${two.url}/dashboard`);
    await expectUser(two.page, "grace");
    await one.page.reload();
    await expectUser(one.page, "ada");

    const callbacks = [one.url, two.url].map((url) => `${url}/auth/callback`);
    expect([...new Set(params("authorize", "redirect_uri"))]).toEqual(callbacks);
    expect(params("token", "redirect_uri")).toEqual(callbacks);
    const [ones, twos] = [await sessionOf(one.url), await sessionOf(two.url)];
    expect(ones.map(({ name }) => name)).toEqual(twos.map(({ name }) => name));
    for (const { value } of ones) expect(twos.map((it) => it.value)).not.toContain(value);
    for (const { domain } of twos) expect(domain).toBe(new URL(two.url).hostname);
  });

  test("NW-05 each session is refreshed and renewed at its own address", async () => {
    const [one, two] = await signInTwice();
    await expireAccessToken(context);
    for (const { page } of [one, two]) expect((await page.reload())?.status()).toBe(200);
    await expectUser(one.page, "ada");
    await expectUser(two.page, "grace");
    expect(params("token", "grant_type")).toEqual(["refresh_token", "refresh_token"]);
    expect(new Set(params("token", "refresh_token")).size).toBe(2);

    await two.page.getByRole("button", { name: "Renew now" }).click();
    await expect.poll(() => stage.cognito.count("token")).toBe(3);
    await two.page.waitForURL(`${two.url}/dashboard`);
    await expectUser(two.page, "grace");
  });

  test("NW-05 a sign-out ends one session, returns to its address, and reloads the tabs of that address only", async () => {
    const [one, two] = await signInTwice();
    const tab = await context.newPage();
    await tab.goto(`${two.url}/dashboard`, { waitUntil: "networkidle" });
    let loads = 0;
    one.page.on("domcontentloaded", () => {
      loads += 1;
    });
    await signOut(at(two.url), two.page);
    await tab.getByLabel("Password").waitFor(); // SessionWatch.
    expect(params("logout", "logout_uri")).toEqual([two.url]);
    expect(await sessionOf(two.url)).toEqual([]);
    expect(loads).toBe(0);
    await one.page.reload();
    await expectUser(one.page, "ada");
  });

  test("NW-05 a server action and the page of a 403 work at both", async () => {
    for (const { url, page } of await signInTwice()) {
      await page.getByRole("button", { name: "Say hello" }).click();
      await page.locator("output", { hasText: "on the server" }).waitFor();
      await context.clearCookies({ domain: new URL(url).hostname });
      await signIn(at(url), page, { username: "grace" });
      expect((await page.goto(`${url}/admin`))?.status()).toBe(403);
      expect(page.url()).toBe(`${url}/admin`);
      await page.getByRole("heading", { name: "You may not see this page" }).waitFor();
    }
  });

  test("NW-05 the error page names the address that the visitor opened, and a new sign-in returns there", async () => {
    for (const { url, page } of both()) {
      await page.goto(`${url}/auth/callback?code=made-up&state=made-up`);
      expect(page.url()).toBe(`${url}/auth/error?code=transaction_missing`);
      expect(await page.getByRole("link", { name: url, exact: true }).getAttribute("href")).toBe(url);
      await page.getByRole("link", { name: "Sign in again" }).click();
      await submitLogin(page, "ada");
      await page.waitForURL(`${url}/`);
    }
  });

  test("CS-02 NW-05 in a browser, a page of one address can change nothing at the other", async () => {
    const [one, two] = await signInTwice();
    const before = await sessionOf(two.url);
    const post = (path: string) =>
      one.page.evaluate(
        (to) => fetch(to, { method: "POST", credentials: "include", mode: "no-cors" }).then(({ type }) => type),
        two.url + path,
      );
    for (const path of ["/auth/refresh", "/auth/logout", "/api/me"]) expect(await post(path)).toBe("opaque");
    const answer = one.page.waitForResponse(`${two.url}/auth/logout`);
    await one.page.evaluate((action) => {
      const form = document.body.appendChild(document.createElement("form"));
      Object.assign(form, { method: "post", action });
      form.submit();
    }, `${two.url}/auth/logout`);
    expect((await answer).status()).toBe(403);
    expect([stage.cognito.count("token"), stage.cognito.count("revoke")]).toEqual([0, 0]);
    expect(await sessionOf(two.url)).toEqual(before);
    await two.page.reload();
    await expectUser(two.page, "grace");
  });

  /** A request on a connection to this server, with any Host. */
  function send(path: string, headers: OutgoingHttpHeaders, method = "GET") {
    const { protocol, port } = new URL(stage.baseUrl);
    return raw(`${protocol}//localhost:${port}${path}`, { method, headers });
  }
  const host = (url: string) => new URL(url).host;

  test("CS-02 NW-05 by HTTP, the Origin of the other address is another site's", async () => {
    const [one, two] = both();
    const cookie = await stage.cookieOf("ada");
    const statusOf = async (path: string, origin: string, more = {}) => {
      const headers = { host: host(two.url), cookie, accept: "text/html", origin, ...more };
      return (await send(path, headers, "POST")).status;
    };
    for (const path of ["/auth/refresh", "/auth/logout", "/api/me", "/dashboard"]) {
      for (const site of ["cross-site", "same-site", "none"])
        expect([path, await statusOf(path, two.url, { "sec-fetch-site": site })]).toEqual([path, 403]);
      expect([path, await statusOf(path, one.url)]).toEqual([path, 403]);
      expect([path, await statusOf(path, one.url, { "next-action": "0".repeat(42) })]).toEqual([path, 403]);
      expect(await statusOf(path, two.url), path).not.toBe(403);
    }
  });

  // With https, the proxy in front sets X-Forwarded-Host itself, so that these name a Host alone.
  const FORGED: readonly [string, OutgoingHttpHeaders][] = [
    ["a Host that is not listed", { host: "evil.example" }],
    ["a Host with another port", { host: "127.0.0.1:1" }],
    ["a Host with a user", { host: "localhost@evil.example" }],
    ["a Host that begins like a listed one", { host: "one.app.localhost.evil.example" }],
    ["an X-Forwarded-Host that is not listed", { "x-forwarded-host": "evil.example" }],
    ["an X-Forwarded-Host with a path", { "x-forwarded-host": "evil.example/@localhost" }],
    ["several of them", { "x-forwarded-host": "evil.example, localhost", "x-forwarded-proto": "ftp" }],
    [
      "Forwarded and the like",
      { forwarded: "host=evil.example", "x-host": "evil.example", "x-original-host": "e.vil" },
    ],
  ];

  test.each(FORGED)("NW-05 CF-03 HD-07 %s leads to a listed address only", async (_what, forged) => {
    const listed = [stage.baseUrl, stage.otherUrl];
    for (const path of ["/auth/login?returnTo=/dashboard", "/auth/login?returnTo=//evil.example"]) {
      const url = new URL((await send(path, { ...DOCUMENT, ...forged })).headers.location ?? "");
      expect(url.origin).toBe(stage.cognito.domain);
      expect(listed.map((it) => `${it}/auth/callback`)).toContain(url.searchParams.get("redirect_uri"));
    }
    const answers = [
      await send("/dashboard", { ...DOCUMENT, ...forged }),
      await send("/auth/callback?code=made-up&state=made-up", { ...DOCUMENT, ...forged }),
      await send("/auth/logout", { ...CLICKED_FORM, ...forged }, "POST"),
      await send("/auth/refresh", { ...CLICKED_FORM, ...forged }, "POST"),
      await send("/dashboard", { ...FETCH, ...forged }),
      await send("/auth/error?code=transaction_missing", { ...DOCUMENT, ...forged }),
    ];
    for (const answer of answers.slice(0, 4)) {
      const { origin } = new URL(locationOf(answer, stage.baseUrl));
      expect([...listed, stage.cognito.domain]).toContain(origin);
    }
    for (const { headers, body } of answers) expect(JSON.stringify(headers) + body).not.toMatch(/evil|e\.vil/);
  });

  test("NW-05 a callback that a forged Host moves to the other address signs nobody in", async () => {
    const [one, two] = both();
    const login = await send("/auth/login", { ...DOCUMENT, host: host(one.url) });
    const callback = new URL(await stage.cognito.authorize(login.headers.location ?? "", "ada"));
    const cookie = login.setCookie.map((line) => line.split(";", 1)[0]).join("; ");
    const answer = await send(callback.pathname + callback.search, { ...DOCUMENT, host: host(two.url), cookie });
    expect(locationOf(answer, two.url)).toContain(`${two.url}/auth/error?code=client_rejected`);
    expect(answer.setCookie.filter((line) => /auth\.(access|id|refresh)[^;]*=[^;]/.test(line))).toEqual([]);
  });
});
