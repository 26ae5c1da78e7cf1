import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { TestStore } from "../../support/faulty-store";
import { Browser, FETCHED, type Kit, loadKit, pathOf, startPool, TYPED } from "../../support/kit";
import { OTHER_SECRET, SECRET, settle } from "../../support/stored";
import { stopTimers, until } from "../../support/time";

const COOKIE = "__Host-auth.session";
const POOLS = [
  ["without rotation", { rotation: false }],
  ["with a grace period of 20 s", { rotation: true, graceSeconds: 20 }],
] as const;
const SETTINGS = { accessTokenSeconds: 3_600, rotation: true, graceSeconds: 60, revokeFamily: false };
const ACME = "https://acme.example";

type Pool = Awaited<ReturnType<typeof startPool>>;
let pool: Pool;
let acme: Pool;
let store: TestStore;

beforeAll(async () => {
  pool = await startPool({ settings: SETTINGS });
  acme = await startPool({ settings: SETTINGS, origin: ACME });
});
afterAll(() => Promise.all([pool.cognito.close(), acme.cognito.close()]));
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "info").mockReturnValue();
  Object.assign(pool.cognito.settings, SETTINGS);
  pool.cognito.clearFaults();
  store = new TestStore();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const isSignedIn = (response: Response) => response.headers.get("x-middleware-next") === "1";
const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));

interface Server {
  readonly kit: Kit;
  /** Its own connection to the store. */
  readonly store: TestStore;
  /** A browser with the cookies of `other`, which this server answers. */
  serve(other: Browser): Browser;
}

/** Each server has module graphs of its own, as its own process has. */
async function startServer(env: Record<string, string> = {}): Promise<Server> {
  const connection = store.connect();
  const kit = await loadKit({ ...pool.env, AUTH_SECRET: SECRET, ...env }, { store: connection });
  const serve = (other: Browser) => {
    const browser = new Browser(kit, pool.cognito, pool.origin);
    for (const [name, cookie] of other.jar) browser.jar.set(name, cookie);
    return browser;
  };
  return { kit, store: connection, serve };
}

async function startServers(count: number): Promise<Server[]> {
  const servers: Server[] = [];
  for (const _ of times(count, String)) servers.push(await startServer());
  return servers;
}

/** Servers, and a browser that has signed in at the first one. */
async function startFleet(count: number) {
  const servers = await startServers(count);
  const [first = await startServer()] = servers;
  const browser = new Browser(first.kit, pool.cognito, pool.origin);
  await browser.signIn();
  pool.cognito.clearRequests();
  return { servers, first, browser, last: servers.at(-1) ?? first };
}

const renew = (browser: Browser) =>
  browser.kit.refresh.POST(browser.request("/auth/refresh", FETCHED, { method: "POST" }));

const newestRefreshToken = () => pool.cognito.signIns.at(-1)?.refreshTokens.at(-1)?.token ?? "";

