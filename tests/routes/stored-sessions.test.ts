import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TestStore } from "../support/faulty-store";
import { type Browser, CLICKED, FETCHED, type Kit, loadKit, pathOf, usePool } from "../support/kit";

const SECRET = "a-secret-of-more-than-thirty-two-bytes";
const OTHER_SECRET = "another-secret-of-thirty-two-bytes-too";
const COOKIE = "__Host-auth.session";

// Outside Next, `headers()` has no request to read.
const sent = vi.hoisted(() => ({ headers: new Headers() }));
vi.mock("next/headers", () => ({ headers: async () => sent.headers }));

const pool = usePool({ settings: { accessTokenSeconds: 3_600, rotation: true } });
let store: TestStore;
let kit: Kit;
let browser: Browser;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "info").mockReturnValue();
  pool.cognito.clearFaults();
  store = new TestStore();
  kit = await load();
  browser = pool.browser(kit);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const load = (env: Record<string, string> = {}) => loadKit({ ...pool.env, AUTH_SECRET: SECRET, ...env }, { store });
const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const isSignedIn = (response: Response) => response.headers.get("x-middleware-next") === "1";

async function callApi(visitor: Browser, headers: Record<string, string> = FETCHED, at: Kit = kit) {
  const handler = at.api.withSession((_request, session) => Response.json(session));
  return handler(visitor.request("/api/me", headers), null);
}

async function door(visitor: Browser) {
  sent.headers = visitor.request("/dashboard").headers;
  return import("@/lib/auth/session");
}

/** A browser with the same cookies. */
function copyOf(other: Browser, at: Kit = kit): Browser {
  const copy = pool.browser(at);
  for (const [name, cookie] of other.jar) copy.jar.set(name, cookie);
  return copy;
}

describe("a sign-in", () => {
  test("gives the browser one cookie with a random id, and all doors find the session", async () => {
    await browser.signIn();
    expect(browser.names()).toEqual([COOKIE, "__Host-auth.rounds"].sort());
    expect(browser.value(COOKIE)).toMatch(/^[\w-]{43}$/);
    expect(browser.jar.get(COOKIE)?.line).toMatch(/Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax/);
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    const session = await (await callApi(browser)).json();
    expect(session).toMatchObject({ source: "cookie", user: { username: "ada", email: "ada@example.com" } });
    expect((await (await door(browser)).getSession())?.user.username).toBe("ada");
  });

  test("of a user with very many groups keeps its ID token", async () => {
    await browser.signIn("lin");
    expect(browser.names()).toEqual([COOKIE, "__Host-auth.rounds"].sort());
    expect((await (await callApi(browser)).json()).idClaims).toMatchObject({ token_use: "id" });
  });

  test("NW-08 the store sees no token, no name and no id of the browser", async () => {
    await browser.signIn();
    const { sub } = (await (await callApi(browser)).json()).user;
    const [refreshToken] = pool.cognito.signIns.at(-1)?.refreshTokens ?? [];
    const accessToken = await (await door(browser)).getAccessToken();
    const dump = JSON.stringify([...store.entries]);
    expect(store.keys("session")).toHaveLength(1);
    for (const secret of [
      browser.value(COOKIE),
      sub,
      "ada@",
      ...(accessToken?.split(".") ?? []),
      refreshToken?.token ?? "?",
    ]) {
      expect(dump).not.toContain(secret);
    }
  });

  test("NW-08 never adopts an id that the browser brings, and the old id is dead afterwards", async () => {
    const planted = "A".repeat(43);
    browser.jar.set(COOKIE, { value: planted, line: "", expiresAt: Number.POSITIVE_INFINITY });
    await browser.signIn();
    const first = copyOf(browser);
    expect(browser.value(COOKIE)).not.toBe(planted);
    await browser.signIn("ada", "/auth/login?returnTo=/x&prompt=login");
    expect(browser.value(COOKIE)).not.toBe(first.value(COOKIE));
    expect(store.keys("session")).toHaveLength(1);
    expect((await callApi(first)).status).toBe(401);
    const [old] = pool.cognito.signIns.at(-2)?.refreshTokens ?? [];
    expect(pool.cognito.refreshTokenState(old?.token ?? "")).toBe("revoked");
  });

  test("NW-08 two sign-ins of one user at once are both in the index", async () => {
    const [one, two] = [pool.browser(kit), pool.browser(kit)];
    await Promise.all([one.signIn(), two.signIn()]);
    const list = await (await door(one)).listSessions();
    expect(list).toHaveLength(2);
    expect(list.filter(({ isCurrent }) => isCurrent)).toHaveLength(1);
  });

  test("CF-01 without AUTH_SECRET a store is an error of the configuration", async () => {
    const open = await loadKit({ ...pool.env, AUTH_SECRET: undefined }, { store });
    await expect(open.login.GET(browser.request("/auth/login"))).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("AUTH_SECRET"),
    });
  });
});

