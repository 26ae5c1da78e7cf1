import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cookieHeader, expireAccessToken, signIn, signOut } from "./support/flows";
import { raw } from "./support/raw";
import { openStage, type Stage } from "./support/stage";

const CLIENT_SECRET = "a-client-secret-of-some-length-0123456789";
const AUTH_SECRET = "a-secret-of-more-than-thirty-two-bytes";

// Every stage searches all that its app has answered and printed when it closes: each file here proves CF-06 once more.
// These tests tell whether that search would find anything.
describe.each([
  ["plain", {}],
  ["sealed", { AUTH_SECRET }],
])("with %s cookies", (_kind, env) => {
  let stage: Stage;
  const secrets: Record<string, string> = {};
  beforeAll(async () => {
    stage = await openStage({ variant: "middleware", https: false, clientSecret: CLIENT_SECRET, env });
    const page = await stage.newPage();
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.pathname === "/auth/callback") secrets.code = url.searchParams.get("code") ?? "";
    });
    await signIn(stage, page);
    secrets.cookie = (await cookieHeader(page.context())).replace(/^.*\.access=([^;]+).*$/, "$1");
    await expireAccessToken(page.context());
    await page.goto("/admin");
    await page.getByRole("link", { name: "Dashboard" }).first().click();
    await page.getByRole("button", { name: "Say hello" }).click();
    await page.getByText("Hello Ada").waitFor();
    expect(await page.evaluate(() => document.cookie)).toBe("");
    await signOut(stage, page);
    const [code, refresh] = stage.cognito.requests.filter(({ name }) => name === "token");
    secrets["code verifier"] = code?.params.code_verifier ?? "";
    secrets["refresh token"] = refresh?.params.refresh_token ?? "";
    secrets["signature of a refresh token"] = secrets["refresh token"].split(".").at(-1) ?? "";
    secrets["client secret"] = CLIENT_SECRET;
    if ("AUTH_SECRET" in env) secrets.AUTH_SECRET = AUTH_SECRET;
  });
  afterAll(() => expect(stage?.close()).rejects.toThrow("gave away"));

  test("TK-12 NX-22 CF-06 a session from sign-in to sign-out leaves none in a page, its data, a header, the build or the log", async () => {
    expect(await stage.findLeaks()).toEqual([]);
  });

  test("CF-06 each of them is noticed, wherever an app would give it away", async () => {
    for (const [what, secret] of Object.entries(secrets)) {
      expect(secret.length, what).toBeGreaterThan(19);
      for (const place of ["body", "header", "log"]) {
        const before = await stage.findLeaks();
        await raw(`${stage.baseUrl}/api/echo?to=${place}`, { method: "POST", body: secret });
        expect((await stage.findLeaks()).length, `${what} in ${place}`).toBeGreaterThan(before.length);
      }
    }
  });
});
