import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { expectForgotten, kitCookies, submitLogin } from "../../e2e/support/flows";
import type { Claim } from "./claims";

/** What people see, in a browser. */
export const BROWSER_CLAIMS: readonly Claim[] = [
  {
    title: "signing in leads back to the page with its query, and the page shows who it is",
    prove: async (site) => {
      const page = await site.newPage();
      const asked = site.url("/dashboard?from=mail&q=a%26b");
      await page.goto(asked);
      await submitLogin(page, "ada");
      await page.waitForURL(asked);
      assert.match(await userOn(page), /ada ada@example\.com admins editors/);
      assert.ok((await kitCookies(page.context())).every(({ httpOnly, sameSite }) => httpOnly && sameSite === "Lax"));
    },
  },
  {
    title: "links of the app's pages lead to sign-in and back, by <Link> and by <a>",
    prove: async (site) => {
      for (const name of ["Dashboard", "Sign in"]) {
        const page = await site.newPage();
        await page.goto(site.url("/"));
        assert.equal(await userOn(page), "nobody");
        await page.getByRole("link", { name }).click();
        await page.waitForURL((url) => url.origin === site.pool.cognito.domain);
        await submitLogin(page, "grace");
        await page.waitForURL(site.url("/dashboard"));
        assert.match(await userOn(page), /grace/);
      }
    },
  },
  {
    title: "a page that only guards itself asks for a sign-in, and comes back",
    prove: async (site) => {
      const page = await site.newPage();
      await page.goto(site.url("/settings"));
      await page.waitForURL((url) => url.origin === site.pool.cognito.domain);
      await submitLogin(page, "ada");
      await page.waitForURL(site.url("/settings"));
      assert.equal(await userOn(page), "ada");
    },
  },
  {
    title: "an expired access token is refreshed on the way to the page",
    prove: async (site) => {
      const page = await site.newPage("expired");
      const before = site.pool.cognito.count("token");
      await page.goto(site.url("/dashboard"));
      assert.match(await userOn(page), /ada/);
      assert.equal(site.pool.cognito.count("token"), before + 1);
      assert.ok((await kitCookies(page.context())).some(({ name }) => name.endsWith(".access")));
      await page.reload();
      assert.equal(site.pool.cognito.count("token"), before + 1);
    },
  },
  {
    title: "the start page, which is public, knows who is signed in, with an expired access token, too",
    prove: async (site) => {
      for (const person of ["no-groups", "expired"]) {
        const page = await site.newPage(person);
        await page.goto(site.url("/"));
        assert.equal(await userOn(page), person === "expired" ? "ada" : "grace");
      }
    },
  },
  {
    title: "signing out ends on the start page, forgets the cookies and revokes the refresh token",
    prove: async (site) => {
      const page = await site.newPage("federated");
      await page.goto(site.url("/dashboard"));
      assert.match(await userOn(page), /Google_104217/);
      const revocations = site.pool.cognito.count("revoke");
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.waitForURL(site.url("/"));
      assert.equal(await userOn(page), "nobody");
      await expectForgotten(page.context());
      assert.equal(site.pool.cognito.count("revoke"), revocations + 1);
      await page.goto(site.url("/dashboard"));
      assert.equal(new URL(page.url()).origin, site.pool.cognito.domain);
    },
  },
];

/** Whom the page shows. */
export async function userOn(page: Page): Promise<string> {
  return (await page.locator("#user").textContent()) ?? "";
}
