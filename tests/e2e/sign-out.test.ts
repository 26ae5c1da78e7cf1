import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cookieHeader, expectForgotten, kitCookies, sessionCookies, signIn, signOut } from "./support/flows";
import { raw } from "./support/raw";
import { CLIENT_ID, MODES, openStage, type Stage } from "./support/stage";

describe.each(MODES)("signing out $name", (mode) => {
  let stage: Stage;
  let page: Page;
  beforeAll(async () => {
    stage = await openStage(mode);
  });
  beforeEach(async () => {
    await stage.reset();
    page = await stage.newPage();
    await signIn(stage, page);
  });
  afterAll(() => stage?.close());

  const refreshToken = () => stage.cognito.signIns.at(-1)?.refreshTokens.at(-1)?.token ?? "";
  const called = (endpoint: string) => stage.cognito.requests.filter(({ name }) => name === endpoint);

  test("revokes at Cognito, ends the session there, and leaves no session in the browser", async () => {
    await signOut(stage, page);
    expect(called("revoke").map(({ params, status }) => [params.token, status])).toEqual([[refreshToken(), 200]]);
    expect(stage.cognito.refreshTokenState(refreshToken())).toBe("revoked");
    expect(called("logout").map(({ params }) => params)).toEqual([{ client_id: CLIENT_ID, logout_uri: stage.baseUrl }]);
    await expectForgotten(page.context());
    expect((await kitCookies(page.context())).map(({ name }) => name)).toEqual([
      expect.stringMatching(/\.ended\.[\w-]+$/),
    ]);

    await page.goto("/dashboard");
    await page.getByLabel("Password").waitFor(); // Cognito asks again: its own session is gone, too.
  });

  test("leaves nothing private behind the Back button", async () => {
    await page.goto("/");
    await page.goto("/dashboard?second=1");
    await signOut(stage, page);
    const loginPage = page.getByLabel("Password");
    const strangersHome = page.getByRole("main").getByRole("link", { name: "Sign in" });
    for (const instead of [loginPage, strangersHome, loginPage]) {
      await page.goBack({ waitUntil: "commit" });
      await instead.waitFor();
      expect(await page.content()).not.toMatch(/data-canary|ada@example\.com|Ada Lovelace/);
    }
  });

  test("ends the session for every tab", async () => {
    const other = await page.context().newPage();
    await other.goto("/dashboard?other=1");
    await signOut(stage, page);
    await other.getByLabel("Password").waitFor();
  });

  test("goes on although Cognito cannot revoke", async () => {
    stage.cognito.fault("revoke", { status: 500 });
    await signOut(stage, page);
    await expectForgotten(page.context());
  });

  test("cannot be brought back by a copy of the old cookies", async () => {
    const cookie = await cookieHeader(page.context());
    await signOut(stage, page);
    const ended = (await kitCookies(page.context())).find(({ name }) => name.includes(".ended."));
    const replay = `${cookie}; ${ended?.name}=${ended?.value}`;
    const response = await raw(`${stage.baseUrl}/api/me`, { headers: { cookie: replay } });
    expect(response.status).toBe(401);
    expect(called("token").filter(({ params }) => params.grant_type === "refresh_token")).toEqual([]);
  });

  test("at a typed address asks first, with a button", async () => {
    const response = await page.goto("/auth/logout");
    expect(response?.status()).toBe(403);
    expect(await sessionCookies(page.context())).not.toEqual([]);
    await signOut(stage, page);
    await expectForgotten(page.context());
  });

  test("cannot be done by another site", async () => {
    const cookie = await cookieHeader(page.context());
    const headers = {
      cookie,
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    const response = await raw(`${stage.baseUrl}/auth/logout`, { method: "POST", headers });
    expect(response).toMatchObject({ status: 403, setCookie: [] });
    expect(stage.cognito.refreshTokenState(refreshToken())).toBe("valid");
    expect((await page.goto("/dashboard"))?.status()).toBe(200);
  });
});
