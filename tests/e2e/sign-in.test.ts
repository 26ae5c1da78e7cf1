import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { claimsOnPage, expectLanding, kitCookies, sessionCookies, signIn, submitLogin } from "./support/flows";
import { CLIENT_ID, MODES, openStage, type Stage } from "./support/stage";

describe.each(MODES)("signing in $name", (mode) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(mode);
  });
  beforeEach(() => stage.reset());
  afterAll(() => stage?.close());

  test("leads back to the page that asked for it, with its query", async () => {
    const page = await stage.newPage();
    const path = "/dashboard?q=caf%C3%A9+%26+cake&from=mail"; // A space as "+": Next itself writes "%20" so for middleware.
    await signIn(stage, page, { path });
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Dashboard");
    expect(stage.cognito.count("token")).toBe(1);
  });

  test("with a wrong password shows the login page again, and then takes the right one", async () => {
    const page = await stage.newPage();
    await page.goto("/dashboard");
    await submitLogin(page, "ada", "not her password");
    await page.getByText("Incorrect username or password.").waitFor();
    expect(new URL(page.url()).origin).toBe(stage.cognito.domain);
    await submitLogin(page, "ada");
    await expectLanding(stage, page, "/dashboard");
  });

  test("works in two tabs at once, each of which ends on its own page", async () => {
    const first = await stage.newPage();
    const second = await first.context().newPage();
    await first.goto("/dashboard?tab=1");
    await second.goto("/dashboard?tab=2");
    await submitLogin(first, "ada");
    await expectLanding(stage, first, "/dashboard?tab=1");
    await submitLogin(second, "ada");
    await expectLanding(stage, second, "/dashboard?tab=2");
    expect((await kitCookies(first.context())).filter(({ name }) => name.includes(".txn."))).toEqual([]);
  });

  test("shows what Cognito says about the user", async () => {
    const page = await stage.newPage();
    await signIn(stage, page);
    const issued = stage.cognito.signIns.at(-1);
    const user = stage.cognito.users.find(({ username }) => username === "ada");
    const access = await claimsOnPage(page, "Access token");
    expect(access).toMatchObject({ iss: stage.cognito.issuer, client_id: CLIENT_ID, token_use: "access" });
    expect(access).toMatchObject({ sub: user?.sub, username: "ada", origin_jti: issued?.originJti });
    expect(JSON.parse(access["cognito:groups"] ?? "")).toEqual(["admins", "editors"]);
    const id = await claimsOnPage(page, "ID token");
    expect(id).toMatchObject({ sub: user?.sub, aud: CLIENT_ID, nonce: issued?.nonce, email: "ada@example.com" });
  });

  test("stores cookies that no script and no other site gets hold of", async () => {
    const page = await stage.newPage();
    await signIn(stage, page);
    const cookies = await kitCookies(page.context());
    expect(cookies.length).toBeGreaterThanOrEqual(3);
    for (const cookie of cookies) {
      expect(cookie).toMatchObject({
        domain: "localhost",
        path: "/",
        httpOnly: true,
        sameSite: "Lax",
        secure: mode.https,
      });
      expect(cookie.name.startsWith("__Host-")).toBe(mode.https);
    }
    expect(await page.evaluate(() => document.cookie)).toBe("");
  });

  test("works for somebody in a hundred groups, whose tokens fill several cookies", async () => {
    const page = await stage.newPage();
    await signIn(stage, page, { username: "lin" });
    const chunks = (await sessionCookies(page.context())).filter(({ name }) => name.includes(".access."));
    expect(chunks.length).toBeGreaterThan(1);
    const { sub } = await claimsOnPage(page, "Access token");
    expect(sub).toBe(stage.cognito.users.find(({ username }) => username === "lin")?.sub);
  });

  test("once done is not done again by the Back button or a bookmark: the callback just goes on", async () => {
    const page = await stage.newPage();
    const callbacks: string[] = [];
    page.on("request", (request) => request.url().includes("/auth/callback") && callbacks.push(request.url()));
    await signIn(stage, page, { path: "/dashboard?from=mail" });
    expect(callbacks).toHaveLength(1);
    await page.goto(callbacks[0] ?? "");
    await expectLanding(stage, page, "/");
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toContain("Ada Lovelace");
    expect(stage.cognito.count("token")).toBe(1);
  });

  test("works through an identity provider", async () => {
    const page = await stage.newPage();
    await page.goto("/dashboard");
    await page.getByRole("button", { name: /Google/ }).click();
    await expectLanding(stage, page, "/dashboard");
    expect(await claimsOnPage(page, "Access token")).toMatchObject({ username: "Google_104217" });
  });
});