describe("NW-08 an id", () => {
  test.each([["A".repeat(43)], ["short"], ["_".repeat(200)]])(
    "that somebody invents (%s) costs no token call",
    async (id) => {
      browser.jar.set(COOKIE, { value: id, line: "", expiresAt: Number.POSITIVE_INFINITY });
      pool.cognito.clearRequests();
      store.calls.length = 0;
      expect(pathOf(await browser.visit("/dashboard"))).toMatch(/^\/auth\/login/);
      expect(pool.cognito.requests).toEqual([]);
      expect(store.count("get")).toBeLessThanOrEqual(1);
      expect(store.count("put")).toBe(0);
    },
  );

  test("opens no record of another session", async () => {
    const other = pool.browser(kit);
    await browser.signIn("ada");
    await other.signIn("grace");
    const [ada = "", grace = ""] = store.keys("session");
    const moved = store.entries.get(ada);
    if (moved) store.entries.set(grace, moved);
    kit = await load(); // Nothing is remembered.
    expect((await callApi(copyOf(other, kit), FETCHED, kit)).status).toBe(401);
  });

  test("with an old record that somebody put back gives no session after a rotation", async () => {
    await browser.signIn();
    const [key = ""] = store.keys("session");
    const old = store.entries.get(key);
    pass(3_700);
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    if (old) store.entries.set(key, old);
    pass(120); // Past the grace period, and past all that is kept.
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(false);
  });
});

