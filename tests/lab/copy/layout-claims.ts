import assert from "node:assert/strict";
import { submitLogin } from "../../e2e/support/flows";
import { DOCUMENT, type RawResponse, raw } from "../../e2e/support/raw";
import { userOn } from "./browser-claims";
import type { Claim } from "./claims";
import type { Site } from "./site";

/** Two servers that share nothing: every other request of a sign-in reaches the other one. */
export const REPLICA_CLAIMS: readonly Claim[] = [
  {
    title: "a sign-in goes over both servers",
    prove: async (site) => {
      const page = await site.newPage();
      const served = new Set<string>();
      page.on("response", (response) => served.add(response.headers()["x-served-by"] ?? ""));
      await page.goto(site.url("/dashboard"));
      await submitLogin(page, "ada");
      await page.waitForURL(site.url("/dashboard"));
      for (const _ of ["A", "B"]) {
        await page.reload();
        assert.match(await userOn(page), /ada/);
      }
      assert.ok(served.has("A") && served.has("B"));
    },
  },
];

/** combined/middleware.ts: a locale's redirect, its rewrite and a header, together with the kit. */
export const COMBINED_CLAIMS: readonly Claim[] = [
  {
    title: "the app's own redirect still works, and needs no session",
    prove: async (site) => {
      const { status, headers } = await raw(site.url("/"), { headers: { ...DOCUMENT, "accept-language": "de" } });
      assert.deepEqual([status, headers.location], [307, "/de"]);
    },
  },
  {
    title: "a rewritten page is guarded as the page that it is",
    prove: async (site) => {
      const anonymous = await raw(site.url("/de/dashboard?q=1"), { headers: DOCUMENT });
      assert.deepEqual(
        [anonymous.status, anonymous.headers.location],
        [303, "/auth/login?returnTo=%2Fde%2Fdashboard%3Fq%3D1"],
      );
      const cookie = await site.cookieOf("no-groups");
      assert.equal((await raw(site.url("/de/admin"), { headers: { ...DOCUMENT, cookie } })).status, 403);
    },
  },
  {
    title: "a rewritten page renders with the session that was refreshed for it, and has the app's own header",
    prove: async (site) => {
      const response = await asExpired(site, "/de/dashboard");
      assert.equal(response.status, 200);
      assert.match(response.body, /ada@example\.com/);
      assert.equal(response.headers["x-frame-options"], "DENY");
      assert.match(response.headers["cache-control"] ?? "", /private.*no-store/);
    },
  },
  {
    title: "a redirect that depends on the session takes the refreshed cookies along",
    prove: async (site) => {
      const { status, headers } = await asExpired(site, "/home");
      assert.deepEqual([status, headers.location], [307, "/dashboard"]);
    },
  },
];

/** As somebody whose session has to be refreshed: that the browser gets it, and that Next's own headers stay inside. */
async function asExpired(site: Site, path: string): Promise<RawResponse> {
  const cookie = await site.cookieOf("expired");
  const response = await raw(site.url(path), { headers: { ...DOCUMENT, cookie } });
  const names = response.setCookie.map((line) => line.split("=")[0]);
  assert.deepEqual(names, ["auth.access", "auth.refresh", "auth.id"]);
  assert.doesNotMatch(Object.keys(response.headers).join(), /x-middleware-(request|override|next)/);
  return response;
}
