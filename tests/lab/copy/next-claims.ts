import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { DOCUMENT, type RawResponse, raw } from "../../e2e/support/raw";
import { userOn } from "./browser-claims";
import type { Claim } from "./claims";
import type { Site } from "./site";

const ADA = /ada@example\.com/;

/** overlays/private-cache: pages that read the session inside `"use cache: private"`. */
export const PRIVATE_CACHE_CLAIMS: readonly Claim[] = [
  {
    title: "NX-19 a private cache holds each user's own session, and none for a visitor",
    prove: async (site) => {
      for (const [who, name] of [
        ["admin", "ada"],
        ["no-groups", "grace"],
      ] as const) {
        const page = await readAs(site, "/notes", who);
        assert.deepEqual([page.status, page.body.match(/(ada|grace)@example\.com/)?.[1]], [200, name]);
      }
      const page = await site.newPage();
      await page.goto(site.url("/hub"));
      assert.equal(await userOn(page), "nobody");
      await page.goto(site.url("/notes"));
      assert.equal(new URL(page.url()).origin, site.pool.cognito.domain);
    },
  },
  {
    title: "a link with prefetch={true} brings such a page before the click",
    prove: async (site) => {
      const page = await openHub(site);
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      await page.getByRole("link", { name: "Notes" }).click();
      await page.getByText(ADA).waitFor();
      assert.deepEqual(
        asked.filter((url) => url.includes("/notes")),
        [],
      );
    },
  },
  {
    title: "NX-19 after a sign-out in another tab nothing of the user can be read there",
    prove: async (site) => {
      const hub = await openHub(site);
      const notes = await hub.context().newPage();
      await notes.goto(site.url("/notes"));
      await notes.getByText(ADA).waitFor();
      const other = await hub.context().newPage();
      await other.goto(site.url("/dashboard"));
      await other.getByRole("button", { name: "Sign out" }).click();
      await other.waitForURL(site.url("/"));

      await hub.getByText("nobody").waitFor();
      assert.doesNotMatch(await hub.content(), ADA);
      await hub.getByRole("link", { name: "Notes" }).click();
      await atSignIn(site, hub);
      await atSignIn(site, notes);
      for (const page of [hub, notes]) {
        await page.goBack();
        await page.waitForLoadState("networkidle");
        assert.doesNotMatch(await page.content(), ADA);
      }
    },
  },
];

/** overlays/auth-interrupts: `experimental.authInterrupts`, and pages that only guard themselves. */
export const AUTH_INTERRUPTS_CLAIMS: readonly Claim[] = [
  {
    title: "NX-01 a page guard refuses a user without the group with 403 and the app's own forbidden.tsx",
    prove: async (site) => {
      const refused = await readAs(site, "/reports", "no-groups");
      assert.equal(refused.status, 403);
      assert.match(refused.body, /Not for you/);
      assert.doesNotMatch(refused.body, /Report of/);
      const shown = await readAs(site, "/reports", "admin");
      assert.deepEqual([shown.status, /Report of .*ada/.test(shown.body)], [200, true]);
    },
  },
  {
    title: "NX-12 an action that a script calls ends with 403",
    prove: async (site) => {
      const page = await site.newPage("no-groups");
      assert.equal(await submitReport(site, page), 403);
      await page.getByText("Not for you").waitFor();
    },
  },
  {
    title: "a form that is posted without JavaScript ends with 404 in Next 16.4",
    prove: async (site) => {
      const context = await site.browser.newContext({ javaScriptEnabled: false });
      await context.addCookies(await site.pool.signedInCookies("no-groups"));
      assert.equal(await submitReport(site, await context.newPage()), 404);
    },
  },
  {
    title: "a streamed page has sent its 200 already, and nothing private",
    prove: async (site) => {
      const { status, body } = await readAs(site, "/streamed", "no-groups");
      assert.equal(status, 200);
      assert.doesNotMatch(body, /Report of/);
      const page = await site.newPage("no-groups");
      await page.goto(site.url("/streamed"));
      await page.getByText("Not for you").waitFor();
    },
  },
];