describe("a fleet", () => {
  test.each([1, 2, 8])("RF-02 of %i servers with 10 requests each makes one token call for an expiry", async (size) => {
    const { servers, browser } = await startFleet(size);
    for (const expiry of [1, 2]) {
      pass(3_700);
      const visits = servers.flatMap(({ serve }) => times(10, () => serve(browser).visit("/dashboard")));
      expect((await Promise.all(visits)).filter(isSignedIn)).toHaveLength(size * 10);
      expect(pool.cognito.count("token")).toBe(expiry);
    }
  });

  test.each(POOLS)(
    "RF-02 %s goes on when the server with the lease dies: two calls, no request refused",
    async (_pool, settings) => {
      Object.assign(pool.cognito.settings, settings);
      const { servers, first, browser } = await startFleet(3);
      pass(3_700);
      stopTimers();
      pool.cognito.fault("token", { answerDelayMs: 3_600_000 }, { times: 1 }); // Cognito has done its work.
      void first.serve(browser).visit("/dashboard");
      await until(() => pool.cognito.count("token") === 1);
      first.store.hang();
      const visits = servers.slice(1).flatMap(({ serve }) => times(10, () => serve(browser).visit("/dashboard")));
      const answers = await settle(Promise.all(visits), 40, 10);
      expect(answers.filter(isSignedIn)).toHaveLength(20);
      expect(pool.cognito.count("token")).toBe(2);
    },
  );

  test("RF-01 RF-02 makes one call in the last minute of a token, and no request waits for it", async () => {
    const { servers, first, browser, last } = await startFleet(3);
    pass(3_550);
    stopTimers();
    const held = first.store.hold("put", "session");
    const early = first.serve(browser).visit("/dashboard");
    await until(held.isHeld);
    held.release();
    pool.cognito.fault("token", { answerDelayMs: 200 }, { times: 1 });
    await until(() => pool.cognito.count("token") === 1);
    const others = await Promise.all(
      servers.slice(1).flatMap(({ serve }) => times(5, () => serve(browser).visit("/x"))),
    );
    expect(others.filter(isSignedIn)).toHaveLength(10); // Timers stand still: none of them has waited.
    expect(isSignedIn(await early)).toBe(true);
    expect(isSignedIn(await last.serve(browser).visit("/x"))).toBe(true);
    expect(pool.cognito.count("token")).toBe(1);
  });

  test("AT-07 signs out during a refresh: the new refresh token is revoked, and no session comes back", async () => {
    const { first, browser, last } = await startFleet(2);
    pass(3_700);
    const visitor = first.serve(browser);
    const held = first.store.hold("put", "session");
    const late = visitor.visit("/dashboard");
    await until(held.isHeld); // It takes the lease.
    const save = first.store.hold("put", "session");
    held.release();
    await until(save.isHeld); // It has new tokens.
    const issued = newestRefreshToken();
    expect((await last.serve(browser).signOut()).status).toBe(303);
    save.release();
    expect(isSignedIn(await late)).toBe(false);
    expect(pool.cognito.refreshTokenState(issued)).toBe("revoked");
    expect(store.keys("session")).toEqual([]);
    expect(isSignedIn(await visitor.visit("/dashboard"))).toBe(false);
  });

  test.each(["lose", "loseAnswer"] as const)("RF-06 loses no session when a write is lost (%s)", async (fault) => {
    for (const skip of [0, 1]) {
      const { servers, browser } = await startFleet(2);
      pass(3_700);
      for (const server of servers) server.store[fault]("put", "session", skip);
      const visits = servers.flatMap(({ serve }) => times(5, () => serve(browser).visit("/dashboard")));
      expect((await Promise.all(visits)).filter(isSignedIn)).toHaveLength(10);
      expect(pool.cognito.count("token")).toBe(1);
    }
  });

  test("NW-01 shares a renewal of the last 2 s only with requests that have not its tokens", async () => {
    const { browser, first, last } = await startFleet(2);
    await first.serve(browser).visit("/dashboard");
    const groups = async ({ kit, serve }: Server) => {
      const handler = kit.api.withSession((_request, { claims }) => Response.json(claims.jti));
      return (await handler(serve(browser).request("/api/me", FETCHED), null)).json();
    };
    await groups(first); // Both servers remember the old tokens.
    await groups(last);
    const statuses = await Promise.all([first, last].map(async ({ serve }) => (await renew(serve(browser))).status));
    expect([...statuses, pool.cognito.count("token")]).toEqual([204, 204, 1]);
    pass(1);
    expect((await renew(last.serve(browser))).status).toBe(204); // It has those tokens.
    expect(pool.cognito.count("token")).toBe(2);
    pass(3);
    expect((await renew(first.serve(browser))).status).toBe(204); // Its own are older, and so is that renewal.
    expect(pool.cognito.count("token")).toBe(3);
  });

  test("CF-09 keeps sessions at a new AUTH_SECRET before the old one", async () => {
    const { browser } = await startFleet(1);
    const rotated = await startServer({ AUTH_SECRET: `${OTHER_SECRET},${SECRET}` });
    expect(isSignedIn(await rotated.serve(browser).visit("/dashboard"))).toBe(true);
    pass(3_700);
    expect(isSignedIn(await rotated.serve(browser).visit("/dashboard"))).toBe(true);
    const complete = await startServer({ AUTH_SECRET: OTHER_SECRET });
    expect(isSignedIn(await complete.serve(browser).visit("/dashboard"))).toBe(true);
  });
});