describe("a refresh", () => {
  test("sets no cookie, and the page behind it sees the new token", async () => {
    await browser.signIn();
    const before = await (await callApi(browser)).json();
    pass(3_700);
    const answer = await browser.visit("/dashboard");
    expect(isSignedIn(answer)).toBe(true);
    expect(answer.headers.getSetCookie()).toEqual([]);
    const after = await (await callApi(browser)).json();
    expect(after.expiresAt).toBeGreaterThan(before.expiresAt);
  });

  test("RF-10 counts at once in a process that remembers the session with an expired token", async () => {
    await browser.signIn();
    pass(3_597);
    expect((await callApi(browser)).status).toBe(200);
    pass(4); // The routes read the record 4 s ago.
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    expect((await callApi(browser)).status).toBe(200);
    expect((await (await door(browser)).getSession())?.user.username).toBe("ada");
  });

  test("RF-02 of many requests on many servers is one token call", async () => {
    await browser.signIn();
    pass(3_700);
    const servers = await Promise.all(Array.from({ length: 4 }, async () => load()).map(async (it) => await it));
    pool.cognito.clearRequests();
    const answers = await Promise.all(
      servers.flatMap((server) => Array.from({ length: 10 }, () => copyOf(browser, server).visit("/dashboard"))),
    );
    expect(answers.map(isSignedIn)).toEqual(answers.map(() => true));
    expect(pool.cognito.count("token")).toBe(1);
  });

  test("RF-01 in the last minute of a token lets all other requests go on, on the same server, too", async () => {
    await browser.signIn();
    pass(3_570);
    const ended: string[] = [];
    let release = () => {};
    const isReleased = new Promise<void>((resolve) => {
      release = resolve;
    });
    pool.cognito.clearRequests();
    pool.cognito.fault("token", { transform: (answer) => isReleased.then(() => answer) });
    const first = browser.visit("/dashboard").finally(() => ended.push("first"));
    await vi.waitFor(() => expect(pool.cognito.count("token")).toBe(1));
    const others = [kit, await load()].map((server) => copyOf(browser, server).visit("/dashboard"));
    expect((await Promise.all(others)).map(isSignedIn)).toEqual([true, true]);
    expect(ended).toEqual([]);
    release();
    expect(isSignedIn(await first)).toBe(true);
    expect(pool.cognito.count("token")).toBe(1);
  });

  test("RF-06 whose answer was lost is repeated in the grace period, by a fetch on another server", async () => {
    pool.cognito.settings.graceSeconds = 20;
    await browser.signIn();
    pass(3_550);
    pool.cognito.fault("token", { resetAfter: true }, { times: 1 });
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    const other = copyOf(browser, await load());
    pool.cognito.clearRequests();
    expect(isSignedIn(await other.visit("/api/me", FETCHED))).toBe(true);
    expect(pool.cognito.count("token")).toBe(0); // Not in the first 2 s.
    pass(6);
    expect(isSignedIn(await other.visit("/api/me", FETCHED))).toBe(true);
    expect(pool.cognito.count("token")).toBe(1);
    pass(3_000);
    expect(isSignedIn(await other.visit("/api/me", FETCHED))).toBe(true);
    pool.cognito.settings.graceSeconds = 0;
  });

  test("renews at once with today's groups, by POST /auth/refresh", async () => {
    await browser.signIn();
    const user = pool.cognito.users.find(({ username }) => username === "ada");
    const groups = user?.groups;
    if (user) user.groups = ["fresh"];
    const answer = await kit.refresh.POST(browser.request("/auth/refresh", FETCHED, { method: "POST" }));
    expect(answer.status).toBe(204);
    expect((await (await callApi(browser)).json()).groups).toEqual(["fresh"]);
    if (user) user.groups = groups;
  });

  test("that Cognito rejects ends the session", async () => {
    await browser.signIn();
    pool.cognito.globalSignOut("ada");
    pass(3_700);
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(false);
    expect(store.keys("session")).toEqual([]);
  });

  test("AT-12 during an outage of Cognito keeps the session", async () => {
    await browser.signIn();
    pass(3_700);
    pool.cognito.fault("token", { status: 500 });
    expect((await browser.visit("/dashboard")).status).toBe(503);
    pool.cognito.clearFaults();
    pass(3);
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
  });
});

