import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Cognito, startCognito } from "../cognito/index";
import { type AppServer, startAppServer } from "./support/app-server";
import { launchBrowser } from "./support/chromium";
import { expireAccessToken, signIn, signOut, submitLogin } from "./support/flows";
import { type Front, startFront } from "./support/front";
import { findFreePort } from "./support/ports";
import { DOCUMENT, raw } from "./support/raw";
import { CLIENT_ID, openStage, type Stage } from "./support/stage";

/** Counts the documents that a tab loads from now on. */
function countLoads(tab: Page): () => number {
  let loads = 0;
  tab.on("domcontentloaded", () => {
    loads += 1;
  });
  return () => loads;
}

/** Until no tab loads anything: a reload in one of them may cause one in another. */
async function settle(...tabs: readonly Page[]): Promise<void> {
  for (const tab of [...tabs, ...tabs]) await tab.waitForLoadState("networkidle");
}

/** Opens a path as a user does, and waits for whatever that causes in the other tabs. */
async function open(path: string, tab: Page, ...others: readonly Page[]): Promise<void> {
  await tab.goto(path, { waitUntil: "networkidle" });
  await settle(...others, tab);
}

describe("tabs of one app", () => {
  let stage: Stage;
  let context: BrowserContext;
  let [tab, other]: Page[] = [];
  beforeAll(async () => {
    stage = await openStage({ variant: "middleware", https: false });
  });
  beforeEach(async () => {
    await stage.reset();
    const page = await stage.newPage();
    context = page.context();
    [tab, other] = [page, await context.newPage()];
    await signIn(stage, page);
  });
  afterAll(() => stage?.close());

  const tabs = (): [Page, Page] => {
    if (!tab || !other) throw new Error("No tabs");
    return [tab, other];
  };

  test("AT-04 that never agree reload at most once for a page that the user loads", async () => {
    const [member, visitor] = tabs();
    // A tab whose requests have no cookie stands for a page that never sees the session.
    await visitor.route(`${stage.baseUrl}/`, async (route) => {
      const { body } = await raw(`${stage.baseUrl}/`, { headers: DOCUMENT });
      await route.fulfill({ contentType: "text/html", body });
    });
    await open("/", visitor, member);
    await visitor.getByRole("main").getByRole("link", { name: "Sign in" }).waitFor();
    const [memberLoads, visitorLoads] = [countLoads(member), countLoads(visitor)];
    await open("/", member, visitor);
    await member.getByRole("heading", { name: "Hello" }).waitFor();
    expect({ member: memberLoads(), visitor: visitorLoads() }).toEqual({ member: 2, visitor: 1 });
    await open("/", visitor, member);
    expect({ member: memberLoads(), visitor: visitorLoads() }).toEqual({ member: 3, visitor: 3 });
  });

  test("AT-04 that agree are never reloaded", async () => {
    const [first, second] = tabs();
    await open("/dashboard", second, first);
    const loads = countLoads(first);
    for (const path of ["/", "/admin", "/dashboard", "/auth/error?code=forbidden"]) await open(path, second, first);
    expect(loads()).toBe(0);
  });

  test("AT-04 keep what was typed while Cognito is down and another tab cannot tell who is signed in", async () => {
    const [working, late] = tabs();
    await settle(working);
    await working.evaluate(() => document.querySelector("main")?.append(document.createElement("textarea")));
    const field = working.locator("textarea");
    await field.fill("typed before the outage");
    const loads = countLoads(working);
    await expireAccessToken(context);
    stage.cognito.fault("token", { status: 500 });
    await open("/", late, working);
    await late.getByText("Cognito does not answer").waitFor();
    expect([loads(), await field.inputValue()]).toEqual([0, "typed before the outage"]);
  });

  test("LO-13 leave their private page at every sign-out, however often the user signs in again", async () => {
    const [first, second] = tabs();
    for (const _ of [1, 2, 3]) {
      await open("/dashboard", second, first);
      await signOut(stage, first);
      await second.getByLabel("Password").waitFor();
      await submitLogin(second, "ada");
      await second.waitForURL(`${stage.baseUrl}/dashboard`);
      await first.getByRole("button", { name: "Sign out" }).waitFor(); // It hears of the sign-in as well.
    }
  });

  test("LO-13 leave a page that another user's sign-in makes wrong", async () => {
    const [first, second] = tabs();
    await open("/dashboard", second, first);
    await first.goto("/auth/login?prompt=login&returnTo=/dashboard");
    await submitLogin(first, "grace");
    await first.waitForURL(`${stage.baseUrl}/dashboard`);
    await second.getByText("grace@example.com").first().waitFor();
  });

  test("LO-07 show nothing private from the browser's memory after a sign-out in another tab", async () => {
    const [first, second] = tabs();
    await open("/dashboard", second, first);
    await second.goto(stage.cognito.issuer); // Another site; the dashboard waits in the browser's memory.
    await signOut(stage, first);
    await second.goBack({ waitUntil: "commit" });
    await second.getByLabel("Password").waitFor();
    expect(await second.content()).not.toContain('data-canary="dashboard"');
  });
});