describe("an attacker", () => {
  test("NW-08 causes no token call and no write with a flood of invented ids", async () => {
    const { first, browser } = await startFleet(1);
    first.store.calls.length = 0;
    for (let i = 0; i < 100; i++) {
      const visitor = first.serve(browser);
      visitor.jar.set(COOKIE, { value: `${i}`.padStart(43, "x"), line: "", expiresAt: Number.POSITIVE_INFINITY });
      expect(isSignedIn(await visitor.visit("/dashboard"))).toBe(false);
      expect((await renew(visitor)).status).toBe(401);
    }
    expect(pool.cognito.requests).toEqual([]);
    expect([first.store.count("get"), first.store.count("put")]).toEqual([200, 0]);
  });

  test("NW-08 who plants the id of an own session gets no session of the user, and loses that one", async () => {
    const { first, browser: attacker } = await startFleet(1);
    const victim = first.serve(attacker);
    await victim.signIn("grace", "/auth/login?returnTo=/x&prompt=login");
    expect(victim.value(COOKIE)).not.toBe(attacker.value(COOKIE));
    expect(isSignedIn(await attacker.visit("/dashboard"))).toBe(false);
    expect(store.keys("session")).toHaveLength(1);
  });

  test("NW-06 gets nothing with the session id of one tenant at another tenant's host", async () => {
    const tenantOf = (name: string, { env, origin }: Pool) => ({
      name,
      APP_BASE_URL: origin,
      COGNITO_ISSUER: env.COGNITO_ISSUER ?? "",
      COGNITO_DOMAIN: env.COGNITO_DOMAIN ?? "",
    });
    const { COGNITO_CLIENT_ID, COGNITO_CLIENT_SECRET } = pool.env;
    const env = { COGNITO_CLIENT_ID, COGNITO_CLIENT_SECRET, AUTH_SECRET: SECRET };
    const kit = await loadKit(env, { tenants: [tenantOf("globex", pool), tenantOf("acme", acme)], store });
    const host = (origin: string) => ({ ...TYPED, host: new URL(origin).host });
    const user = new Browser(kit, pool.cognito, pool.origin);
    const login = await user.login("/auth/login?returnTo=/x", host(pool.origin));
    await user.callback(await pool.cognito.authorize(login.headers.get("location") ?? "", "ada"), host(pool.origin));
    expect(isSignedIn(await user.visit("/dashboard", host(pool.origin)))).toBe(true);
    for (const { cognito } of [pool, acme]) cognito.clearRequests();
    const thief = new Browser(kit, acme.cognito, ACME);
    for (const [name, cookie] of user.jar) thief.jar.set(name, cookie);
    expect(pathOf(await thief.visit("/dashboard", host(ACME)))).toMatch(/^\/auth\/login/);
    expect([pool.cognito.requests, acme.cognito.requests]).toEqual([[], []]);
    expect(isSignedIn(await user.visit("/dashboard", host(pool.origin)))).toBe(true);
  });
});

describe("a session in cookies moves into the store", () => {
  async function signInBefore() {
    const kit = await loadKit({ ...pool.env, AUTH_SECRET: SECRET });
    const browser = new Browser(kit, pool.cognito, pool.origin);
    await browser.signIn();
    pass(3_700);
    pool.cognito.clearRequests();
    return browser;
  }

  test("as one session, although its browser sends 10 requests to each of 2 servers", async () => {
    const servers = await startServers(2);
    const browser = await signInBefore();
    const visitors = servers.flatMap(({ serve }) => times(10, () => serve(browser)));
    const answers = await Promise.all(visitors.map((visitor) => visitor.visit("/dashboard")));
    expect(answers.filter(isSignedIn)).toHaveLength(20);
    expect(new Set(visitors.map((visitor) => visitor.value(COOKIE))).size).toBe(1);
    expect(store.keys("session")).toHaveLength(1);
    const [visitor] = visitors;
    pass(3_700);
    expect(visitor && isSignedIn(await visitor.visit("/dashboard"))).toBe(true);
  });

  test("AT-02 and a sign-out during the move is final", async () => {
    const [first, last] = await startServers(2);
    const browser = await signInBefore();
    if (!first || !last) throw new Error("no servers");
    const moving = first.serve(browser);
    const held = first.store.hold("put", "session");
    const move = first.kit.middleware.default(moving.request("/dashboard"));
    await until(held.isHeld);
    const leaving = last.serve(browser);
    expect((await leaving.signOut()).status).toBe(303);
    held.release();
    leaving.take(await move); // The late answer brings the id of the moved session.
    expect(leaving.names()).toContain(COOKIE);
    expect(isSignedIn(await leaving.visit("/dashboard"))).toBe(false);
    expect(store.keys("session")).toEqual([]);
    expect(pool.cognito.refreshTokenState(newestRefreshToken())).toBe("revoked");
  });

  test("NW-09 but not after a sign-out everywhere, also two days later", async () => {
    const server = await startServer();
    const browser = await signInBefore();
    const sub = pool.cognito.users.find(({ username }) => username === "ada")?.sub ?? "";
    await server.kit.storedSessions?.users.endAll(sub, server.kit.config());
    pass(2 * 86_400);
    expect(isSignedIn(await server.serve(browser).visit("/dashboard"))).toBe(false);
    expect(store.keys("session")).toEqual([]);
  });
});