describe("a sign-out", () => {
  test("is final: a copy of the cookie gives no session on any server, 5 s later", async () => {
    await browser.signIn();
    const thief = copyOf(browser);
    const other = await load();
    expect(isSignedIn(await copyOf(browser, other).visit("/dashboard"))).toBe(true); // That server remembers it.
    const answer = await browser.signOut();
    expect(answer.status).toBe(303);
    expect(store.keys("session")).toEqual([]);
    expect(browser.names().filter((name) => name === COOKIE)).toEqual([]);
    pass(6);
    expect(isSignedIn(await copyOf(thief, other).visit("/dashboard"))).toBe(false);
    expect((await callApi(thief)).status).toBe(401);
    const [refreshToken] = pool.cognito.signIns.at(-1)?.refreshTokens ?? [];
    expect(pool.cognito.refreshTokenState(refreshToken?.token ?? "")).toBe("revoked");
  });

  test("NW-09 everywhere ends all sessions and Bearer tokens of the user, and of nobody else, in 5 s", async () => {
    const [phone, grace] = [pool.browser(kit), pool.browser(kit)];
    await browser.signIn("ada");
    await phone.signIn("ada");
    await grace.signIn("grace");
    const { COGNITO_CLIENT_ID: clientId = "" } = pool.env;
    const bearer = async (name: string) => ({
      authorization: `Bearer ${await pool.cognito.accessTokenFor(name, { clientId })}`,
    });
    const [adas, graces] = [await bearer("ada"), await bearer("grace")];
    const other = await load();
    for (const visitor of [browser, phone, grace])
      expect((await callApi(copyOf(visitor, other), FETCHED, other)).status).toBe(200);
    expect((await callApi(pool.browser(other), adas, other)).status).toBe(200);
    const { signOutEverywhere, getSession } = await door(browser);
    const session = await getSession();
    await signOutEverywhere({ sub: session?.user.sub ?? "" });
    pass(6);
    for (const visitor of [browser, phone]) {
      expect(isSignedIn(await copyOf(visitor, other).visit("/dashboard"))).toBe(false);
      expect((await callApi(copyOf(visitor, other), FETCHED, other)).status).toBe(401);
    }
    expect((await callApi(pool.browser(other), adas, other)).status).toBe(401);
    expect((await callApi(pool.browser(other), graces, other)).status).toBe(200);
    expect((await callApi(copyOf(grace, other), FETCHED, other)).status).toBe(200);
    await browser.signIn("ada"); // A new sign-in is a new session.
    expect((await callApi(browser)).status).toBe(200);
  });

  test("of one other session leaves the rest, and nobody ends a session of another user", async () => {
    const [phone, grace] = [pool.browser(kit), pool.browser(kit)];
    await browser.signIn("ada");
    pass(1);
    await phone.signIn("ada");
    await grace.signIn("grace");
    const { listSessions, endSession } = await door(browser);
    const [newest, own] = await listSessions();
    expect([newest?.isCurrent, own?.isCurrent]).toEqual([false, true]);
    const [graces = ""] = (await (await door(grace)).listSessions()).map(({ key }) => key);
    await door(browser);
    expect(await endSession(graces)).toBe(false);
    expect(await endSession(newest?.key ?? "")).toBe(true);
    pass(6);
    expect((await callApi(phone)).status).toBe(401);
    expect((await callApi(browser)).status).toBe(200);
    expect((await callApi(grace)).status).toBe(200);
  });
});

describe("AT-12 while the store is down", () => {
  const down = () => {
    store.fault = () => {
      throw new Error("down");
    };
  };

  test("a session that the process remembers goes on until its token expires", async () => {
    await browser.signIn();
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    down();
    pass(60);
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    pass(3_600);
    const answer = await browser.visit("/dashboard");
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([503, []]);
    store.fault = () => {};
    pass(2);
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
  });

  test("a page does not say signed out when the token of the session that it remembers has expired", async () => {
    await browser.signIn();
    expect((await callApi(browser)).status).toBe(200);
    down();
    pass(3_601);
    expect((await callApi(browser)).status).toBe(503);
    await expect((await door(browser)).getSession()).rejects.toMatchObject({ code: "store_unavailable" });
  });

  test("everybody else gets 503 and keeps the cookie, from every door", async () => {
    await browser.signIn();
    const fresh = await load();
    const visitor = copyOf(browser, fresh);
    down();
    const answers = [
      await visitor.visit("/dashboard"),
      await callApi(visitor, FETCHED, fresh),
      await fresh.login.GET(visitor.request("/auth/login?returnTo=/x", CLICKED)),
      await fresh.logout.POST(visitor.request("/auth/logout", CLICKED, { method: "POST" })),
      await fresh.refresh.POST(visitor.request("/auth/refresh", FETCHED, { method: "POST" })),
    ];
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503));
    const changed = answers.flatMap(({ headers }) => headers.getSetCookie()).filter((line) => !/\.rounds=/.test(line));
    expect(changed).toEqual([]);
    await expect((await door(visitor)).getSession()).rejects.toMatchObject({ code: "store_unavailable", status: 503 });
    store.fault = () => {};
    pass(2);
    expect(isSignedIn(await visitor.visit("/dashboard"))).toBe(true);
  });

  test("a sign-in ends on the error page, and its refresh token is revoked", async () => {
    const login = await browser.login();
    const url = await pool.cognito.authorize(login.headers.get("location") ?? "", "ada");
    down();
    expect(pathOf(await browser.callback(url))).toMatch(/^\/auth\/error\?code=store_unavailable/);
    const [refreshToken] = pool.cognito.signIns.at(-1)?.refreshTokens ?? [];
    expect(pool.cognito.refreshTokenState(refreshToken?.token ?? "")).toBe("revoked");
  });
});

