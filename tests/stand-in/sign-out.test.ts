import { describe, expect, test } from "vitest";
import {
  authorizeUrl,
  callback,
  cognito,
  get,
  locationOf,
  post,
  publicClient,
  refresh,
  ssoCookie,
  tokensFor,
  useStandIn,
} from "./client";

useStandIn();

describe("the login page's session", () => {
  test("the login page's cookie is HttpOnly and Lax, lives an hour, and makes the next sign-in silent", async () => {
    const login = await post(authorizeUrl({}, "/login"), { username: "ada", password: "Passw0rd!" });
    expect(login.headers.get("set-cookie")).toMatch(
      /^cognito=[\da-f-]{36}; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const cookie = login.headers.get("set-cookie")?.split(";", 1)[0] ?? "";
    for (const prompt of [undefined, "none"]) {
      const silent = locationOf(await get(authorizeUrl({ prompt }), { cookie }));
      expect(silent.href.startsWith(`${callback}?code=`)).toBe(true);
    }
  });

  test("prompt=login and select_account show the login page again", async () => {
    const cookie = await ssoCookie();
    for (const prompt of ["login", "select_account"]) {
      expect(locationOf(await get(authorizeUrl({ prompt }), { cookie })).pathname).toBe("/login");
    }
  });

  test("with ssoSeconds 0 there is no session", async () => {
    cognito.settings.ssoSeconds = 0;
    expect(await ssoCookie()).toBe("");
  });

  test("logout needs a registered logout_uri, ends the session and drops every other parameter", async () => {
    const cookie = await ssoCookie();
    const refused = await get(`/logout?client_id=${publicClient}&logout_uri=http://127.0.0.1:3000/`, { cookie });
    expect([refused.status, refused.headers.get("location")]).toEqual([400, null]);
    expect(locationOf(await get(authorizeUrl(), { cookie })).pathname).toBe("/auth/callback");

    const query = `client_id=${publicClient}&logout_uri=http://127.0.0.1:3000&state=s&redirect_uri=http://evil.test`;
    const done = await get(`/logout?${query}`, { cookie });
    expect([done.status, done.headers.get("location")]).toEqual([302, "http://127.0.0.1:3000"]);
    expect(done.headers.get("set-cookie")).toMatch(/^cognito=; Max-Age=0;/);
    expect(locationOf(await get(authorizeUrl(), { cookie })).pathname).toBe("/login");
  });

  test("logout with redirect_uri goes straight to the login page", async () => {
    const { search } = new URL(authorizeUrl());
    expect((await get(`/logout${search}`)).headers.get("location")).toBe(`${cognito.domain}/login${search}`);
  });

  test("logout without a target ends on an error page", async () => {
    const answer = await get(`/logout?client_id=${publicClient}`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("Required String parameter &#39;redirect_uri&#39; is not present");
  });

  test("logout revokes no token", async () => {
    const { refresh_token: token = "" } = await tokensFor();
    await get(`/logout?client_id=${publicClient}&logout_uri=http://127.0.0.1:3000`);
    expect((await refresh(token)).status).toBe(200);
  });
});
