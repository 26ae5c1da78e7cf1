import { decodeJwt } from "jose";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type App, openApp } from "./support/app";
import { claimsOnPage, cookieHeader, expectForgotten, expireAccessToken, signIn } from "./support/flows";
import { type Judge, startJudge } from "./support/judge";
import { DOCUMENT, raw } from "./support/raw";
import { CLIENT_ID } from "./support/stage";

const SECRET = "a-secret/of+the-judge's=client";

// Whatever oidc-provider refuses is the kit's mistake until shown otherwise.
describe("with a certified OpenID provider in Cognito's place", () => {
  let judge: Judge;
  let app: App;
  let page: Page;

  beforeAll(async () => {
    app = await openApp({ variant: "middleware", https: false }, async (baseUrl) => {
      const urls = { redirectUri: `${baseUrl}/auth/callback`, logoutUri: baseUrl };
      judge = await startJudge({ clientId: CLIENT_ID, clientSecret: SECRET, ...urls });
      const { issuer } = judge;
      return {
        COGNITO_ISSUER: issuer,
        COGNITO_DOMAIN: issuer,
        COGNITO_CLIENT_ID: CLIENT_ID,
        COGNITO_CLIENT_SECRET: SECRET,
      };
    });
  });
  beforeEach(async () => {
    judge.settings.accessTokenSeconds = 3_600;
    page = await app.newPage();
  });
  afterEach(async () => {
    await app.closePages();
    expect(judge.refusals).toEqual([]);
  });
  afterAll(() => Promise.all([app?.close(), judge?.close()]));

  const postToken = (form: Record<string, string>) =>
    raw(`${judge.issuer}/oauth2/token`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ client_id: CLIENT_ID, client_secret: SECRET, ...form }).toString(),
    });

  test("a sign-in ends on the page that asked for it, and shows the claims", async () => {
    await signIn(app, page, { path: "/dashboard?from=mail" });
    const facts = { iss: judge.issuer, client_id: CLIENT_ID, token_use: "access", username: "ada" };
    const access = await claimsOnPage(page, "Access token");
    expect(access).toMatchObject(facts);
    expect(access).not.toHaveProperty("aud");
    expect(await claimsOnPage(page, "ID token")).toMatchObject({ token_use: "id", email: "ada@example.com" });
  });

  test("an expired session is refreshed, and its rotated refresh token is stored", async () => {
    await signIn(app, page);
    const calls = judge.issued.length;
    const seen = new Set([(await claimsOnPage(page, "Access token")).jti]);
    for (const path of ["/dashboard?round=1", "/auth/login?returnTo=/dashboard?round=2"]) {
      await page.goto("about:blank");
      await expireAccessToken(page.context());
      await page.goto(path);
      seen.add((await claimsOnPage(page, "Access token")).jti);
    }
    expect(seen.size).toBe(3);
    expect(judge.issued.length).toBe(calls + 2);
  });

  test("ten requests at once spend a refresh token once: a second use would end the session", async () => {
    await signIn(app, page);
    await page.goto("about:blank");
    await expireAccessToken(page.context());
    const calls = judge.issued.length;
    const headers = { ...DOCUMENT, cookie: await cookieHeader(page.context()) };
    const open = () => raw(`${app.baseUrl}/dashboard`, { headers });
    const pages = await Promise.all(Array.from({ length: 10 }, open));
    expect(pages.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(judge.issued.length).toBe(calls + 1);
  });

  test("an access token that is about to expire is refreshed in time", async () => {
    judge.settings.accessTokenSeconds = 30;
    const calls = judge.issued.length;
    await signIn(app, page);
    const { jti: first } = decodeJwt(judge.issued[calls]?.access_token ?? "");
    expect(first).toEqual(expect.any(String));
    expect((await claimsOnPage(page, "Access token")).jti).not.toBe(first);
  });

  test("its access token opens the API", async () => {
    await signIn(app, page);
    const authorization = `Bearer ${judge.issued.at(-1)?.access_token}`;
    const response = await raw(`${app.baseUrl}/api/me`, { headers: { authorization } });
    expect(JSON.parse(response.body)).toMatchObject({ username: "ada", source: "bearer" });
  });

  test("signing out revokes the refresh token, and then ends the provider's session", async () => {
    await signIn(app, page);
    await page.getByRole("button", { name: "Sign out" }).click();
    const end = page.getByRole("button", { name: "End the session here, too" });
    await end.waitFor();
    // The judge still asks whether to end its session, and has ended the refresh token already.
    const refreshToken = judge.issued.at(-1)?.refresh_token ?? "";
    const reuse = await postToken({ grant_type: "refresh_token", refresh_token: refreshToken });
    expect([reuse.status, JSON.parse(reuse.body).error]).toEqual([400, "invalid_grant"]);
    expect(takeRefusals(judge)).toEqual([expect.stringContaining("invalid_grant")]);

    await end.click();
    await page.waitForURL(`${app.baseUrl}/`);
    await expectForgotten(page.context());
    await page.goto("/dashboard");
    await page.getByLabel("Password").waitFor();
  });

  test("the judge is strict: no PKCE, another redirect_uri or a wrong secret is refused", async () => {
    const url = new URL(`${judge.issuer}/oauth2/authorize`);
    const query = { response_type: "code", client_id: CLIENT_ID, scope: "openid", state: "s" };
    url.search = `${new URLSearchParams({ ...query, redirect_uri: `${app.baseUrl}/auth/callback` })}`;
    expect((await raw(url.href)).headers.location).toContain("error=invalid_request");
    url.search = `${new URLSearchParams({ ...query, redirect_uri: `${app.baseUrl}/elsewhere` })}`;
    expect((await raw(url.href)).status).toBe(400);
    const wrong = { grant_type: "refresh_token", refresh_token: "x", client_secret: "wrong" };
    expect((await postToken(wrong)).status).toBe(401);
    expect(takeRefusals(judge)).toHaveLength(3);
  });
});

/** The refusals that a test was after. */
function takeRefusals({ refusals }: Judge): readonly string[] {
  return refusals.splice(0);
}