/** Signs in at a server without a store. */
async function signInBefore() {
  const plain = await loadKit({ ...pool.env, AUTH_SECRET: SECRET });
  const visitor = pool.browser(plain);
  await visitor.signIn();
  kit = await load();
  return copyOf(visitor);
}

describe("a session in cookies, when the store is switched on,", () => {
  test("stays valid, and its next refresh moves it", async () => {
    const moved = await signInBefore();
    expect(isSignedIn(await moved.visit("/dashboard"))).toBe(true);
    expect(moved.names()).not.toContain(COOKIE);
    pass(3_700);
    expect(isSignedIn(await moved.visit("/dashboard"))).toBe(true);
    expect(moved.cookieHeader).toMatch(/^__Host-auth\.session=[\w-]{43}$/);
    expect((await callApi(moved, FETCHED, kit)).status).toBe(200);
    expect(store.keys("session")).toHaveLength(1);
  });

  test("NW-09 ends with all others, also before it was moved", async () => {
    const other = await signInBefore();
    expect((await callApi(other, FETCHED, kit)).status).toBe(200);
    const { getSession, signOutEverywhere } = await door(other);
    const session = await getSession();
    await signOutEverywhere({ sub: session?.user.sub ?? "" });
    pass(6);
    expect((await callApi(other, FETCHED, kit)).status).toBe(401);
    pass(3_700);
    expect(isSignedIn(await other.visit("/dashboard"))).toBe(false);
  });

  test("NW-09 that was ended everywhere costs one token call, and leaves the index as it is", async () => {
    const visitor = await signInBefore();
    const { sub } = (await (await callApi(visitor)).json()).user;
    await (await door(visitor)).signOutEverywhere({ sub });
    const [index = ""] = store.keys("user");
    const version = store.entries.get(index)?.version;
    pass(3_700);
    pool.cognito.clearRequests();
    for (let i = 0; i < 8; i++) {
      expect(isSignedIn(await visitor.visit("/dashboard"))).toBe(false);
      pass(61);
    }
    expect([pool.cognito.count("token"), pool.cognito.count("revoke")]).toEqual([1, 1]);
    expect(store.entries.get(index)?.version).toBe(version);
  });

  test.each([true, false])(
    "AT-02 a late request with its cookies undoes no sign-out (rotation: %s)",
    async (rotation) => {
      pool.cognito.settings.rotation = rotation;
      const visitor = await signInBefore();
      const late = copyOf(visitor);
      pass(3_570);
      expect(isSignedIn(await visitor.visit("/dashboard"))).toBe(true);
      expect((await visitor.signOut()).status).toBe(303);
      pass(10);
      const answer = await late.visit("/dashboard"); // Its access token is still valid.
      expect(late.names()).not.toContain(COOKIE);
      visitor.take(answer);
      pass(60);
      expect(isSignedIn(await visitor.visit("/dashboard"))).toBe(false);
      expect((await callApi(visitor)).status).toBe(401);
      expect(store.keys("session")).toEqual([]);
      pool.cognito.settings.rotation = true;
    },
  );

  test.each([true, false])("NW-09 its cookies undo no endSession (rotation: %s)", async (rotation) => {
    pool.cognito.settings.rotation = rotation;
    const visitor = await signInBefore();
    pass(3_700);
    await copyOf(visitor).visit("/dashboard"); // The browser does not get this answer.
    const own = pool.browser(kit);
    await own.signIn();
    const { listSessions, endSession } = await door(own);
    const moved = (await listSessions()).find(({ isCurrent }) => !isCurrent);
    expect(await endSession(moved?.key ?? "")).toBe(true);
    pass(rotation ? 30 : 600);
    expect(isSignedIn(await visitor.visit("/dashboard"))).toBe(false);
    await door(own);
    expect(await listSessions()).toHaveLength(1);
    pool.cognito.settings.rotation = true;
  });

  test("AT-07 ends at a sign-out, also in the store when the answer to its move was lost", async () => {
    const visitor = await signInBefore();
    const moved = copyOf(visitor);
    pass(3_570);
    expect(isSignedIn(await moved.visit("/dashboard"))).toBe(true);
    expect((await visitor.signOut()).status).toBe(303);
    expect(store.keys("session")).toEqual([]);
    pass(6);
    expect(isSignedIn(await moved.visit("/dashboard"))).toBe(false);
  });
});

