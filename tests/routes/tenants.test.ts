import { unstable_rethrow } from "next/navigation";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Browser, CLICKED, FETCHED, type Kit, loadKit, pathOf, startPool, TYPED } from "../support/kit";

// Two user pools, whose app clients have the same id and the same secret: the worst case for a mix-up.
const ACME = "https://acme.example";
const GLOBEX = "https://globex.example";
const SECRET = "a-secret-of-more-than-thirty-two-bytes";

// Outside Next, `headers()` has no request to read.
const sent = vi.hoisted(() => ({ headers: new Headers() }));
vi.mock("next/headers", () => ({ headers: async () => sent.headers }));

type Pool = Awaited<ReturnType<typeof startPool>>;
let acme: Pool;
let globex: Pool;

beforeAll(async () => {
  acme = await startPool({ origin: ACME, settings: { rotation: true } });
  globex = await startPool({ origin: GLOBEX, settings: { rotation: true } });
});
afterAll(() => Promise.all([acme.cognito.close(), globex.cognito.close()]));
beforeEach(() => void vi.spyOn(console, "info").mockReturnValue());

const tenantOf = (name: string, { env }: Pool) => ({
  name,
  APP_BASE_URL: env.APP_BASE_URL ?? "",
  COGNITO_ISSUER: env.COGNITO_ISSUER ?? "",
  COGNITO_DOMAIN: env.COGNITO_DOMAIN ?? "",
});

/** Loads the kit with both tenants. Everything else is shared. */
function load(env: Record<string, string> = {}): Promise<Kit> {
  const { COGNITO_CLIENT_ID, COGNITO_CLIENT_SECRET } = acme.env;
  const tenants = [tenantOf("acme", acme), tenantOf("globex", globex)];
  return loadKit({ COGNITO_CLIENT_ID, COGNITO_CLIENT_SECRET, ...env }, { tenants });
}

/** A browser that sends a Host header, as every browser does. */
class HostBrowser extends Browser {
  override request(path: string, headers: Record<string, string> = TYPED, init: RequestInit = {}) {
    return super.request(path, { host: new URL(this.base).host, ...headers }, init);
  }
}

const browserOf = (kit: Kit, { cognito, origin }: Pool) => new HostBrowser(kit, cognito, origin);

/** A browser at the address of one tenant with all the cookies of another's user. */
async function moved(kit: Kit, from: Pool, to: Pool): Promise<HostBrowser> {
  const [user, thief] = [browserOf(kit, from), browserOf(kit, to)];
  await user.signIn();
  for (const [name, cookie] of user.jar) thief.jar.set(name, cookie);
  for (const { cognito } of [from, to]) cognito.clearRequests();
  return thief;
}

async function configAt(origin: string) {
  const { getConfig } = await import("@/lib/auth/config");
  const config = getConfig(new Headers({ host: new URL(origin).host }));
  if (!config) throw new Error(`no tenant has the address ${origin}`);
  return config;
}

const asked = () => [acme, globex].flatMap(({ cognito }) => cognito.requests.filter(({ name }) => name !== "jwks"));
const isSignedIn = (response: Response) => response.headers.get("x-middleware-next") === "1";

async function callApi(kit: Kit, browser: HostBrowser, headers: Record<string, string> = FETCHED) {
  const handler = kit.api.withSession((_request, { user, tenant }) => Response.json({ name: user.username, tenant }));
  return handler(browser.request("/api/me", headers), null);
}

