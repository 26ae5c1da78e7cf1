import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { expireAccessToken, signIn, submitLogin } from "./support/flows";
import { MODES, openStage, type Stage } from "./support/stage";

describe.each(MODES)("a user who was just added to a group, $name", (mode) => {
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

  const addToGroup = (name: string) =>
    void Object.assign(stage.cognito.settings, { accessClaims: { "cognito:groups": [name] } });
  const refreshes = () => stage.cognito.count("token", ({ params }) => params.grant_type === "refresh_token");

  test("NW-01 sees the group after a click on Renew now, without a new sign-in", async () => {
    await page.goto("/dashboard");
    addToGroup("writers");
    await page.getByRole("button", { name: "Renew now" }).click();
    await page.waitForURL("**/dashboard");
    expect(await page.locator(".groups").first().textContent()).toContain("writers");
    expect(refreshes()).toBe(1);
  });

  test.each([["By form"], ["By script"]])(
    "NW-01 sees the group on the page that renders after an action, %s",
    async (button) => {
      await page.goto("/renew");
      addToGroup("writers");
      await page.getByRole("button", { name: button }).click();
      await page.waitForFunction(() => document.querySelector("#groups")?.textContent === "writers");
      if (button === "By script")
        await page.waitForFunction(() =>
          / \| writers \| writers$/.test(document.querySelector("#seen")?.textContent ?? ""),
        );
      await page.reload(); // The browser has stored the renewed session.
      expect(await page.locator("#groups").textContent()).toBe("writers");
      expect(refreshes()).toBe(1);
    },
  );

  test("NW-01 sees the group after an action, also when middleware refreshed in the same request", async () => {
    await page.goto("/renew");
    await expireAccessToken(page.context());
    addToGroup("writers");
    await page.getByRole("button", { name: "By form" }).click();
    await page.waitForFunction(() => document.querySelector("#groups")?.textContent === "writers");
    await page.reload();
    expect((await page.locator("#groups").textContent()) ?? "").toBe("writers");
  });

  test("a route handler renews the session and sets its cookies", async () => {
    await page.goto("/dashboard");
    addToGroup("writers");
    const answer = await page.evaluate(async () => (await fetch("/api/renew", { method: "POST" })).json());
    expect(answer).toEqual(["writers"]);
    await page.reload();
    expect(await page.locator(".groups").first().textContent()).toContain("writers");
  });

  test("NW-03 opens a page for recent sign-ins, and after an old sign-in is asked to sign in again", async () => {
    await page.goto("/settings");
    expect(await page.locator("h1").textContent()).toBe("Settings");
    const old = { auth_time: Math.floor(Date.now() / 1000) - 600 };
    Object.assign(stage.cognito.settings, { accessClaims: old, idClaims: old });
    await page.context().clearCookies();
    await signIn(stage, page);
    await page.goto("/settings");
    expect(page.url()).toContain(stage.cognito.domain);
    await submitLogin(page, "ada"); // Cognito repeats its old sign-in.
    await page.waitForURL("**/auth/error?code=reauthentication_required**");
    await page.goto("/dashboard"); // The old session is kept.
    expect(await page.locator("h1").textContent()).toBe("Dashboard");
  });
});