describe("tabs of two apps under one address, with cookie prefixes of their own", () => {
  let cognito: Cognito;
  let browser: Browser;
  let front: Front;
  let servers: readonly AppServer[] = [];
  beforeAll(async () => {
    const [shop, blog] = [await findFreePort(), await findFreePort()];
    front = await startFront((path) => (path.startsWith("/app/") || path === "/app" ? blog : shop));
    const urls = [front.origin, `${front.origin}/app`];
    cognito = await startCognito({
      clients: [
        { clientId: CLIENT_ID, callbackUrls: urls.map((url) => `${url}/auth/callback`), logoutUrls: urls },
        { clientId: "blog", callbackUrls: urls.map((url) => `${url}/auth/callback/`), logoutUrls: urls },
      ],
      settings: { ssoSeconds: 0 },
    });
    const env = { COGNITO_ISSUER: cognito.issuer, COGNITO_DOMAIN: cognito.domain, COGNITO_CLIENT_ID: CLIENT_ID };
    servers = await Promise.all([
      startAppServer("middleware", shop, { ...env, APP_BASE_URL: front.origin }),
      startAppServer("base-path", blog, { ...env, APP_BASE_URL: `${front.origin}/app`, AUTH_COOKIE_PREFIX: "blog" }),
    ]);
    browser = await launchBrowser();
  });
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
  afterAll(async () => {
    await Promise.all([browser?.close(), ...servers.map((server) => server.stop()), front?.close()]);
    await cognito?.close();
  });

  /** Two tabs of one browser, each signed in to its own app as another user. */
  async function openBoth(): Promise<readonly [shop: Page, blog: Page]> {
    const context = await browser.newContext({ baseURL: front.origin });
    context.setDefaultTimeout(15_000);
    const [shop, blog] = [await context.newPage(), await context.newPage()];
    await shop.goto("/dashboard");
    await submitLogin(shop, "ada");
    await shop.waitForURL(`${front.origin}/dashboard`);
    await blog.goto("/app/dashboard/");
    await submitLogin(blog, "grace");
    await blog.waitForURL(`${front.origin}/app/dashboard/`);
    return [shop, blog];
  }

  test("AT-04 never reload each other, although other users are signed in", async () => {
    const [shop, blog] = await openBoth();
    await settle(shop, blog);
    const [shopLoads, blogLoads] = [countLoads(shop), countLoads(blog)];
    await open("/dashboard", shop, blog);
    await open("/app/dashboard/", blog, shop);
    expect({ shop: shopLoads(), blog: blogLoads() }).toEqual({ shop: 1, blog: 1 });
  });

  test("AT-04 LO-13 hear of a sign-out in their own app only", async () => {
    const [shop, blog] = await openBoth();
    const second = await shop.context().newPage();
    await open("/dashboard", second, shop, blog);
    const blogLoads = countLoads(blog);
    await shop.getByRole("button", { name: "Sign out" }).click();
    await second.getByLabel("Password").waitFor();
    await settle(shop, second, blog);
    expect(blogLoads()).toBe(0);
    expect((await blog.reload())?.status()).toBe(200);
    expect(blog.url()).toBe(`${front.origin}/app/dashboard/`);
  });
});