describe("NW-09 the end of a session", () => {
  test("by endSession ends also a sign-in that has not written its record", async () => {
    await browser.signIn();
    const late = pool.browser(kit);
    const held = store.hold("put", "session");
    const signIn = late.signIn();
    await vi.waitFor(() => expect(held.isHeld()).toBe(true));
    const { listSessions, endSession } = await door(browser);
    const other = (await listSessions()).find(({ isCurrent }) => !isCurrent);
    expect(await endSession(other?.key ?? "")).toBe(true);
    held.release();
    expect(pathOf(await signIn)).toMatch(/^\/auth\/error\?code=grant_rejected/);
    expect((await callApi(late)).status).toBe(401);
    expect([store.keys("session"), await listSessions()]).toMatchObject([{ length: 1 }, { length: 1 }]);
  });

  test("CF-09 reaches a session that was refreshed before the old AUTH_SECRET was removed", async () => {
    await browser.signIn();
    kit = await load({ AUTH_SECRET: `${OTHER_SECRET},${SECRET}` });
    pass(3_700);
    expect(isSignedIn(await copyOf(browser).visit("/dashboard"))).toBe(true);
    kit = await load({ AUTH_SECRET: OTHER_SECRET });
    const visitor = copyOf(browser);
    const { sub } = (await (await callApi(visitor)).json()).user;
    const { listSessions, signOutEverywhere } = await door(visitor);
    expect(await listSessions()).toHaveLength(1);
    await signOutEverywhere({ sub });
    pass(6);
    expect(isSignedIn(await visitor.visit("/dashboard"))).toBe(false);
  });

  test("rejects a Bearer token that a refresh token of the sign-in brings a day later", async () => {
    kit = await load({ AUTH_SESSION_MAX_AGE: "3600" });
    const visitor = pool.browser(kit);
    await visitor.signIn();
    const { COGNITO_CLIENT_ID: client_id = "" } = pool.env;
    const { sub } = (await (await callApi(visitor)).json()).user;
    const auth_time = Math.floor(Date.now() / 1000);
    await (await door(visitor)).signOutEverywhere({ sub });
    pass(25 * 3_600);
    const claims = { sub, client_id, auth_time };
    const token = await pool.cognito.accessTokenFor("ada", { clientId: client_id, claims });
    const answer = await callApi(pool.browser(kit), { authorization: `Bearer ${token}` });
    expect(answer.status).toBe(401);
  });

  test("during the app's sign-in hook ends that sign-in, too", async () => {
    await browser.signIn();
    const { sub } = (await (await callApi(browser)).json()).user;
    const { signOutEverywhere } = await door(browser);
    kit.signIn.app.hook = async () => {
      await signOutEverywhere({ sub });
      pass(1);
    };
    const late = pool.browser(kit);
    expect(pathOf(await late.signIn())).toMatch(/^\/auth\/error/);
    kit.signIn.app.hook = async () => {};
    expect(store.keys("session")).toEqual([]);
  });
});

test("NW-01 a session without a refresh token is not renewed: POST /auth/refresh answers 401", async () => {
  const withoutRefreshToken = ({ refresh_token: _, ...others }: Record<string, unknown>) => others;
  pool.cognito.fault("token", { transform: withoutRefreshToken }, { times: 1 });
  await browser.signIn();
  pass(10);
  const answer = await kit.refresh.POST(browser.request("/auth/refresh", FETCHED, { method: "POST" }));
  expect(answer.status).toBe(401);
  expect((await callApi(browser)).status).toBe(200);
});
