import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { expectForgotten, expireAccessToken, kitCookies, signIn, signOut } from "./support/flows";
import { asIs, DOCUMENT, FETCH } from "./support/raw";
import { openStage, type Stage } from "./support/stage";

// One build with basePath "/app", trailingSlash and, as far as Next lets the App Router have it, i18n.
let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ variant: "base-path", https: false });
});
beforeEach(() => stage.reset());
afterAll(() => stage?.close());

const CANARY = /data-canary|private-canary/;
const RSC = { rsc: "1" };

describe("a stranger, under a base path with slashes at the end", () => {
  const GUARDED = [
    "/app/dashboard/",
    "/app/vault/",
    "/app/%64ashboard/",
    "/app/u/jane/",
    "/app/u/jane.doe",
    "/app/fr/notes/",
  ];

  test.each(GUARDED)("NX-11 is sent from %s to sign-in, and back to that very address", async (path) => {
    const { status, headers, body } = await asIs(stage.baseUrl, path, DOCUMENT);
    const { pathname, searchParams } = new URL(headers.location ?? "", stage.baseUrl);
    expect([status, pathname, searchParams.get("returnTo")]).toEqual([303, "/app/auth/login", path]);
    expect(headers["cache-control"]).toBe("private, no-store");
    expect(body).not.toMatch(CANARY);
  });

  test.each([
    ["NX-11", "/app/dashboard"],
    ["NX-11", "/dashboard"],
    ["NX-11", "/dashboard/"],
    ["NX-11", "/app/app/dashboard/"],
    ["NX-08", "/app//dashboard"],
    ["NX-08", "/app//dashboard/"],
    ["NX-08", "//app/dashboard/"],
    ["NX-08", "/app/./vault/"],
    ["NX-08", "/app/pub/../vault/"],
    ["NX-08", "/app/%2e%2e/app/vault/"],
    ["NX-08", "/APP/dashboard"],
    ["NX-08", "/APP/dashboard/"],
    ["NX-08", "/app/DASHBOARD/"],
    ["NX-08", "/app/%64ashboard"],
    ["NX-08", "/%61pp/dashboard/"],
    ["NX-08", "/app%2fdashboard/"],
    ["NX-08", "/app\\dashboard"],
    ["NX-06", "/app/u/a.pdf"],
    ["NX-06", "/app/u/a.pdf/"],
    ["NX-05", "/app/vault.rsc"],
    ["NX-05", "/app/vault/.rsc"],
    ["NX-05", "/app/vault/index.rsc"],
    ["NX-05", "/app/index.rsc"],
    ["NX-05", "/app/vault.segments/_tree.segment.rsc"],
    ["NX-05", "/app/vault.segments/_full.segment.rsc"],
    ["NX-05", "/app/vault.segments/vault/__PAGE__.segment.rsc"],
    ["NX-07", "/app/vault/?_rsc=abcde"],
    ["NX-11", "/app/old-vault/"],
    ["NX-10", "/app/_next/data/BUILD/vault.json"],
    ["NX-10", "/app/_next/data/BUILD/older.json"],
    ["NX-10", "/_next/data/BUILD/app/vault.json"],
  ])("%s gets nothing by %s", async (_ids, path) => {
    await expectNothing(path);
  });

  // `i18n` in next.config is the Pages Router's: without a page of it the build fails, with one it is for the App Router, too.
  test.each(["/vault/", "/dashboard/", "/u/jane/", "/u/jane.doe", "/older/", "/fr/notes/", "/notes/", "/vault.rsc"])(
    "NX-10 NX-11 gets nothing of %s under a locale, of Next's own or of a [lang] segment",
    async (path) => {
      for (const locale of ["en", "de", "EN", "xx", "%65n"]) {
        await expectNothing(`/app/${locale}${path}`);
        await expectNothing(`/${locale}/app${path}`);
        await expectNothing(`/app/_next/data/BUILD/${locale}${path.replace(/\/?$/, ".json")}`);
      }
    },
  );
});

async function expectNothing(path: string): Promise<void> {
  for (const headers of [DOCUMENT, FETCH, { ...FETCH, ...RSC }, { "x-nextjs-data": "1" }, {}]) {
    const {
      status,
      headers: answered,
      body,
    } = await asIs(stage.baseUrl, path.replace("BUILD", stage.buildId), headers);
    expect(body, path).not.toMatch(CANARY);
    expect([303, 307, 308, 400, 401, 404], path).toContain(status);
    if (answered.location)
      expect(new URL(answered.location, stage.baseUrl).host, path).toBe(new URL(stage.baseUrl).host);
  }
}

describe("a member, under a base path with slashes at the end", () => {
  test.each(["/vault/", "/u/jane/", "/u/jane.doe", "/fr/notes/", "/older/", "/dashboard/"])(
    "sees %s, so there is something to be found",
    async (path) => {
      const headers = { ...DOCUMENT, cookie: await stage.cookieOf("ada") };
      expect((await asIs(stage.baseUrl, `/app${path}`, headers)).body).toMatch(CANARY);
    },
  );

  test("NX-11 signs in, is refreshed and signs out", async () => {
    const page = await stage.newPage();
    await signIn(stage, page, { path: "/dashboard/?from=mail" });
    expect(await page.locator("[data-canary=dashboard]").count()).toBe(1);
    for (const { path } of await kitCookies(page.context())) expect(path).toBe("/");

    await expireAccessToken(page.context());
    expect((await page.reload())?.status()).toBe(200);
    expect(stage.cognito.count("token", ({ params }) => params.grant_type === "refresh_token")).toBe(1);

    expect((await page.goto(`${stage.baseUrl}/auth/logout`))?.status()).toBe(403); // Typed: it asks first.
    await signOut(stage, page);
    await expectForgotten(page.context());
    expect([stage.cognito.count("revoke"), stage.cognito.count("logout")]).toEqual([1, 1]);
  });

  test("NX-11 who lacks the group sees the error page, whose way on stays under the base path", async () => {
    const page = await stage.newPage();
    await signIn(stage, page, { username: "grace", path: "/dashboard/" });
    expect((await page.goto(`${stage.baseUrl}/admin/`))?.status()).toBe(403);
    await page.getByRole("link", { name: "Go to the start page" }).click();
    await page.waitForURL(`${stage.baseUrl}/`);
  });
});