describe.each([
  ["with cookies that the client secret signs", {}],
  ["with cookies that AUTH_SECRET seals", { AUTH_SECRET: SECRET }],
])("%s", (_what, env: Record<string, string>) => {
  test("NW-06 each tenant's users sign in at their own pool, and the session names the tenant", async () => {
    const kit = await load(env);
    for (const [pool, name] of [
      [acme, "acme"],
      [globex, "globex"],
    ] as const) {
      const browser = browserOf(kit, pool);
      expect((await browser.signIn("ada")).headers.get("location")).toBe(`${pool.origin}/dashboard`);
      expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
      expect(await (await callApi(kit, browser)).json()).toEqual({ name: "ada", tenant: name });
      expect((await browser.signOut()).headers.get("location")).toContain(pool.env.COGNITO_DOMAIN);
    }
  });

  describe("NW-06 cookies of one tenant mean nothing at another's address:", () => {
    test("a page load is sent to sign-in, and neither pool is asked", async () => {
      const thief = await moved(await load(env), acme, globex);
      expect(pathOf(await thief.visit("/dashboard"))).toBe("/auth/login?returnTo=%2Fdashboard");
      expect(asked()).toEqual([]);
    });

    test("a page load without an access token refreshes nothing", async () => {
      const thief = await moved(await load(env), acme, globex);
      thief.drop("__Host-auth.access");
      expect(pathOf(await thief.visit("/dashboard"))).toBe("/auth/login?returnTo=%2Fdashboard");
      expect(asked()).toEqual([]);
    });

    test("an API answers 401", async () => {
      const kit = await load(env);
      expect((await callApi(kit, await moved(kit, acme, globex))).status).toBe(401);
    });

    test("a page finds nobody", async () => {
      const thief = await moved(await load(env), acme, globex);
      sent.headers = thief.request("/dashboard").headers;
      const door = await import("@/lib/auth/session");
      expect([await door.getSession(), await door.getAccessToken(), await door.getIdToken()]).toEqual([
        null,
        null,
        null,
      ]);
    });

    test("sign-in starts anew, at the pool of the address", async () => {
      const thief = await moved(await load(env), acme, globex);
      expect((await thief.login()).headers.get("location")).toContain(`${globex.env.COGNITO_DOMAIN}/oauth2/authorize`);
      expect(asked()).toEqual([]);
    });

    test("a renewal answers 401, and neither pool is asked", async () => {
      const kit = await load(env);
      const thief = await moved(kit, acme, globex);
      const answer = await kit.refresh.POST(thief.request("/auth/refresh", FETCHED, { method: "POST" }));
      expect(answer.status).toBe(401);
      expect(asked()).toEqual([]);
    });

    test("sign-out sends no refresh token to the other pool", async () => {
      const thief = await moved(await load(env), acme, globex);
      await thief.signOut();
      expect(asked()).toEqual([]);
    });

    test("a callback finds no sign-in of this browser, and no code reaches a pool", async () => {
      const kit = await load(env);
      const [user, thief] = [browserOf(kit, acme), browserOf(kit, globex)];
      const url = await acme.cognito.authorize((await user.login()).headers.get("location") ?? "", "ada");
      for (const [name, cookie] of user.jar) thief.jar.set(name, cookie);
      for (const { cognito } of [acme, globex]) cognito.clearRequests();
      const answer = await thief.callback(url.replace(ACME, GLOBEX));
      expect(pathOf(answer)).toBe("/auth/error?code=transaction_missing");
      expect(asked()).toEqual([]);
    });

    test("a mark of an ended sign-in ends nothing there", async () => {
      const kit = await load(env);
      const browser = browserOf(kit, globex);
      await browser.signIn();
      const jar = new kit.core.CookieJar(browser.request("/").headers, await configAt(GLOBEX));
      const state = await kit.core.refreshCookie.readRefreshState(jar);
      if (!state) throw new Error("no refresh cookie");
      for (const [origin, status] of [
        [ACME, 200],
        [GLOBEX, 303],
      ] as const) {
        const marks = new kit.core.CookieJar(new Headers(), await configAt(origin));
        await kit.core.ended.markEnded(marks, state.signIn, state.sessionEndsAt);
        const [{ name, value } = { name: "", value: "" }] = marks.changes;
        browser.jar.set(name, { value, line: "", expiresAt: Number.POSITIVE_INFINITY });
        expect((await browser.visit("/dashboard")).status).toBe(status);
      }
    });
  });

  test("NW-06 the users of a pool stay signed in when it becomes the first tenant", async () => {
    const before = await loadKit({ ...acme.env, ...env });
    const browser = browserOf(before, acme);
    await browser.signIn();
    const later = browserOf(await load(env), acme);
    for (const [name, cookie] of browser.jar) later.jar.set(name, cookie);
    expect(isSignedIn(await later.visit("/dashboard"))).toBe(true);
    later.drop("__Host-auth.access");
    expect(isSignedIn(await later.visit("/dashboard"))).toBe(true);
  });

  test("NW-06 a kept answer of one tenant serves no request of another", async () => {
    const kit = await load(env);
    const [user, thief] = [browserOf(kit, acme), browserOf(kit, globex)];
    await user.signIn();
    await thief.signIn();
    const old = acme.cognito.signIns.at(-1)?.refreshTokens[0]?.token ?? "";
    user.drop("__Host-auth.access");
    expect(isSignedIn(await user.visit("/dashboard"))).toBe(true); // Middleware keeps the answer for this token.
    // Nobody but the app can write this: a good cookie of one tenant with the refresh token of another.
    const jar = new kit.core.CookieJar(thief.request("/").headers, await configAt(GLOBEX));
    const state = await kit.core.refreshCookie.readRefreshState(jar);
    if (!state) throw new Error("no refresh cookie");
    await kit.core.refreshCookie.writeRefreshFacts(jar, { ...state, refreshToken: old }, Date.now());
    thief.drop("__Host-auth.access");
    for (const { name, value } of jar.changes)
      thief.jar.set(name, { value, line: "", expiresAt: Number.POSITIVE_INFINITY });
    globex.cognito.clearRequests();
    expect(isSignedIn(await thief.visit("/dashboard"))).toBe(false);
    expect(globex.cognito.count("token")).toBe(1); // Its own pool was asked, and rejected the token.
  });
});

