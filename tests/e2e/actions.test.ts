import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { expireAccessToken, sessionCookies, signIn, signOut } from "./support/flows";
import { FETCH, raw } from "./support/raw";
import { openStage, type Stage } from "./support/stage";
import { type Variant, variantFolder } from "./support/variants";

const CANARY = "private-canary";

/** The id under which the client calls a server action. */
async function actionId(variant: Variant, exportedName: string): Promise<string> {
  const manifest = join(variantFolder(variant), ".next/server/server-reference-manifest.json");
  const { node } = JSON.parse(await readFile(manifest, "utf8")) as { node: Record<string, { exportedName: string }> };
  return Object.entries(node).find(([, action]) => action.exportedName === exportedName)?.[0] ?? "";
}

describe.each(["middleware", "proxy"] as const)("server actions as %s.ts", (variant) => {
  let stage: Stage;
  let member: Record<string, string>;
  let ids: { sayHello: string; readSecret: string };
  beforeAll(async () => {
    stage = await openStage({ variant, https: false });
    member = { cookie: await stage.cookieOf("ada") };
    ids = { sayHello: await actionId(variant, "sayHello"), readSecret: await actionId(variant, "readSecret") };
  });
  beforeEach(() => stage.reset());
  afterAll(() => stage?.close());

  const call = (path: string, action: string, headers: Record<string, string> = {}) =>
    raw(stage.baseUrl + path, {
      method: "POST",
      headers: {
        ...FETCH,
        accept: "text/x-component",
        origin: stage.baseUrl,
        "content-type": "text/plain;charset=UTF-8",
        "next-action": action,
        ...headers,
      },
      body: "[]",
    });

  test("a member's call of an action is answered", async () => {
    expect((await call("/dashboard", ids.sayHello, member)).body).toContain("Hello ada");
    expect((await call("/pub", ids.readSecret, member)).body).toContain(`${CANARY} for ada`);
  });

  test.each(["/", "/pub", "/nope", "/favicon.ico", "/dashboard", "/auth/error", "/_next/static/x"])(
    "NX-12 NX-15 a stranger who posts a protected page's action to %s runs nothing",
    async (path) => {
      for (const headers of [{}, { "x-action-forwarded": "1" }]) {
        const answer = await call(path, ids.sayHello, headers as Record<string, string>);
        expect(answer.body).not.toContain("Hello");
        expect(answer.status).not.toBe(307);
      }
      expect((await raw(`${stage.baseUrl}/pub`)).status).toBe(200);
    },
  );

  test("NX-13 an action that a public page knows too checks for itself", async () => {
    const answer = await call("/pub", ids.readSecret);
    expect(answer.body).not.toContain(CANARY);
    expect(answer.headers["x-action-redirect"]).toContain("/auth/login");
  });

  test.each([
    ["another site", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }],
    ["a sub-domain", { "sec-fetch-site": "same-site", origin: "http://sub.localhost" }],
    ["another site, without Fetch Metadata", { "sec-fetch-site": "", origin: "https://evil.example" }],
    ["nobody", { "sec-fetch-site": "", origin: "" }],
    [
      "another site behind a false host",
      { "sec-fetch-site": "cross-site", origin: "https://evil.example", "x-forwarded-host": "evil.example" },
    ],
  ])("CS-01 NX-14 an action called by %s with a member's cookie is refused", async (_title, changes) => {
    const headers = Object.fromEntries(Object.entries({ ...member, ...changes }).filter(([, value]) => value !== ""));
    const request = {
      ...FETCH,
      accept: "text/x-component",
      "content-type": "text/plain;charset=UTF-8",
      "next-action": ids.sayHello,
    };
    const sent = Object.fromEntries(
      Object.entries({ ...request, ...changes, ...headers }).filter(([, value]) => value !== ""),
    );
    const answer = await raw(`${stage.baseUrl}/dashboard`, { method: "POST", headers: sent, body: "[]" });
    expect([answer.status, answer.body]).toEqual([403, ""]);
  });

  test("RF-13 an action with an expired access token is refreshed, and just works", async () => {
    const page = await stage.newPage();
    await signIn(stage, page);
    await expireAccessToken(page.context());
    await page.getByRole("button", { name: "Say hello" }).click();
    await page.getByText("Hello Ada").waitFor();
    expect(stage.cognito.requests.filter(({ params }) => params.grant_type === "refresh_token")).toHaveLength(1);
    expect(await sessionCookies(page.context())).toHaveLength(3);
  });

  test("NX-16 an action with an ended session fails in a way that the page handles", async () => {
    const page = await stage.newPage();
    await signIn(stage, page);
    await page.context().clearCookies({ name: /^auth\./ });
    await page.getByRole("button", { name: "Say hello" }).click();
    await page.getByText("Your session has ended").waitFor();
    await page.getByRole("link", { name: "Sign in" }).first().click();
    await page.waitForURL(`${stage.baseUrl}/dashboard`); // Cognito still knows who it is.
    await signOut(stage, page);
  });
});
