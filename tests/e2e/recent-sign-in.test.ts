import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { signIn, submitLogin } from "./support/flows";
import { openStage, type Stage } from "./support/stage";

const EIGHT_MINUTES = 480_000; // The app rejects new tokens that are older than ten.

describe("the settings page, which asks for a sign-in of the last five minutes", () => {
  let stage: Stage;
  let page: Page;
  beforeAll(async () => {
    stage = await openStage({ variant: "middleware", https: false });
  });
  beforeEach(async () => {
    await stage.reset();
    page = await stage.newPage();
    await signInEightMinutesAgo();
  });
  afterAll(() => stage?.close());

  /** The stand-in's clock is that of this process, and the app has one of its own. */
  async function signInEightMinutesAgo(): Promise<void> {
    vi.setSystemTime(Date.now() - EIGHT_MINUTES);
    try {
      await signIn(stage, page);
    } finally {
      vi.useRealTimers();
    }
    stage.cognito.clearRequests();
  }

  const heading = () => page.getByRole("heading", { level: 1 }).textContent();

  test.each([
    ["honors prompt and max_age", {}],
    ["ignores max_age", { maxAge: "ignored" }],
    ["ignores prompt", { prompt: "ignored" }],
    ["says that a silent sign-in is one of now", { ssoAuthTime: "now" }],
  ] as const)("NW-03 asks again at a pool that %s, and opens", async (_what, settings) => {
    Object.assign(stage.cognito.settings, settings);
    await page.goto("/settings");
    await submitLogin(page, "ada");
    await page.waitForURL(`${stage.baseUrl}/settings`);
    expect(await heading()).toBe("Settings");
    expect(stage.cognito.count("authorize")).toBe(1);
    await page.goto("/settings");
    expect([await heading(), stage.cognito.count("authorize")]).toEqual(["Settings", 1]);
  });

  test("NW-03 ends on the error page at a pool that ignores both, without a loop, and a sign-out helps", async () => {
    Object.assign(stage.cognito.settings, { prompt: "ignored", maxAge: "ignored" });
    await page.goto("/settings");
    expect(page.url()).toBe(`${stage.baseUrl}/auth/error?code=reauthentication_required&returnTo=%2Fsettings`);
    expect(await heading()).toBe("Please sign out first");
    expect(stage.cognito.count("authorize")).toBe(1);
    await page.goto("/dashboard"); // The old session is kept.
    expect(await heading()).toBe("Dashboard");

    await page.goBack();
    await page.getByRole("link", { name: "Sign out" }).click();
    await page.waitForURL(`${stage.baseUrl}/`);
    await signIn(stage, page, { path: "/settings" });
    expect(await heading()).toBe("Settings");
  });

  test("NW-03 opens at a pool that asks nothing and says that the sign-in is of now: the kit cannot know", async () => {
    Object.assign(stage.cognito.settings, { prompt: "ignored", maxAge: "ignored", ssoAuthTime: "now" });
    await page.goto("/settings");
    expect([page.url(), await heading()]).toEqual([`${stage.baseUrl}/settings`, "Settings"]);
  });
});
