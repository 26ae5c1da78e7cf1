import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { expectPrivate, expectProblem, locationOf } from "./support/expectations";
import { signIn } from "./support/flows";
import { DOCUMENT, FETCH, raw } from "./support/raw";
import { CLIENT_ID, openStage, type Stage } from "./support/stage";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ variant: "middleware", https: false });
});
beforeEach(() => stage.reset());
afterAll(() => stage?.close());

const send = (path: string, headers = {}, method = "GET") => raw(stage.baseUrl + path, { method, headers });
const token = (username = "ada") => stage.cognito.accessTokenFor(username, { clientId: CLIENT_ID });

describe("the start page", () => {
  test("is open to a stranger, offers a sign-in, and asks Cognito nothing", async () => {
    const page = await stage.newPage();
    expect((await page.goto("/"))?.status()).toBe(200);
    expect(await page.locator("[data-canary]").count()).toBe(0);
    expect(stage.cognito.requests).toEqual([]);
    await page.getByRole("main").getByRole("link", { name: "Sign in" }).click();
    await page.getByLabel("Password").waitFor();
  });

  test("greets who is signed in", async () => {
    const page = await stage.newPage();
    await signIn(stage, page, { path: "/dashboard" });
    await page.goto("/");
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toContain("Ada Lovelace");
  });
});

describe("the admin page", () => {
  test("opens for a member of the group", async () => {
    const page = await stage.newPage();
    await signIn(stage, page, { username: "ada", path: "/admin" });
    expect((await page.reload())?.status()).toBe(200);
    expect(await page.locator("[data-canary=admin]").count()).toBe(1);
  });

  test("answers everybody else who is signed in with 403 and a sentence", async () => {
    const page = await stage.newPage();
    await signIn(stage, page, { username: "grace", path: "/dashboard" });
    const response = await page.goto("/admin");
    expect(response?.status()).toBe(403);
    expect(page.url()).toBe(`${stage.baseUrl}/admin`);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("You may not see this page");
    expect(await page.locator("[data-canary]").count()).toBe(0);
  });

  test("sends a stranger to sign-in, and then back", async () => {
    const page = await stage.newPage();
    await signIn(stage, page, { path: "/admin?from=mail" });
    expect(await page.locator("[data-canary=admin]").count()).toBe(1);
  });
});

describe("/dashboard, as curl and other programs ask for it", () => {
  const signInUrl = (returnTo: string) => `${stage.baseUrl}/auth/login?returnTo=${encodeURIComponent(returnTo)}`;

  test("sends a page load to sign-in with the path and the query", async () => {
    for (const headers of [DOCUMENT, { accept: "text/html" }]) {
      const response = await send("/dashboard?a=1&b=2", headers);
      expect(response.status).toBe(303);
      expect(locationOf(response, stage.baseUrl)).toBe(signInUrl("/dashboard?a=1&b=2"));
      expectPrivate(response);
    }
  });

  test("sends a form that a stranger posts to sign-in, without its query", async () => {
    const form = { ...DOCUMENT, "sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded" };
    const response = await send("/dashboard?a=1", form, "POST");
    expect(response.status).toBe(303);
    expect(locationOf(response, stage.baseUrl)).toBe(signInUrl("/dashboard"));
  });

  test("answers programs, fetches and prefetches of strangers with 401 and no redirect", async () => {
    expectProblem(await send("/dashboard"), 401, "Bearer");
    expectProblem(await send("/dashboard", { accept: "application/json" }), 401, "Bearer");
    expectProblem(await send("/dashboard", FETCH), 401, "Bearer");
    expectProblem(await send("/dashboard", { ...FETCH, rsc: "1", "next-router-prefetch": "1" }), 401, "Bearer");
    const action = await send("/dashboard", { ...FETCH, "next-action": "0".repeat(42) }, "POST");
    expect([action.status, action.headers.location]).toEqual([401, undefined]);
  });

  test("shows the page to a good Bearer token", async () => {
    const response = await send("/dashboard", { authorization: `Bearer ${await token()}` });
    expect(response.status).toBe(200);
    expect(response.body).toContain('data-canary="dashboard"');
    expectPrivate(response);
  });

  test("refuses a bad Bearer token with 401, even on a page load", async () => {
    const challenge = 'Bearer error="invalid_token"';
    expectProblem(await send("/dashboard", { authorization: "Bearer garbage" }), 401, challenge);
    expectProblem(await send("/dashboard", { ...DOCUMENT, authorization: "Bearer garbage" }), 401, challenge);
  });

  test("keeps every answer out of shared caches, refusals and static files of the page included", async () => {
    for (const path of ["/dashboard", "/admin", "/no-such-page"]) {
      expectPrivate(await send(path, { authorization: `Bearer ${await token()}` }));
      expectPrivate(await send(path, DOCUMENT));
    }
    expectPrivate(await send("/admin", { authorization: `Bearer ${await token("grace")}` }));
  });
});
