import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { expectLanding, kitCookies, signIn, submitLogin } from "./support/flows";
import { MODES, openStage, type Stage } from "./support/stage";

describe.each(MODES)("a user whom an administrator signed out of all devices, $name", (mode) => {
  let stage: Stage;
  let page: Page;
  beforeAll(async () => {
    stage = await openStage(mode);
  });
  beforeEach(async () => {
    await stage.reset();
    page = await stage.newPage();
    await signIn(stage, page, { path: "/live" });
  });
  afterAll(() => stage?.close());

  const marks = async () => (await kitCookies(page.context())).filter(({ name }) => name.includes(".ended."));
  const fetchApi = () => page.evaluate(async () => (await fetch("/api/live")).status);
  const button = (name: string) => page.getByRole("button", { name });
  const isAtCognito = () => page.waitForURL((url) => url.href.startsWith(`${stage.cognito.domain}/login`));

  test.each([
    ["address", () => page.goto("/settings")],
    ["link", () => page.getByRole("link", { name: "Settings" }).click()],
  ])("NW-07 still sees an ordinary page, and signs in once for a live page, by its %s", async (_how, open) => {
    await page.goto("/settings");
    expect(await page.locator("h1").textContent()).toBe("Settings");
    stage.cognito.globalSignOut("ada");
    await page.goto("/dashboard");
    expect(await page.locator("h1").textContent()).toBe("Dashboard");
    await open();
    await isAtCognito();
    await submitLogin(page, "ada");
    await expectLanding(stage, page, "/settings");
    expect(await page.locator("h1").textContent()).toBe("Settings");
    await page.reload();
    expect([await page.locator("h1").textContent(), await fetchApi()]).toEqual(["Settings", 200]);
  });

  test.each([["By form"], ["By script"]])("NW-07 signs in again after an action, %s", async (name) => {
    await Promise.all([page.waitForResponse((answer) => answer.request().method() === "POST"), button(name).click()]);
    await page.waitForLoadState("networkidle"); // Before its scripts run, the page sends the form as a navigation.
    expect(await marks()).toEqual([]);
    stage.cognito.globalSignOut("ada");
    await button(name).click();
    await isAtCognito();
    expect(await marks()).toHaveLength(1);
    await submitLogin(page, "ada");
    await expectLanding(stage, page, "/live");
    await button("By script").click();
    await page.waitForFunction(() => document.querySelector("#receipt")?.textContent === "ada paid");
  });

  test("NW-07 is signed out after an API has rejected the session, and an outage signs nobody out", async () => {
    stage.cognito.fault("userInfo", { status: 500 });
    expect([await fetchApi(), await marks()]).toEqual([503, []]);
    await page.goto("/settings");
    expect(page.url()).toContain("/auth/error?code=token_endpoint_unavailable");
    stage.cognito.clearFaults();
    expect(await fetchApi()).toBe(200);
    stage.cognito.globalSignOut("ada");
    expect([await fetchApi(), await fetchApi()]).toEqual([401, 401]);
    expect(stage.cognito.count("userInfo", ({ status }) => status === 401)).toBe(1);
    await page.context().clearCookies({ domain: "127.0.0.1" });
    await page.goto("/dashboard");
    await isAtCognito();
    await submitLogin(page, "ada");
    await expectLanding(stage, page, "/dashboard");
    expect(await fetchApi()).toBe(200);
  });
});
