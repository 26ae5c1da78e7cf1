import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { expectProblem } from "./support/expectations";
import { expectLanding, expireAccessToken, signIn, submitLogin } from "./support/flows";
import { DOCUMENT, raw } from "./support/raw";
import { CLIENT_ID, openStage, type Stage } from "./support/stage";

describe("pages and APIs whose middleware was taken away", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage({ variant: "no-middleware", https: false });
  });
  beforeEach(() => stage.reset());
  afterAll(() => stage?.close());

  const send = (path: string, headers = {}) => raw(stage.baseUrl + path, { headers: { ...DOCUMENT, ...headers } });

  test("show nothing to a stranger, and ask for a sign-in", async () => {
    for (const path of ["/dashboard", "/admin"]) {
      const response = await send(path);
      expect(response.status).toBe(307);
      expect(response.headers.location).toBe(`/auth/login?returnTo=${encodeURIComponent(path)}`);
      expect(response.body).not.toContain("data-canary");
      expect((await send(path, { rsc: "1" })).body).not.toContain("canary");
    }
  });

  test("show nothing to whoever brings a bad token", async () => {
    const good = await stage.cognito.accessTokenFor("ada", { clientId: CLIENT_ID });
    const [, payload] = good.split(".");
    const bad = [
      "garbage",
      `${Buffer.from('{"alg":"none"}').toString("base64url")}.${payload}.`,
      `${good.slice(0, -8)}AAAAAAAA`,
      await stage.cognito.accessTokenFor("ada", { clientId: CLIENT_ID, claims: { exp: 1 } }),
      await stage.cognito.accessTokenFor("ada", { clientId: CLIENT_ID, claims: { client_id: "another" } }),
      await stage.cognito.idTokenFor("ada", { clientId: CLIENT_ID }),
    ];
    for (const token of bad) {
      for (const headers of [{ cookie: `auth.access=${token}` }, { authorization: `Bearer ${token}` }]) {
        const response = await send("/dashboard", headers);
        expect(response.status).toBe(307);
        expect(response.body).not.toMatch(/data-canary|Ada Lovelace/);
      }
    }
    expect((await send("/dashboard", { cookie: await stage.cookieOf("ada") })).body).toContain("data-canary");
  });

  test("open after a sign-in, and again once the access token has expired", async () => {
    const page = await stage.newPage();
    await signIn(stage, page);
    await expireAccessToken(page.context());
    await page.goto("/dashboard");
    await expectLanding(stage, page, "/dashboard");
    expect(await page.locator("[data-canary=dashboard]").count()).toBe(1);
    expect(stage.cognito.count("token", ({ params }) => params.grant_type === "refresh_token")).toBe(1);
  });

  test("refuse somebody who is not in the group", async () => {
    const page = await stage.newPage();
    await page.goto("/admin");
    await submitLogin(page, "grace");
    await page.getByRole("heading", { name: "You may not see this page" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/auth/error");
    expect(await page.locator("[data-canary]").count()).toBe(0);
  });

  test("the APIs guard themselves all the same", async () => {
    expectProblem(await send("/api/me"), 401, "Bearer");
    expectProblem(await send("/api/me", { authorization: "Bearer garbage" }), 401, 'Bearer error="invalid_token"');
    expect(JSON.parse((await send("/api/activities/home")).body).user).toBeNull();
  });
});
