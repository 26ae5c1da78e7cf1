import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { claimsOnPage, cookieHeader, expireAccessToken, kitCookies, sessionCookies, signIn } from "./support/flows";
import { DOCUMENT, raw } from "./support/raw";
import { CLIENT_ID, MODES, openStage, type Stage } from "./support/stage";

describe.each(MODES)("a session whose access token has expired, $name", (mode) => {
  let stage: Stage;
  let page: Page;
  beforeAll(async () => {
    stage = await openStage(mode);
  });
  beforeEach(async () => {
    await stage.reset();
    page = await stage.newPage();
  });
  afterAll(() => stage?.close());

  const refreshes = () => stage.cognito.requests.filter(({ params }) => params.grant_type === "refresh_token");
  const newestRefreshToken = () => stage.cognito.signIns.at(-1)?.refreshTokens.at(-1)?.token;

  test("is refreshed while the page renders, and the page already shows the new token", async () => {
    await signIn(stage, page);
    const before = await claimsOnPage(page, "Access token");
    await passTheSecond(Number(before.iat));
    await expireAccessToken(page.context());
    const response = await page.goto("/dashboard?again=1");
    expect(response?.status()).toBe(200);
    expect(response?.request().redirectedFrom()).toBeNull();
    const after = await claimsOnPage(page, "Access token");
    expect(Number(after.iat)).toBeGreaterThan(Number(before.iat));
    expect(Number(after.exp)).toBeGreaterThan(Number(before.exp));
    expect(after.jti).not.toBe(before.jti);
    expect(after.origin_jti).toBe(before.origin_jti);
    expect(refreshes()).toHaveLength(1);

    await page.reload(); // The browser has stored what the page was rendered with.
    expect((await claimsOnPage(page, "Access token")).jti).toBe(after.jti);
    expect(refreshes()).toHaveLength(1);
  });

  test("is refreshed when the browser still sends the expired token", async () => {
    await signIn(stage, page);
    const iat = Math.floor(Date.now() / 1000) - 7_200;
    const expired = await stage.cognito.accessTokenFor("ada", {
      clientId: CLIENT_ID,
      claims: { iat, exp: iat + 3_600 },
    });
    const cookies = await sessionCookies(page.context());
    const access = cookies.filter(({ name }) => name.endsWith(".access"));
    expect(access).toHaveLength(1);
    await page.context().addCookies(access.map((cookie) => ({ ...cookie, value: expired })));
    await page.reload();
    expect(Number((await claimsOnPage(page, "Access token")).iat)).toBeGreaterThan(iat);
    expect(refreshes()).toHaveLength(1);
  });

  test("makes one token call for ten parallel requests", async () => {
    await signIn(stage, page);
    await expireAccessToken(page.context());
    const cookie = await cookieHeader(page.context());
    const open = () => raw(`${stage.baseUrl}/dashboard`, { headers: { ...DOCUMENT, cookie } });
    const pages = await Promise.all(Array.from({ length: 10 }, open));
    for (const { status, body } of pages) {
      expect(status).toBe(200);
      expect(body).toContain("ada@example.com");
    }
    expect(refreshes()).toHaveLength(1);
    const tokens = pages.map(({ body }) => /jti.*?([0-9a-f]{8}-[0-9a-f-]{27})/s.exec(body)?.[1]);
    expect(tokens).toEqual(Array.from({ length: 10 }, () => expect.stringMatching(/^[0-9a-f-]{36}$/)));
    expect(new Set(tokens).size).toBe(1);
  });

  test("makes one token call for ten parallel fetches of the page's own", async () => {
    await signIn(stage, page);
    await expireAccessToken(page.context());
    const statuses = await page.evaluate(() =>
      Promise.all(Array.from({ length: 10 }, async () => (await fetch("/api/me", { method: "POST" })).status)),
    );
    expect(statuses).toEqual(Array.from({ length: 10 }, () => 200));
    expect(refreshes()).toHaveLength(1);
  });

  // Twice, by two parts of the kit that share no memory: middleware on the way to a page, and the sign-in route.
  test.each([{ rotation: true }, { rotation: false }])("lives on and on, rotation $rotation", async ({ rotation }) => {
    Object.assign(stage.cognito.settings, { rotation, graceSeconds: 0 });
    await signIn(stage, page);
    const spent = [];
    for (const path of ["/dashboard?round=1", "/auth/login?returnTo=/dashboard?round=2"]) {
      await page.goto("about:blank"); // No prefetch of the last page may come between.
      await expireAccessToken(page.context());
      spent.push(newestRefreshToken());
      await page.goto(path);
      expect(page.url()).toContain(`${stage.baseUrl}/dashboard?round=`);
      expect(await claimsOnPage(page, "Access token")).toMatchObject({ username: "ada" });
    }
    expect(refreshes().map(({ params }) => params.refresh_token)).toEqual(spent);
    expect(refreshes().map(({ status }) => status)).toEqual([200, 200]);
    expect(new Set(spent).size).toBe(rotation ? 2 : 1);
  });

  test("runs a server action as if nothing had happened", async () => {
    await signIn(stage, page);
    await expireAccessToken(page.context());
    await page.getByRole("button", { name: "Say hello from the server" }).click();
    await page.getByText("Hello Ada Lovelace").waitFor();
    expect(refreshes()).toHaveLength(1);
  });

  test("ends at Cognito's login page when it was ended there", async () => {
    stage.cognito.settings.ssoSeconds = 0;
    await signIn(stage, page);
    stage.cognito.globalSignOut("ada");
    await expireAccessToken(page.context());
    await page.goto("/dashboard");
    await page.getByLabel("Password").waitFor();
    expect(new URL(page.url()).origin).toBe(stage.cognito.domain);
    expect((await kitCookies(page.context())).some(({ name }) => name.endsWith(".spent"))).toBe(true);
  });
});

/** Tokens count in whole seconds: one that is issued after this has a later `iat`. */
async function passTheSecond(second: number): Promise<void> {
  while (Date.now() < (second + 1) * 1000) await new Promise((resolve) => setTimeout(resolve, 20));
}
