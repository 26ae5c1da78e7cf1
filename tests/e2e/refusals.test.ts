import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { expectPrivate, expectProblem, locationOf } from "./support/expectations";
import { cookieHeader, expireAccessToken, signIn } from "./support/flows";
import { CLICKED_FORM, DOCUMENT, FETCH, raw } from "./support/raw";
import { openStage, type Stage } from "./support/stage";

// Who gets what: each row of the table in lib/auth/docs/guarding.md, at the edge and on Node.
describe.each(["middleware", "proxy"] as const)("refused as %s.ts", (variant) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage({ variant, https: false });
  });
  beforeEach(() => stage.reset());
  afterAll(() => stage?.close());

  const ask = (path: string, headers: Record<string, string>, method = "GET") =>
    raw(stage.baseUrl + path, { method, headers });

  test("HD-02 somebody without the group sees the app's own error page, and its status is 403", async () => {
    const cookie = await stage.cookieOf("grace");
    const page = await ask("/admin", { ...DOCUMENT, cookie });
    expect([page.status, page.body.includes("You may not see this page")]).toEqual([403, true]);
    expectPrivate(page);
    expectProblem(await ask("/admin", { ...FETCH, cookie }), 403);
    const action = await ask("/admin", { ...FETCH, cookie, "next-action": "x", origin: stage.baseUrl }, "POST");
    expect([action.status, action.body]).toEqual([403, ""]);
  });

  test("BR-03 BR-07 a bad Bearer token is a 401 with its reason, and no cookie rescues it", async () => {
    const headers = { authorization: "Bearer nonsense", cookie: await stage.cookieOf("ada") };
    for (const path of ["/dashboard", "/api/me", "/api/activities/home"]) {
      expectProblem(await ask(path, headers), 401, 'Bearer error="invalid_token"');
    }
    expectProblem(await ask("/dashboard", { accept: "application/json" }), 401, "Bearer");
  });

  test("NX-16 a form that is posted after the session has ended leads to sign-in and back to its page", async () => {
    const answer = await ask("/dashboard?draft=1", CLICKED_FORM, "POST");
    const signInUrl = `${stage.baseUrl}/auth/login?returnTo=%2Fdashboard`;
    expect([answer.status, locationOf(answer, stage.baseUrl)]).toEqual([303, signInUrl]);
  });

  test("RF-07 KS-10 while Cognito is out of reach everybody is told 503 in their own way, and stays signed in", async () => {
    const page = await stage.newPage();
    await signIn(stage, page);
    await page.goto("about:blank"); // No prefetch of the page's may refresh the session first.
    await expireAccessToken(page.context());
    const cookie = await cookieHeader(page.context());
    stage.cognito.fault("token", { status: 503 });
    const document = await ask("/dashboard", { ...DOCUMENT, cookie });
    expect([document.status, document.headers["retry-after"], document.setCookie]).toEqual([503, "5", []]);
    expect(document.body).toContain("Sign-in is out of reach");
    for (const path of ["/dashboard", "/api/me", "/api/activities/home"]) {
      expectProblem(await ask(path, { ...FETCH, cookie }), 503);
    }
    const action = await ask("/dashboard", { ...FETCH, cookie, "next-action": "x", origin: stage.baseUrl }, "POST");
    expect([action.status, action.body]).toEqual([503, ""]);
    const login = await ask("/auth/login", { ...DOCUMENT, cookie });
    expect([login.status, login.setCookie]).toEqual([503, []]);
    expect((await ask("/", { ...DOCUMENT, cookie })).status).toBe(200);
    stage.cognito.clearFaults();
    expect((await page.goto("/dashboard"))?.status()).toBe(200);
  });

  test.each(["cross-site", "same-site", "none"])(
    "CS-01 CS-02 a POST from %s with the session's cookie is a 403",
    async (site) => {
      const headers = { cookie: await stage.cookieOf("ada"), "sec-fetch-site": site };
      for (const path of ["/api/me", "/dashboard", "/", "/pub"]) {
        expect((await ask(path, { ...FETCH, ...headers }, "POST")).status).toBe(403);
      }
      expect((await ask("/api/me", { ...FETCH, ...headers, "sec-fetch-site": "same-origin" }, "POST")).status).toBe(
        200,
      );
    },
  );
});