/** overlays/next-intl: its middleware chooses the locale, the kit's guards the page. */
export const LOCALE_CLAIMS: readonly Claim[] = [
  {
    title: "a page of each locale renders with the session that was refreshed for it",
    prove: async (site) => {
      for (const [path, title, lang] of [
        ["/welcome", "Welcome", "en"],
        ["/de/welcome", "Willkommen", "de"],
      ] as const) {
        const response = await readAs(site, path, "expired");
        assert.equal(response.status, 200);
        assert.match(response.body, new RegExp(`<html lang="${lang}"`));
        assert.match(response.body, new RegExp(`<h1>${title}</h1>`));
        assert.match(response.body, ADA);
        expectRefreshed(response);
      }
    },
  },
  {
    title: "a redirect of next-intl takes the refreshed cookies and its own cookie along",
    prove: async (site) => {
      const response = await readAs(site, "/en/welcome", "expired", { "accept-language": "de" });
      assert.equal(response.status, 307);
      assert.ok(response.setCookie.some((line) => line.startsWith("NEXT_LOCALE=en;")));
      assert.equal(new URL(response.headers.location ?? "", site.origin).pathname, "/welcome");
      expectRefreshed(response);
    },
  },
  {
    title: "next-intl chooses the locale of a visitor by Accept-Language",
    prove: async (site) => {
      const { status, headers } = await raw(site.url("/"), { headers: { ...DOCUMENT, "accept-language": "de" } });
      assert.deepEqual([status, new URL(headers.location ?? "", site.origin).pathname], [307, "/de"]);
    },
  },
  {
    title: "a page of another locale asks for a sign-in, comes back, and is closed without the group",
    prove: async (site) => {
      const { status, headers } = await raw(site.url("/de/welcome?q=1"), { headers: DOCUMENT });
      assert.deepEqual([status, headers.location?.split("?")[1]], [303, "returnTo=%2Fde%2Fwelcome%3Fq%3D1"]);
      assert.equal((await readAs(site, "/de/admin", "no-groups")).status, 403);
    },
  },
  {
    title: "the error page has a root layout",
    prove: async (site) => {
      const { status, body } = await raw(site.url("/auth/error?code=grant_rejected"), { headers: DOCUMENT });
      assert.equal(status, 200);
      assert.match(body, /<html lang="en".*grant_rejected/s);
    },
  },
];

async function readAs(site: Site, path: string, who: string, more: Record<string, string> = {}): Promise<RawResponse> {
  return raw(site.url(path), { headers: { ...DOCUMENT, ...more, cookie: await site.cookieOf(who) } });
}

/** A page, signed in as ada, whose link has prefetched /notes. */
async function openHub(site: Site): Promise<Page> {
  const page = await site.newPage("admin");
  await page.goto(site.url("/hub"));
  await page.getByText("ada").waitFor();
  await page.waitForLoadState("networkidle");
  return page;
}

async function atSignIn(site: Site, page: Page): Promise<void> {
  await page.waitForURL((url) => url.origin === site.pool.cognito.domain);
}

/** The status that the form's action ends with. */
async function submitReport(site: Site, page: Page): Promise<number> {
  await page.goto(site.url("/desk"));
  const posted = page.waitForResponse((response) => response.request().method() === "POST");
  await page.getByRole("button", { name: "Create a report" }).click();
  return (await posted).status();
}

function expectRefreshed({ setCookie, headers }: RawResponse): void {
  const names = setCookie.map((line) => line.split("=")[0] ?? "");
  for (const name of ["auth.access", "auth.refresh", "auth.id"]) assert.ok(names.includes(name), name);
  assert.match(headers["cache-control"] ?? "", /private.*no-store/);
  assert.doesNotMatch(Object.keys(headers).join(), /x-middleware-(request|override|next)/);
}
