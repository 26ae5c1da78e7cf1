import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launchBrowser } from "./support/chromium";
import { expireAccessToken, kitCookies, submitLogin } from "./support/flows";
import { openTenants, type Tenant, type TwoTenants } from "./support/open-tenants";
import { CLICKED_FORM, DOCUMENT, FETCH, getBytes, type RawRequest, raw } from "./support/raw";
import { CLIENT_ID } from "./support/stage";
import { variantFolder } from "./support/variants";

const CANARY = /data-canary|private-canary|Ada Lovelace/;

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

const asked = ({ cognito }: Tenant) => cognito.requests.map(({ name }) => name).filter((name) => name !== "jwks");

describe.each(["base-path", "proxy"] as const)("two tenants in the build %s", (variant) => {
  const slash = variant === "base-path" ? "/" : "";
  let stage: TwoTenants;
  let context: BrowserContext;
  beforeAll(async () => {
    stage = await openTenants(variant);
  });
  afterAll(() => stage?.close());
  beforeEach(async () => {
    await Promise.all(browser.contexts().map((it) => it.close()));
    for (const { cognito } of [stage.acme, stage.globex]) cognito.clearRequests();
    context = await browser.newContext({ ignoreHTTPSErrors: true });
    context.setDefaultTimeout(15_000);
  });

  async function signIn({ baseUrl }: Tenant, username = "ada") {
    const page = await context.newPage();
    await page.goto(`${baseUrl}/dashboard${slash}`);
    await submitLogin(page, username);
    await page.waitForURL(`${baseUrl}/dashboard${slash}`);
    return page;
  }

  /** The tenant and user whom the app sees at an address, in the browser. */
  async function seenAt({ baseUrl }: Tenant) {
    const page = await context.newPage();
    const response = await page.goto(`${baseUrl}/api/tenant${slash}`);
    return response?.json();
  }

  /** A request to a tenant's address, as the proxy passes it on. */
  const at = ({ host }: Tenant, path: string, { headers, ...more }: RawRequest = {}) => {
    const forwarded = { host, "x-forwarded-host": host, "x-forwarded-proto": "https" };
    return raw(stage.inner + path, { ...more, headers: { ...headers, ...forwarded } });
  };

  test("NW-06 one browser signs in, refreshes and signs out at each, and each at its own pool", async () => {
    const { acme, globex } = stage;
    const page = await signIn(acme, "ada");
    await signIn(globex, "grace");
    expect(await seenAt(acme)).toEqual({ tenant: "acme", username: "ada" });
    expect(await seenAt(globex)).toEqual({ tenant: "globex", username: "grace" });

    for (const { cognito } of [acme, globex]) cognito.clearRequests();
    await expireAccessToken(context);
    expect((await page.reload())?.status()).toBe(200);
    expect(await page.locator("[data-canary=dashboard]").count()).toBe(1);
    expect([asked(acme), asked(globex)]).toEqual([["token"], []]);

    await page.goto(`${acme.baseUrl}/auth/logout${slash}`); // Typed: it asks first.
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(`${acme.baseUrl}/`);
    expect(await seenAt(acme)).toEqual({ tenant: null, username: null });
    expect(asked(acme)).toEqual(expect.arrayContaining(["revoke", "logout"]));
    expect(asked(globex)).toEqual([]);
    const other = await context.newPage();
    expect((await other.goto(`${globex.baseUrl}/dashboard${slash}`))?.status()).toBe(200);
    expect(await seenAt(globex)).toEqual({ tenant: "globex", username: "grace" });
    expect(asked(globex)).toEqual(["token"]);
  });

  test("NW-06 a server action runs for the user of its tenant", async () => {
    const page = await signIn(stage.globex);
    await page.getByRole("button", { name: "Say hello from the server" }).click();
    await page.getByText("Hello Ada").waitFor();
  });

  describe("NW-06 a user of one tenant with all cookies at the other's address", () => {
    let cookie: string;
    let action: Record<string, string>;
    beforeEach(async () => {
      await signIn(stage.acme);
      const cookies = await kitCookies(context);
      cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
      const manifest = join(variantFolder(variant), ".next/server/server-reference-manifest.json");
      const { node }: { node: Record<string, { exportedName: string }> } = JSON.parse(await readFile(manifest, "utf8"));
      const [id = ""] = Object.entries(node).find(([, { exportedName }]) => exportedName === "sayHello") ?? [];
      action = { accept: "text/x-component", "content-type": "text/plain;charset=UTF-8", "next-action": id };
      for (const { cognito } of [stage.acme, stage.globex]) cognito.clearRequests();
    });

    const send = (tenant: Tenant, path: string, headers: object, method = "GET") =>
      at(tenant, path, { method, headers: { ...headers, cookie }, ...(method === "POST" && { body: "[]" }) });
    const call = (tenant: Tenant) => {
      const origin = new URL(tenant.baseUrl).origin;
      return send(tenant, `/dashboard${slash}`, { ...FETCH, ...action, origin }, "POST");
    };

    test("sees no page, no API and no action", async () => {
      const { acme, globex } = stage;
      const page = await send(globex, `/dashboard${slash}`, DOCUMENT);
      expect([page.status, page.headers.location]).toEqual([303, expect.stringContaining("/auth/login?returnTo=")]);
      expect((await send(globex, `/api/me${slash}`, FETCH)).status).toBe(401);
      expect(JSON.parse((await send(globex, `/api/tenant${slash}`, FETCH)).body).tenant).toBeNull();
      expect((await call(globex)).status).toBe(401);
      expect([page.body, (await call(globex)).body].join()).not.toMatch(CANARY);
      expect((await call(acme)).body).toContain("Hello Ada");
      expect([asked(acme), asked(globex)]).toEqual([[], []]);
    });

    test("renews nothing, and signs nobody out at a pool", async () => {
      const { acme, globex } = stage;
      expect((await send(globex, `/auth/refresh${slash}`, FETCH, "POST")).status).toBe(401);
      expect((await send(globex, `/auth/logout${slash}`, CLICKED_FORM, "POST")).status).toBe(303);
      expect([asked(acme), asked(globex)]).toEqual([[], []]);
      expect((await send(acme, `/api/me${slash}`, FETCH)).status).toBe(200);
    });

    test("brings no sign-in to an end there that began here", async () => {
      const { acme, globex } = stage;
      const start = await at(acme, `/auth/login${slash}?prompt=login&returnTo=/`, { headers: DOCUMENT });
      const pending = start.setCookie.map((line) => line.split(";", 1)[0]).join("; ");
      const { search } = new URL(await acme.cognito.authorize(start.headers.location ?? "", "ada"));
      for (const pool of [acme, globex]) pool.cognito.clearRequests();
      const headers = { ...DOCUMENT, cookie: pending };
      const answer = await at(globex, `/auth/callback${slash}${search}`, { headers });
      expect(answer.headers.location).toContain("/auth/error?code=transaction_missing");
      expect([asked(acme), asked(globex)]).toEqual([[], []]);
    });
  });

  describe("NW-05 NW-06 an address of no tenant", () => {
    const PATHS = ["/", "/dashboard", "/auth/login", "/auth/callback?code=a&state=b", "/auth/logout", "/api/me"];

    test.each<[what: string, headers: (it: TwoTenants) => Record<string, string>]>([
      ["an unknown host", () => ({ host: "other.example" })],
      ["the server's own address", () => ({})],
      ["a host with a dot at its end", ({ acme }) => ({ host: acme.host.replace(":", ".:") })],
      ["a host without its port", ({ acme }) => ({ host: acme.host.replace(/:.*/, "") })],
      ["a host with a user", ({ acme }) => ({ host: `a@${acme.host}` })],
      ["a host below a tenant's", ({ acme }) => ({ host: `evil.${acme.host}` })],
      ["two headers that name two tenants", (it) => ({ host: it.acme.host, "x-forwarded-host": it.globex.host })],
      ["the other way round", (it) => ({ host: it.globex.host, "x-forwarded-host": it.acme.host })],
      [
        "a list of hosts that begins with another tenant",
        (it) => ({ host: it.globex.host, "x-forwarded-host": `${it.acme.host}, ${it.globex.host}` }),
      ],
    ])("%s gets a 404 from middleware and routes", async (_what, headersOf) => {
      const headers = { ...DOCUMENT, ...headersOf(stage) };
      for (const path of PATHS) {
        const [pathname = "", query = ""] = path.split("?");
        const url = `${stage.inner}${pathname.replace(/\/?$/, slash || (pathname === "/" ? "/" : ""))}?${query}`;
        for (const method of /logout/.test(path) ? ["GET", "POST"] : ["GET"]) {
          const answer = await raw(url, { method, headers });
          expect([path, answer.status, answer.setCookie]).toEqual([path, 404, []]);
          expect(answer.body).not.toMatch(CANARY);
        }
      }
    });

    test("upper case, the proxy's header alone, and a list of one tenant's hosts are served", async () => {
      const { acme, inner } = stage;
      const hosts = [
        { host: acme.host.toUpperCase() },
        { "x-forwarded-host": acme.host },
        { host: acme.host, "x-forwarded-host": `${acme.host}, cdn.example` },
        { host: acme.host, "x-forwarded-host": "cdn.example" },
      ];
      for (const headers of hosts) {
        const { status, headers: answer } = await raw(`${inner}/dashboard${slash}`, {
          headers: { ...DOCUMENT, ...headers },
        });
        expect([status, answer.location]).toEqual([303, expect.stringContaining(acme.baseUrl)]);
      }
    });
  });
});

