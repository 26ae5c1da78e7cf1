import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, CLICKED, type Kit, pathOf, TYPED, usePool } from "../support/kit";

const pool = usePool();
let kit: Kit;
let browser: Browser;

beforeAll(async () => {
  kit = await pool.load();
});
beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
  browser = pool.browser(kit);
});

/** The answer of the callback to this error of Cognito, for a link with this prompt. */
async function comeBack(prompt: string, error: string): Promise<Response> {
  const login = await browser.login(`/auth/login?returnTo=/welcome%3Fa%3D1&prompt=${prompt}`, CLICKED);
  const state = new URL(login.headers.get("location") ?? "").searchParams.get("state");
  return browser.callback(`/auth/callback?${new URLSearchParams({ error, state: state ?? "" })}`);
}

describe("a quiet sign-in", () => {
  test.each(["login_required", "interaction_required", "consent_required", "account_selection_required"])(
    "CB-12 that Cognito answers with %s returns to the page, without a session",
    async (error) => {
      const answer = await comeBack("none", error);
      expect([answer.status, pathOf(answer)]).toEqual([303, "/welcome?a=1"]);
      expect(browser.names().filter((name) => /access|refresh|txn/.test(name))).toEqual([]);
    },
  );

  test("CB-12 that Cognito answers with another error ends on the error page", async () => {
    expect(pathOf(await comeBack("none", "access_denied"))).toContain("/auth/error?code=authorization_denied");
    expect(pathOf(await comeBack("none", "server_error"))).toContain("/auth/error?code=authorization_failed");
  });

  test("CB-12 an ordinary sign-in with that answer ends on the error page", async () => {
    expect(pathOf(await comeBack("login", "login_required"))).toContain("/auth/error?code=authorization_denied");
  });

  test("a guarded page then starts an ordinary sign-in", async () => {
    await comeBack("none", "login_required");
    expect(pathOf(await browser.visit("/welcome", TYPED))).toBe("/auth/login?returnTo=%2Fwelcome");
    const login = await browser.login("/auth/login?returnTo=/welcome");
    expect(new URL(login.headers.get("location") ?? "").searchParams.has("prompt")).toBe(false);
  });
});
