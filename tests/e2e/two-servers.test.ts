import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Cognito, startCognito } from "../cognito/index";
import { type AppServer, startAppServer } from "./support/app-server";
import { launchBrowser } from "./support/chromium";
import { expireAccessToken, sessionCookies, submitLogin } from "./support/flows";
import { type Front, startFront } from "./support/front";
import { findFreePort } from "./support/ports";
import { CLIENT_ID } from "./support/stage";

type Name = "A" | "B";

/** A request whose answer the browser gets when the test says so. */
class Held {
  release: () => void = () => {};
  /** Resolves when the server has answered. */
  readonly answered: Promise<void>;
  readonly #released: Promise<void>;
  #arrive: () => void = () => {};

  constructor() {
    this.answered = new Promise((resolve) => {
      this.#arrive = resolve;
    });
    this.#released = new Promise((resolve) => {
      this.release = resolve;
    });
  }

  async wait(): Promise<void> {
    this.#arrive();
    await this.#released;
  }
}

const SECRET = "a-client-secret-of-some-length-0123456789";

let cognito: Cognito;
let browser: Browser;
let front: Front;
let servers: readonly AppServer[] = [];
/** Where requests go that name no server. */
let usual: Name;
const held = new Map<string, Held>();

beforeAll(async () => {
  const ports = { A: await findFreePort(), B: await findFreePort() };
  const choose = (path: string) => ports[/[?&]server=A/.test(path) ? "A" : /[?&]server=B/.test(path) ? "B" : usual];
  front = await startFront(choose, async (path) => held.get(path)?.wait());
  cognito = await startCognito({
    clients: [
      {
        clientId: CLIENT_ID,
        clientSecret: SECRET,
        callbackUrls: [`${front.origin}/auth/callback`],
        logoutUrls: [front.origin],
      },
    ],
    // The second server's refresh is refused, and a revoked token takes no other with it.
    settings: { ssoSeconds: 0, rotation: true, graceSeconds: 0, revokeFamily: false },
  });
  const env = {
    APP_BASE_URL: front.origin,
    COGNITO_ISSUER: cognito.issuer,
    COGNITO_DOMAIN: cognito.domain,
    COGNITO_CLIENT_ID: CLIENT_ID,
    COGNITO_CLIENT_SECRET: SECRET,
  };
  servers = await Promise.all([ports.A, ports.B].map((port) => startAppServer("middleware", port, env)));
  browser = await launchBrowser();
});

let context: BrowserContext;
let page: Page;
beforeEach(async () => {
  usual = "A";
  context = await browser.newContext({ baseURL: front.origin });
  context.setDefaultTimeout(15_000);
  page = await context.newPage();
});
afterEach(async () => {
  for (const answer of held.values()) answer.release();
  held.clear();
  await context.close();
});
afterAll(async () => {
  await Promise.all([browser?.close(), ...servers.map((server) => server.stop()), front?.close()]);
  await cognito?.close();
});

async function signIn(path: string, username = "ada"): Promise<void> {
  await page.goto(path);
  await submitLogin(page, username);
  await page.waitForURL(`${front.origin}/dashboard`);
}

/** Holds the answer to this path back. */
function hold(path: string): Held {
  const answer = new Held();
  held.set(path, answer);
  return answer;
}

/** The states at Cognito of every refresh token of the last sign-ins. */
const statesOf = (count: number) =>
  cognito.signIns
    .slice(-count)
    .map(({ refreshTokens }) => refreshTokens.map(({ token }) => cognito.refreshTokenState(token)));

const ORDERS = [
  ["success", "refusal", "sign-out"],
  ["success", "sign-out", "refusal"],
  ["refusal", "success", "sign-out"],
  ["refusal", "sign-out", "success"],
  ["sign-out", "success", "refusal"],
  ["sign-out", "refusal", "success"],
] as const;

describe.each(["A", "B"] as const)("a sign-out at server %s while two servers refresh the session", (name) => {
  /** A page without SessionWatch: a reload would cancel its requests. */
  async function openTab(): Promise<Page> {
    const tab = await context.newPage();
    await tab.goto("/pub");
    return tab;
  }

  /** Makes a server refresh the session, and resolves when its answer is on the way. */
  async function refreshAt(server: Name, tab: Page): Promise<{ finish: () => Promise<void> }> {
    const path = `/api/me?server=${server}`;
    const answer = hold(path);
    const done = tab.evaluate((url) => fetch(url, { method: "POST" }).then(({ status }) => status), path);
    await answer.answered;
    const finish = async () => {
      answer.release();
      await done;
    };
    return { finish };
  }

  async function signOutHeld(): Promise<{ finish: () => Promise<void> }> {
    usual = name;
    const answer = hold("/auth/logout");
    await page.getByRole("button", { name: "Sign out" }).click({ noWaitAfter: true });
    await answer.answered;
    const finish = async () => {
      answer.release();
      await page.waitForURL(`${front.origin}/`);
    };
    return { finish };
  }

  test.each(ORDERS)("AT-02 AT-07 ends signed out when the answers come as %s, %s, %s", async (...order) => {
    await signIn("/dashboard");
    const [first, second] = [await openTab(), await openTab()];
    await expireAccessToken(context);
    const answers = {
      success: await refreshAt("A", first),
      refusal: await refreshAt("B", second),
      "sign-out": await signOutHeld(),
    };
    expect(statesOf(1)).toEqual([[expect.any(String), expect.any(String)]]); // The late success has a token of its own.
    for (const step of order) await answers[step].finish();

    for (const server of ["A", "B"]) {
      const statuses = await first.evaluate(
        (query) =>
          Promise.all(["GET", "POST"].map(async (method) => (await fetch(`/api/me${query}`, { method })).status)),
        `?server=${server}&again`,
      );
      expect(statuses).toEqual([401, 401]);
      await page.goto(`/dashboard?server=${server}`);
      await page.getByLabel("Password").waitFor();
    }
    const isStored = order.indexOf("success") > order.indexOf("sign-out");
    if (isStored) await expect.poll(() => statesOf(1)).toEqual([["revoked", "revoked"]]);
    else expect((await sessionCookies(context)).filter(({ name }) => name.includes(".refresh"))).toEqual([]);
  });
});

describe("a sign-in that replaces another", () => {
  test.each(["ada", "grace"])("AT-03 is the only one that can be refreshed: %s", async (username) => {
    await signIn("/dashboard");
    usual = "B";
    await signIn("/auth/login?prompt=login&returnTo=/dashboard", username);
    await expect.poll(() => statesOf(2)).toEqual([["revoked"], ["valid"]]);

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(`${front.origin}/`);
    expect(await sessionCookies(context)).toEqual([]);
    await expect.poll(() => statesOf(2)).toEqual([["revoked"], ["revoked"]]);
  });

  test("AT-03 goes on although Cognito cannot revoke the first", async () => {
    await signIn("/dashboard");
    cognito.fault("revoke", { status: 500 });
    await signIn("/auth/login?prompt=login&returnTo=/dashboard", "grace");
    cognito.clearFaults();
    await page.getByText("grace@example.com").first().waitFor();
  });
});