describe("NW-06 Bearer tokens", () => {
  const bearer = (token: string) => ({ accept: "application/json", authorization: `Bearer ${token}` });

  test("a token that one tenant's address has verified is 401 at another's", async () => {
    const kit = await load();
    const clientId = acme.env.COGNITO_CLIENT_ID;
    const headers = bearer(await acme.cognito.accessTokenFor("ada", { ...(clientId && { clientId }) }));
    expect((await callApi(kit, browserOf(kit, acme), headers)).status).toBe(200);
    expect((await callApi(kit, browserOf(kit, globex), headers)).status).toBe(401);
    expect((await browserOf(kit, globex).visit("/dashboard", headers)).status).toBe(401);
  });

  test("a token that another tenant's key signed is 401, although it names the right issuer", async () => {
    const kit = await load();
    const clientId = acme.env.COGNITO_CLIENT_ID ?? "";
    const claims = { iss: globex.cognito.issuer };
    const headers = bearer(await acme.cognito.accessTokenFor("ada", { clientId, claims }));
    const own = bearer(await globex.cognito.accessTokenFor("ada", { clientId }));
    expect((await callApi(kit, browserOf(kit, acme), own)).status).toBe(401);
    expect((await callApi(kit, browserOf(kit, globex), own)).status).toBe(200);
    expect((await callApi(kit, browserOf(kit, globex), headers)).status).toBe(401);
  });
});

describe("NW-05 NW-06 an address of no tenant gets a 404", () => {
  test.each([
    ["an unknown host", { host: "other.example" }],
    ["two headers that name two tenants", { host: "acme.example", "x-forwarded-host": "globex.example" }],
  ])("%s: from every door, with a session or without", async (_what, address) => {
    const kit = await load();
    const browser = browserOf(kit, acme);
    await browser.signIn();
    const post = (path: string) => browser.request(path, { ...CLICKED, ...address }, { method: "POST" });
    const get = (path: string) => browser.request(path, { ...CLICKED, ...address });
    const door = await import("@/lib/auth/session");
    sent.headers = get("/dashboard").headers;
    const answers = [
      await kit.login.GET(get("/auth/login")),
      await kit.callback.GET(get("/auth/callback?code=a&state=b")),
      await kit.logout.POST(post("/auth/logout")),
      await kit.logout.GET(get("/auth/logout")),
      await kit.refresh.POST(post("/auth/refresh")),
      await kit.middleware.default(get("/dashboard")),
      await kit.middleware.default(get("/")), // A public page.
      await kit.middleware.default(get("/auth/login")),
      await callApi(kit, browser, address),
    ];
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
    expect(answers.flatMap(({ headers }) => headers.getSetCookie())).toEqual([]);
    for (const call of [door.getSession, door.requireSession, () => door.readAuthError(Promise.resolve({}))]) {
      expect(await digestOf(call())).toContain("404");
    }
  });
});

/** What Next is told to do instead of rendering the page. */
async function digestOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    expect(() => unstable_rethrow(error)).toThrow();
    return error instanceof Error && "digest" in error ? String(error.digest) : "";
  }
  return "";
}
