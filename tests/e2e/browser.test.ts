import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cookieHeader, kitCookies, signIn, signOut } from "./support/flows";
import { openStage, type Stage } from "./support/stage";

let stage: Stage;
let page: Page;
let console_: string[];
beforeAll(async () => {
  stage = await openStage({ variant: "middleware", https: false });
});
beforeEach(async () => {
  await stage.reset();
  page = await stage.newPage();
  console_ = [];
  page.on("console", (message) => message.type() === "error" && console_.push(message.text()));
  page.on("pageerror", (error) => console_.push(`uncaught: ${error.message}`));
});
afterAll(() => stage?.close());

/** The session is over: its cookies are gone. Cognito still knows who it is, unless `everywhere`. */
const endSession = (context: BrowserContext, everywhere = false) =>
  context.clearCookies(everywhere ? {} : { name: /^auth\./ });
const transactions = async () => (await kitCookies(page.context())).filter(({ name }) => name.includes(".txn."));

describe("a link, when the session has ended", () => {
  test("NX-07 leads the whole page to sign-in and back to where the link points, and nothing breaks on the way", async () => {
    await signIn(stage, page, { path: "/dashboard" });
    await page.getByRole("link", { name: "nextjs-cognito-auth" }).click();
    await page.waitForURL(`${stage.baseUrl}/`);
    await endSession(page.context());
    await page.getByRole("navigation").getByRole("link", { name: "Dashboard" }).click();
    await page.waitForURL(`${stage.baseUrl}/dashboard`);
    await page.getByRole("heading", { name: "Dashboard", level: 1 }).waitFor();
    expect(page.url()).toBe(`${stage.baseUrl}/dashboard`);
    expect(console_.filter((text) => !/status of 401/.test(text))).toEqual([]); // The browser's own notice.
    expect(stage.cognito.count("authorize")).toBe(2);
  });

  test("AR-17 RF-11 that is only looked at starts no sign-in and sets no cookie", async () => {
    await page.goto("/");
    await page.getByRole("link", { name: "Dashboard" }).first().hover();
    await page.getByRole("link", { name: "Sign in" }).first().hover();
    await page.waitForLoadState("networkidle");
    expect(await kitCookies(page.context())).toEqual([]);
    await signIn(stage, page);
    const before = await cookieHeader(page.context());
    await page.goto("/");
    for (const name of ["Dashboard", "Admin"]) await page.getByRole("link", { name }).first().hover();
    await page.waitForLoadState("networkidle");
    expect(await cookieHeader(page.context())).toBe(before);
    expect(await transactions()).toEqual([]);
  });
});

describe("sign-out", () => {
  test("LO-02 no image, frame, prefetch or foreign form on a page signs anybody out", async () => {
    await signIn(stage, page);
    await page.goto("/pub");
    await page.evaluate(async () => {
      const image = new Image();
      image.src = "/auth/logout";
      const frame = document.createElement("iframe");
      frame.src = "/auth/logout";
      const link = Object.assign(document.createElement("link"), { rel: "prefetch", href: "/auth/logout" });
      document.body.append(image, frame, link);
      await fetch("/auth/logout").catch(() => null);
      await new Promise((resolve) => setTimeout(resolve, 500));
    });
    const foreign = `<form method="post" action="${stage.baseUrl}/auth/logout"></form><script>document.forms[0].submit()</script>`;
    await page.route("http://127.0.0.1:9/", (route) => route.fulfill({ contentType: "text/html", body: foreign }));
    await page.goto("http://127.0.0.1:9/").catch(() => null);
    await page.waitForURL(`${stage.baseUrl}/auth/logout`);
    expect((await page.goto("/dashboard"))?.status()).toBe(200);
    expect(stage.cognito.count("revoke")).toBe(0);
  });

  test("LO-13 in one tab takes the others off their private page", async () => {
    await signIn(stage, page);
    const other = await page.context().newPage();
    await other.goto("/dashboard");
    await other.getByRole("heading", { name: "Dashboard" }).waitFor();
    await signOut(stage, page);
    await other.waitForURL((url) => url.pathname !== "/dashboard");
    expect(await other.content()).not.toContain('data-canary="dashboard"');
  });

  test("LO-07 leaves nothing for the Back button, from the browser's memory either", async () => {
    await signIn(stage, page);
    await signOut(stage, page);
    await page.goBack().catch(() => null);
    // While the page still changes there is no content to look at.
    await expect
      .poll(() => page.content().catch(() => 'data-canary="dashboard"'))
      .not.toContain('data-canary="dashboard"');
  });

  test.each([
    ["lists Cognito", true],
    ["does not", false],
  ])("HD-08 under a CSP whose form-action %s: the form works, or else the link does", async (_title, isListed) => {
    await signIn(stage, page);
    const policy = `form-action 'self'${isListed ? ` ${stage.cognito.domain}` : ""}`;
    const body = `<form method="post" action="/auth/logout"><button>Out by form</button></form><a href="/auth/logout">Out by link</a>`;
    const headers = { "content-security-policy": policy };
    await page.route("**/csp", (route) => route.fulfill({ contentType: "text/html", body, headers }));
    await page.goto("/csp");
    await page.getByRole("button", { name: "Out by form" }).click();
    if (!isListed) {
      await expect.poll(() => console_.join()).toContain("form-action");
      await page.goto("/csp");
      await page.getByRole("link", { name: "Out by link" }).click();
    }
    await page.waitForURL(`${stage.baseUrl}/`);
    expect((await kitCookies(page.context())).map(({ name }) => name)).toEqual([
      expect.stringMatching(/^auth\.ended\./),
    ]);
  });
});
