import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { expectPrivate, expectProblem } from "./support/expectations";
import { cookieHeader, signIn } from "./support/flows";
import { FETCH, raw } from "./support/raw";
import { CLIENT_ID, openStage, type Stage } from "./support/stage";

const INVALID = 'Bearer error="invalid_token"';
const MACHINE = "machine";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ variant: "middleware", https: false, env: { COGNITO_API_CLIENT_IDS: MACHINE } });
  const client = { clientId: MACHINE, clientSecret: "s", callbackUrls: [], logoutUrls: [], scopes: ["api/read"] };
  stage.cognito.clients.push({ ...client, grants: ["client_credentials"] });
});
beforeEach(() => stage.reset());
afterAll(() => stage?.close());

const get = (path: string, headers = {}) => raw(stage.baseUrl + path, { headers });
const post = (path: string, headers = {}) => raw(stage.baseUrl + path, { method: "POST", headers });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const token = (claims = {}) => stage.cognito.accessTokenFor("ada", { clientId: CLIENT_ID, claims });

/** The cookies of a browser in which Ada has signed in. */
async function signedInCookie(): Promise<string> {
  const page = await stage.newPage();
  await signIn(stage, page);
  return cookieHeader(page.context());
}

async function badTokens(): Promise<Record<string, string>> {
  const good = await token();
  return {
    garbage: "garbage",
    "no token": "",
    "a changed signature": `${good.slice(0, -8)}AAAAAAAA`,
    "an expired token": await token({ exp: 1 }),
    "an ID token": await stage.cognito.idTokenFor("ada", { clientId: CLIENT_ID }),
    "another app's token": await token({ client_id: "another" }),
    "another pool's token": await token({ iss: `${stage.cognito.issuer}2` }),
  };
}

describe("GET and POST /api/me", () => {
  test("know a person by a Bearer token", async () => {
    const ada = stage.cognito.users.find(({ username }) => username === "ada");
    for (const response of [
      await get("/api/me", bearer(await token())),
      await post("/api/me", bearer(await token())),
    ]) {
      expect(response.status).toBe(200);
      expectPrivate(response);
      expect(JSON.parse(response.body)).toEqual({
        sub: ada?.sub,
        username: "ada",
        groups: ["admins", "editors"],
        scopes: expect.arrayContaining(["openid"]),
        source: "bearer",
      });
    }
  });

  test("know a person by the browser's cookies, e-mail address included", async () => {
    const page = await stage.newPage();
    await signIn(stage, page);
    const answers = await page.evaluate(async () => {
      const responses = [await fetch("/api/me"), await fetch("/api/me", { method: "POST" })];
      return Promise.all(responses.map(async (response) => [response.status, await response.json()]));
    });
    for (const [status, body] of answers) {
      expect(status).toBe(200);
      expect(body).toMatchObject({ username: "ada", email: "ada@example.com", source: "cookie" });
    }
  });

  test("refuse a stranger with a bare challenge, and never with a redirect", async () => {
    expectProblem(await get("/api/me"), 401, "Bearer");
    expectProblem(await post("/api/me"), 401, "Bearer");
    expectProblem(await get("/api/me", FETCH), 401, "Bearer");
    expectProblem(await get("/api/me", { authorization: "Basic YWRhOmFkYQ==" }), 401, "Bearer");
    expectProblem(await get("/api/me", { cookie: "auth.access=garbage" }), 401, "Bearer");
  });

  test("refuse a bad Bearer token, cookies or not", async () => {
    const cookie = await signedInCookie();
    for (const [name, bad] of Object.entries(await badTokens())) {
      const response = await get("/api/me", bearer(bad));
      expect([name, response.status]).toEqual([name, 401]);
      expectProblem(response, 401, INVALID);
      expectProblem(await get("/api/me", { ...bearer(bad), cookie }), 401, INVALID);
    }
  });

  test("refuse another site's POST with the browser's cookies", async () => {
    const cookie = await signedInCookie();
    expectProblem(await post("/api/me", { cookie, "sec-fetch-site": "cross-site" }), 403);
    expectProblem(await post("/api/me", { cookie, "sec-fetch-site": "same-site" }), 403);
    expectProblem(await post("/api/me", { cookie, origin: stage.cognito.domain }), 403);
    expectProblem(await post("/api/me", { cookie, origin: "null" }), 403);
    expectProblem(await post("/api/me", { cookie }), 403);
    const sameOrigin = { cookie, "sec-fetch-site": "same-origin" };
    expect((await post("/api/me", { ...sameOrigin, origin: "null" })).status).toBe(200);
    expect((await post("/api/me", { cookie, origin: stage.baseUrl })).status).toBe(200);
  });

  test("refuse a machine, which is nobody", async () => {
    const machine = await stage.cognito.machineToken(MACHINE, "api/read");
    expect((await get("/api/me", bearer(machine))).status).toBe(403);
  });
});

describe("GET /api/activities/home", () => {
  const home = (headers = {}) => get("/api/activities/home", headers);

  test("is for everybody, and greets whom it knows", async () => {
    const known = { user: "ada", activities: expect.arrayContaining([expect.stringContaining("Ada")]) };
    const cookie = await signedInCookie();
    for (const headers of [{ cookie }, { ...bearer(await token()), cookie: "auth.access=garbage" }]) {
      const response = await home(headers);
      expect(response.status).toBe(200);
      expectPrivate(response);
      expect(JSON.parse(response.body).user).toBe("ada");
    }
    expect(JSON.parse((await home({ cookie })).body)).toEqual(known);
    for (const headers of [{}, { cookie: "auth.access=garbage" }, { authorization: "Basic YWRhOmFkYQ==" }]) {
      const response = await home(headers);
      expect(response.status).toBe(200);
      expect(JSON.parse(response.body)).toEqual({ user: null, activities: expect.any(Array) });
    }
  });

  test("takes nobody for a stranger who shows a bad Bearer token", async () => {
    for (const bad of Object.values(await badTokens())) expectProblem(await home(bearer(bad)), 401, INVALID);
  });
});
