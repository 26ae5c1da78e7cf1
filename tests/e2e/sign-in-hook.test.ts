import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { sessionCookies, signIn, signOut, submitLogin } from "./support/flows";
import { openStage, type Stage } from "./support/stage";

let stage: Stage;
let page: Page;
let folder = "";
let url = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "members-"));
  url = `file:${join(folder, "members.db")}`;
  stage = await openStage({ variant: "middleware", https: false, env: { DEMO_DATABASE_URL: url } });
});
beforeEach(async () => {
  await stage.reset();
  page = await stage.newPage();
});
afterAll(async () => {
  await stage?.close();
  await rm(folder, { recursive: true });
});

const since = () => page.locator("#member-since").textContent();

/** Changes the row of the user who is on the dashboard. */
async function edit(change: string): Promise<void> {
  const subject = (await page.locator("dd code").first().textContent()) ?? "";
  const client = createClient({ url, timeout: 2_000 });
  const { rowsAffected } = await client.execute({
    sql: `update members set ${change} where subject = ?`,
    args: [subject],
  });
  client.close();
  expect(rowsAffected).toBe(1);
}

async function signInAgain(): Promise<void> {
  await page.goto("/auth/login?prompt=login&returnTo=/dashboard");
  await submitLogin(page, "ada");
}

test("a user sees since when they are a member, and a second sign-in keeps it", async () => {
  await signIn(stage, page);
  const now = Date.now() / 1000;
  expect(Math.abs(now - Date.parse(`${await since()}`.replace(" ", "T").replace(" UTC", "Z")) / 1000)).toBeLessThan(
    3_600,
  );
  await edit("since = 1577934245");
  await signOut(stage, page);
  await signIn(stage, page);
  expect(await since()).toBe("2020-01-02 03:04:05 UTC");
});

test("NW-04 a user whom the app turns away sees why, gets no session, and can use another account", async () => {
  await signIn(stage, page, { username: "grace" });
  await edit("closed = 1");
  await signOut(stage, page);
  await page.goto("/dashboard");
  await submitLogin(page, "grace");
  await page.waitForURL("**/auth/error?code=sign_in_refused**");
  expect(await page.locator("h1").textContent()).toBe("You cannot use this app");
  expect(await sessionCookies(page.context())).toEqual([]);
  expect(await page.content()).not.toContain("row is closed");
  await page.getByRole("link", { name: "Use another account" }).click();
  await submitLogin(page, "ada");
  await page.waitForURL("**/dashboard");
});

test("NW-04 a user whom the app turns away at a second sign-in keeps the older session", async () => {
  await signIn(stage, page);
  const before = await sessionCookies(page.context());
  await edit("closed = 1");
  await signInAgain();
  await page.waitForURL("**/auth/error?code=sign_in_refused**");
  expect(await sessionCookies(page.context())).toEqual(before);
  await page.goto("/dashboard");
  expect(await page.locator("h1").textContent()).toBe("Dashboard");
  await edit("closed = 0");
});
