import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Database, startDatabase } from "./support/dynamodb";
import { cookieHeader, kitCookies, sessionCookies, signIn, submitLogin } from "./support/flows";
import { DOCUMENT, FETCH, raw } from "./support/raw";
import { CLIENT_ID, openStage, type Stage } from "./support/stage";

const AUTH_SECRET = "a-secret-of-more-than-thirty-two-bytes";
const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0";
const EIGHT_MINUTES = 480_000;
/** Each process remembers a session for 5 s, and middleware and routes are like two processes. */
const SOON = { timeout: 20_000, interval: 250 };

const MODES = [
  { name: "in memory, under proxy.ts", variant: "proxy", https: false, slash: "" },
  { name: "in DynamoDB, under middleware.ts at the edge", variant: "base-path", https: true, slash: "/" },
] as const;

describe.each(MODES)("sessions $name", ({ name: _name, slash, ...mode }) => {
  let stage: Stage;
  let database: Database | null = null;
  let folder = "";
  let page: Page;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "members-"));
    database = mode.variant === "base-path" ? await startDatabase() : null;
    const DEMO_DATABASE_URL = `file:${join(folder, "members.db")}`;
    const env = {
      AUTH_SECRET,
      DEMO_DATABASE_URL,
      ...(database ? { E2E_DYNAMODB: database.url } : { E2E_MEMORY: "1" }),
    };
    stage = await openStage({ ...mode, env });
  });
  beforeEach(async () => {
    database?.heal();
    await stage.reset();
    page = await stage.newPage();
  });
  afterAll(async () => {
    await stage?.close();
    await database?.close();
    await rm(folder, { recursive: true });
  });

  const enter = (on = page, username = "ada") => signIn(stage, on, { username, path: `/dashboard${slash}` });
  const open = (path: string) => page.goto(`${stage.baseUrl}${path}${slash}`);
  const heading = () => page.getByRole("heading", { level: 1 }).textContent();
  const refreshes = () => stage.cognito.count("token", ({ params }) => params.grant_type === "refresh_token");
  const addToGroup = (group: string) =>
    void Object.assign(stage.cognito.settings, { accessClaims: { "cognito:groups": [group] } });
  const setTokenLife = (seconds: number) =>
    void Object.assign(stage.cognito.settings, { accessTokenSeconds: seconds, idTokenSeconds: seconds });
  const sessionCookie = async (context: BrowserContext) =>
    (await kitCookies(context)).filter(({ name }) => !name.endsWith(".rounds"));
  const idOf = async (context: BrowserContext) => (await sessionCookie(context))[0]?.value;
  const ask = (path: string, headers: object) => raw(`${stage.baseUrl}${path}${slash}`, { headers: { ...headers } });
  const statusOf = async (headers: object) => (await ask("/api/me", { ...FETCH, ...headers })).status;
  const expectDead = (headers: object) => vi.waitFor(async () => expect(await statusOf(headers)).toBe(401), SOON);

  /** Another browser of the user, on another machine. */
  async function enterElsewhere(): Promise<Page> {
    const context = await stage.browser.newContext({ ignoreHTTPSErrors: true, userAgent: FIREFOX });
    const other = await context.newPage();
    await enter(other);
    return other;
  }

  test("a user signs in and has one small cookie; a refresh asks Cognito once and sets no cookie", async () => {
    stage.cognito.settings.rotation = true; // Otherwise the answer of the first refresh serves for a minute.
    setTokenLife(30);
    await enter();
    const before = await sessionCookie(page.context());
    expect(before.map(({ name, value }) => [name.replace("__Host-", ""), value.length])).toEqual([
      ["auth.session", 43],
    ]);
    setTokenLife(3_600);
    stage.cognito.clearRequests();
    const headers = { ...DOCUMENT, cookie: await cookieHeader(page.context()) };
    const answers = [await ask("/dashboard", headers), await ask("/dashboard", headers)];
    for (const { status, setCookie, body } of answers) {
      expect([status, setCookie, body.includes("data-canary")]).toEqual([200, [], true]);
    }
    expect(refreshes()).toBe(1);
    expect(await sessionCookie(page.context())).toEqual(before);
  });

  test.each([["By form"], ["By script"], ["fetch"]])(
    "NW-01 a user who was just added to a group sees it after a renewal, %s, with the same cookie",
    async (how) => {
      await enter();
      const id = await idOf(page.context());
      await open("/renew");
      addToGroup("writers");
      stage.cognito.clearRequests();
      if (how === "fetch") {
        const url = `${stage.baseUrl}/auth/refresh${slash}`;
        expect(await page.evaluate(async (it) => (await fetch(it, { method: "POST" })).status, url)).toBe(204);
      } else await page.getByRole("button", { name: how }).click();
      // The route has a memory of its own: a page of the next 5 s may have the groups of before.
      await vi.waitFor(async () => {
        if (how === "fetch") await page.reload();
        expect(await page.locator("#groups").textContent()).toBe("writers");
      }, SOON);
      expect([refreshes(), await idOf(page.context())]).toEqual([1, id]);
    },
  );

  test("a copy of the cookie is dead after sign-out, and Cognito has revoked the refresh token", async () => {
    await enter();
    const cookie = await cookieHeader(page.context());
    expect(await statusOf({ cookie })).toBe(200);
    await open("/auth/logout"); // Typed: it asks first.
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(`${stage.baseUrl}/`);
    expect([await idOf(page.context()), stage.cognito.count("revoke")]).toEqual([undefined, 1]);
    await expectDead({ cookie });
    await open("/dashboard");
    expect(page.url()).toContain(stage.cognito.domain);
  });

  test("a user sees where they are signed in, and ends one of their sessions", async () => {
    const other = await enterElsewhere();
    await enter();
    const cookie = await cookieHeader(other.context());
    await open("/sessions");
    const items = page.locator(".sessions li");
    const before = await items.count();
    expect(await items.filter({ has: page.locator(".badge") }).allTextContents()).toEqual([
      expect.stringMatching(/^Chrome on Linux this one/),
    ]);
    await page.getByRole("button", { name: "End this one: Firefox on Windows" }).first().click(); // The newest.
    await vi.waitFor(async () => expect(await items.count()).toBe(before - 1), SOON);
    await expectDead({ cookie });
    expect((await open("/dashboard"))?.status()).toBe(200);
  });

  test("a user cannot end another user's session", async () => {
    const victim = await enterElsewhere();
    await enterElsewhere();
    await victim.goto(`${stage.baseUrl}/sessions${slash}`);
    const before = await victim.locator(".sessions li").count();
    const key = await victim.locator("input[name=key]").first().getAttribute("value");
    await enter(await stage.newPage(), "grace");
    await enter(page, "grace");
    await open("/sessions");
    const button = page.getByRole("button", { name: /^End this one/ }).first();
    await page
      .locator("input[name=key]")
      .first()
      .evaluate((input, it) => input.setAttribute("value", `${it}`), key);
    await Promise.all([page.waitForResponse((it) => it.request().method() === "POST"), button.click()]);
    await victim.reload();
    expect(await victim.locator(".sessions li").count()).toBe(before);
  });

  test("NW-09 a user signs out everywhere: each cookie and each Bearer token ends within seconds", async () => {
    const bearer = await stage.cognito.accessTokenFor("ada", { clientId: CLIENT_ID });
    const other = await enterElsewhere();
    await enter();
    const ended = [{ cookie: await cookieHeader(other.context()) }, { cookie: await cookieHeader(page.context()) }];
    expect(await statusOf({ authorization: `Bearer ${bearer}` })).toBe(200);
    await open("/sessions");
    await page.getByRole("button", { name: "Sign out everywhere" }).click();
    await page.waitForURL(`${stage.baseUrl}/`);
    expect(await idOf(page.context())).toBeUndefined();
    for (const headers of [...ended, { authorization: `Bearer ${bearer}` }]) await expectDead(headers);
    await enter(); // A new sign-in works at once.
    await open("/sessions");
    expect(await page.locator(".sessions li").count()).toBe(1);
  });

  test("NW-07 the live check ends the stored session, and the next sign-in gets a new id", async () => {
    await enter();
    const [id, cookie] = [await idOf(page.context()), await cookieHeader(page.context())];
    await open("/settings");
    expect(await heading()).toBe("Settings");
    stage.cognito.globalSignOut("ada");
    await open("/settings");
    await submitLogin(page, "ada");
    await page.waitForURL((url) => url.href.startsWith(stage.baseUrl)); // The demo writes no basePath out.
    await open("/settings");
    expect(await heading()).toBe("Settings");
    expect(await idOf(page.context())).not.toBe(id);
    await expectDead({ cookie });
  });

  test("NW-03 NW-08 a page for recent sign-ins asks again, and the session gets a new id", async () => {
    vi.setSystemTime(Date.now() - EIGHT_MINUTES); // The stand-in's clock is that of this process.
    await enter().finally(() => vi.useRealTimers());
    const [id, cookie] = [await idOf(page.context()), await cookieHeader(page.context())];
    await open("/settings");
    await submitLogin(page, "ada");
    await page.waitForURL((url) => url.href.startsWith(stage.baseUrl)); // The demo writes no basePath out.
    await open("/settings");
    expect(await heading()).toBe("Settings");
    expect(await idOf(page.context())).not.toBe(id);
    await expectDead({ cookie });
  });

  test.runIf(mode.variant === "base-path")("NW-08 an invented id costs one read, and no call to Cognito", async () => {
    const cookie = `__Host-auth.session=${"a".repeat(43)}`;
    const before = database?.count("GetItem") ?? 0;
    expect((await ask("/vault", { ...DOCUMENT, cookie })).status).toBe(303);
    expect([(database?.count("GetItem") ?? 0) - before, refreshes()]).toEqual([1, 0]);
  });

  describe.runIf(mode.variant === "base-path")("while the store is down", () => {
    test("RF-07 a known session goes on, the rest is 503 without a change of cookies, and all is well afterwards", async () => {
      setTokenLife(4);
      await enter();
      const cookie = await cookieHeader(page.context());
      const unknown = `__Host-auth.session=${"b".repeat(43)}`;
      database?.fail("cuts connections");
      for (const path of ["/dashboard", "/vault"]) {
        const { status, setCookie, headers } = await ask(path, { ...DOCUMENT, cookie: unknown });
        expect([status, setCookie, headers["retry-after"]]).toEqual([503, [], expect.any(String)]);
      }
      await vi.waitFor(async () => {
        const { status, setCookie } = await ask("/dashboard", { ...DOCUMENT, cookie });
        expect([status, setCookie]).toEqual([503, []]); // The token that the process remembers has expired.
      }, SOON);
      expect(await statusOf({ cookie })).toBe(503);
      await open("/dashboard");
      expect(await heading()).toBe("We cannot check your session");
      const before = await sessionCookie(page.context());
      expect(await sessionCookies(page.context())).toEqual([]);
      database?.heal();
      setTokenLife(3_600);
      await vi.waitFor(async () => expect(await statusOf({ cookie })).toBe(200), SOON);
      await open("/dashboard");
      expect([await heading(), await sessionCookie(page.context())]).toEqual(["Dashboard", before]);
    });

    test("RF-07 sign-out says that it did not work, and works afterwards", async () => {
      await enter();
      await open("/auth/logout");
      database?.fail("answers 500");
      const button = page.getByRole("button", { name: "Sign out" });
      await Promise.all([page.waitForResponse((it) => it.status() === 503), button.click()]);
      expect(await idOf(page.context())).toEqual(expect.any(String));
      database?.heal();
      await open("/auth/logout");
      await button.click();
      await page.waitForURL(`${stage.baseUrl}/`);
      expect(await idOf(page.context())).toBeUndefined();
    });
  });
});

test("without a store the page of sessions says so", async () => {
  const stage = await openStage({ variant: "middleware", https: false });
  const page = await stage.newPage();
  await signIn(stage, page, { path: "/sessions" });
  expect(await page.locator(".notice").textContent()).toMatch(/^This app keeps sessions in cookies/);
  expect(await page.getByRole("button", { name: /everywhere|End/ }).count()).toBe(0);
  await stage.close();
});
