import { createServer } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { startTestPool, type TestPool } from "../cognito/testing";

describe("signedInCookies()", () => {
  const unreachable = "http://localhost:9"; // The discard port: no app listens.

  test("without a running app, the error names its address and says what to do", async () => {
    const pool = await startTestPool({ appUrl: unreachable });
    onTestFinished(() => pool.close());
    await expect(pool.signedInCookies("admin")).rejects.toThrow(`No app at ${unreachable}`);
    await expect(pool.signedInCookies("admin")).rejects.toThrow("start it with pool.env");
  });

  test("it returns the cookies that the app set, and only the refresh cookie for an expired user", async () => {
    const app = await startTinyApp();
    const pool = await startTestPool({ appUrl: app.url });
    onTestFinished(async () => {
      await pool.close();
      app.close();
    });
    app.pool = pool;
    const cookies = await pool.signedInCookies("admin");
    expect(cookies.map(({ name }) => name)).toEqual(["auth.access", "auth.refresh"]);
    expect(cookies[0]).toMatchObject({
      domain: "localhost",
      path: "/",
      httpOnly: true,
      secure: false,
      sameSite: "Lax",
    });
    expect((await pool.signedInCookies("expired")).map(({ name }) => name)).toEqual(["auth.refresh"]);
    await expect(pool.signedInCookies("stranger")).rejects.toThrow("No user stranger in the pool");
  });
});

test("each address of an APP_BASE_URL list can sign in and sign out with the test pool", async () => {
  const urls = ["http://localhost:3210", "http://127.0.0.1:3210"];
  const pool = await startTestPool({ appUrl: "http://localhost:3210", env: { APP_BASE_URL: urls.join(", ") } });
  onTestFinished(() => pool.close());
  expect(pool.env.APP_BASE_URL).toBe(urls.join(", "));
  for (const url of urls) {
    const query = new URLSearchParams({ response_type: "code", client_id: "app", scope: "openid", state: "s" });
    query.set("redirect_uri", `${url}/auth/callback`);
    const answer = await pool.cognito.authorize(`${pool.cognito.domain}/oauth2/authorize?${query}`, "ada");
    expect(answer).toContain(`${url}/auth/callback?code=`);
    const signOut = new URLSearchParams({ client_id: "app", logout_uri: url });
    const { headers } = await fetch(`${pool.cognito.domain}/logout?${signOut}`, { redirect: "manual" });
    expect(new URL(headers.get("location") ?? "").origin).toBe(url);
  }
});

/** The sign-in routes of an app with `trailingSlash`. They only set cookies. */
async function startTinyApp() {
  const app = { url: "", pool: null as TestPool | null, close: () => void server.close() };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", app.url);
    const redirect = (location: string, cookies: string[] = []) =>
      void response.writeHead(303, { location, "set-cookie": cookies }).end();
    if (!url.pathname.endsWith("/")) redirect(`${url.pathname}/${url.search}`);
    else if (url.pathname === "/auth/login/") {
      const query = new URLSearchParams({ response_type: "code", client_id: "app", scope: "openid", state: "s" });
      query.set("redirect_uri", `${app.url}/auth/callback`);
      redirect(`${app.pool?.cognito.domain}/oauth2/authorize?${query}`, ["auth.txn=1; Path=/; Max-Age=600; HttpOnly"]);
    } else if (request.headers.cookie !== "auth.txn=1" || !url.searchParams.has("code")) redirect("/auth/error?code=x");
    else {
      const cookies = ["auth.access=a=b; Path=/; Max-Age=60; HttpOnly; SameSite=Lax", "auth.refresh=c; Max-Age=600"];
      redirect("/", [...cookies, "auth.txn=; Max-Age=0"]);
    }
  });
  await new Promise<void>((listening) => server.listen(0, "localhost", listening));
  const address = server.address();
  app.url = `http://localhost:${typeof address === "object" ? address?.port : ""}`;
  return app;
}
