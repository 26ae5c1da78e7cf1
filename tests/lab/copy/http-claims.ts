import assert from "node:assert/strict";
import { DOCUMENT, FETCH, type RawResponse, raw } from "../../e2e/support/raw";
import type { Claim } from "./claims";

/** Who gets what, over plain HTTP. */
export const HTTP_CLAIMS: readonly Claim[] = [
  {
    title: "a page asks for a sign-in, and remembers its query",
    prove: async (site) => {
      const asked = site.url("/dashboard?from=mail&q=a%26b");
      const { status, headers } = await raw(asked, { headers: DOCUMENT });
      const location = new URL(headers.location ?? "about:blank", site.origin);
      assert.equal(status, 303);
      assert.equal(location.origin + location.pathname, `${site.pool.env.APP_BASE_URL}/auth/login`);
      assert.equal(site.origin + location.searchParams.get("returnTo"), asked);
    },
  },
  {
    title: "a fetch without a session is a 401, and no redirect",
    prove: async (site) => expectProblem(await raw(site.url("/dashboard"), { headers: FETCH }), 401, "Bearer"),
  },
  {
    title: "an API answers nobody with a 401 problem, and with data where a session is optional",
    prove: async (site) => {
      expectProblem(await raw(site.url("/api/me")), 401, "Bearer");
      expectProblem(await raw(site.url("/api/me"), { method: "POST" }), 401, "Bearer");
      expectJson(await raw(site.url("/api/hello")), { user: null });
    },
  },
  {
    title: "the admin page is a 403 without the group, and shown with it",
    prove: async (site) => {
      const ask = async (who: string) =>
        raw(site.url("/admin"), { headers: { ...DOCUMENT, cookie: await site.cookieOf(who) } });
      const refused = await ask("no-groups");
      assert.equal(refused.status, 403);
      assert.match(refused.body, site.layout.cacheComponents ? /Forbidden<\/h1>/ : /You may not see this page/);
      expectPrivate(refused);
      const shown = await ask("admin");
      assert.equal(shown.status, 200);
      assert.match(shown.body, />ada</);
      expectPrivate(shown);
    },
  },
  {
    title: "a bad Bearer token is a 401 everywhere, and no cookie rescues it",
    prove: async (site) => {
      const headers = { authorization: "Bearer nonsense", cookie: await site.cookieOf("admin") };
      for (const path of ["/dashboard", "/api/me", "/api/hello"]) {
        expectProblem(await raw(site.url(path), { headers }), 401, 'Bearer error="invalid_token"');
      }
    },
  },
  {
    title: "a Bearer token is good for an API, a machine's is a 403, and an expired one a 401",
    prove: async (site) => {
      const ask = async (who: string) =>
        raw(site.url("/api/me"), { headers: { authorization: `Bearer ${await site.pool.bearerFor(who)}` } });
      expectJson(await ask("admin"), { username: "ada", groups: ["admins", "editors"], source: "bearer" });
      expectProblem(await ask("machine"), 403);
      expectProblem(await ask("expired"), 401, 'Bearer error="invalid_token"');
    },
  },
  {
    title: "a POST that another site makes the browser send is a 403, and the app's own is not",
    prove: async (site) => {
      const cookie = await site.cookieOf("admin");
      const post = (path: string, from: string) =>
        raw(site.url(path), { method: "POST", headers: { ...FETCH, cookie, "sec-fetch-site": from } });
      for (const path of ["/api/me", "/dashboard", "/", "/settings", "/auth/logout"]) {
        assert.equal((await post(path, "cross-site")).status, 403, path);
      }
      expectJson(await post("/api/me", "same-origin"), { username: "ada", source: "cookie" });
    },
  },
  {
    title: "while Cognito does not answer, an expired session is a 503 that keeps it, and then goes on",
    prove: async (site) => {
      const cookie = await site.cookieOf("expired");
      site.pool.cognito.fault("token", { status: 503 });
      try {
        const page = await raw(site.url("/dashboard"), { headers: { ...DOCUMENT, cookie } });
        assert.deepEqual([page.status, page.headers["retry-after"], page.setCookie], [503, "5", []]);
        for (const path of ["/dashboard", "/api/me", "/api/hello"]) {
          expectProblem(await raw(site.url(path), { headers: { ...FETCH, cookie } }), 503);
        }
      } finally {
        site.pool.cognito.clearFaults();
      }
      const later = await raw(site.url("/dashboard"), { headers: { ...DOCUMENT, cookie } });
      assert.equal(later.status, 200);
      assert.match(later.body, /ada@example\.com/);
      assert.ok(later.setCookie.some((line) => /auth\.access/.test(line)));
    },
  },
];

function expectProblem(response: RawResponse, status: number, challenge?: string): void {
  assert.equal(response.status, status);
  assert.equal(response.headers["content-type"], "application/problem+json");
  assert.equal(response.headers["www-authenticate"], challenge);
  assert.equal(response.headers.location, undefined);
  expectPrivate(response);
}

function expectJson(response: RawResponse, members: Readonly<Record<string, unknown>>): void {
  assert.equal(response.status, 200);
  const body: Record<string, unknown> = JSON.parse(response.body);
  for (const [name, value] of Object.entries(members)) assert.deepEqual(body[name], value, name);
}

function expectPrivate({ headers }: RawResponse): void {
  assert.match(headers["cache-control"] ?? "", /private/);
  assert.match(headers["cache-control"] ?? "", /no-store/);
  assert.doesNotMatch(headers["cache-control"] ?? "", /public|s-maxage/);
}