describe("two tenants in a build whose middleware sees no page", () => {
  let stage: TwoTenants;
  let cookie: string;
  beforeAll(async () => {
    stage = await openTenants("no-middleware");
    cookie = `__Host-auth.access=${await stage.acme.cognito.accessTokenFor("ada", { clientId: CLIENT_ID })}`;
  });
  afterAll(() => stage?.close());

  const send = (path: string, hosts: Record<string, string>) =>
    raw(stage.inner + path, { headers: { ...DOCUMENT, cookie, ...hosts } });

  test("NW-06 a page and an API know the user at the address of their tenant only", async () => {
    const { acme, globex } = stage;
    expect((await send("/dashboard", { host: acme.host })).body).toContain("data-canary");
    expect(JSON.parse((await send("/api/tenant", { host: acme.host })).body).tenant).toBe("acme");
    const page = await send("/dashboard", { host: globex.host });
    expect([page.status, page.headers.location]).toEqual([307, "/auth/login?returnTo=%2Fdashboard"]);
    expect(page.body).not.toMatch(CANARY);
    expect((await send("/api/me", { host: globex.host })).status).toBe(401);
  });

  test("NW-05 NW-06 pages, APIs and routes answer 404 at an address of no tenant", async () => {
    const { acme, globex } = stage;
    const addresses = [
      { host: "other.example" },
      {},
      { host: acme.host, "x-forwarded-host": globex.host },
      { host: globex.host, "x-forwarded-host": acme.host },
    ];
    for (const hosts of addresses) {
      for (const path of ["/dashboard", "/api/me", "/api/tenant", "/auth/login", "/auth/logout"]) {
        const answer = await send(path, hosts);
        expect([path, answer.status, answer.setCookie]).toEqual([path, 404, []]);
        expect(answer.body).not.toMatch(CANARY);
      }
    }
  });

  test("NW-05 a header that is sent twice, or with bytes around the host, names no other tenant", async () => {
    const { acme, globex } = stage;
    const sendLines = (lines: readonly string[]) =>
      getBytes(stage.inner, "/api/tenant", [...lines, `cookie: ${cookie}`], globex.host);
    for (const lines of [
      [`host: ${acme.host}`],
      [`forwarded: host=${acme.host}`],
      [`x-forwarded-host: https://${acme.host}`],
      [`x-forwarded-host: \xa0${acme.host}`],
      [`x-forwarded-host: other.example, ${acme.host}`],
    ]) {
      expect((await sendLines(lines)).body).toContain('{"tenant":null,"username":null}');
    }
    const twice = [`x-forwarded-host: ${acme.host}`, `x-forwarded-host: ${globex.host}`];
    expect((await sendLines(twice)).status).toBe(404);
  });
});
