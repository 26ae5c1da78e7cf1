import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, CLICKED, FETCHED, type Kit, ORIGIN, pathOf, TYPED, usePool } from "../../support/kit";

const pool = usePool();
const START = Date.parse("2026-06-01T12:00:00Z");
let kit: Kit;
let browser: Browser;

beforeAll(async () => {
  kit = await pool.load();
});
beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.setSystemTime(START);
  Object.assign(pool.cognito.settings, {
    rotation: false,
    graceSeconds: 60,
    accessTokenSeconds: 3_600,
    accessClaims: {},
  });
  pool.cognito.clearFaults();
  kit = await pool.load();
  browser = pool.browser(kit);
  await browser.signIn();
  pool.cognito.clearRequests();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const later = (seconds: number) => vi.setSystemTime(START + seconds * 1000);
const calls = () => pool.cognito.count("token");
const post = (headers: Record<string, string> = FETCHED, body?: string) => {
  const length = body === undefined ? {} : { "content-length": String(body.length) }; // As browsers send it.
  return kit.refresh.POST(
    browser.request("/auth/refresh", { ...headers, ...length }, { method: "POST", ...(body && { body }) }),
  );
};
const renew = async (headers?: Record<string, string>, body?: string) => browser.take(await post(headers, body));
/** A browser that still has the cookies of now. */
const copyOf = (other: Browser) => {
  const copy = pool.browser(kit);
  for (const [name, cookie] of other.jar) copy.jar.set(name, cookie);
  return copy;
};
const renewIn = (visitor: Browser) => kit.refresh.POST(visitor.request("/auth/refresh", FETCHED, { method: "POST" }));
const addToGroup = (name: string) =>
  void Object.assign(pool.cognito.settings, { accessClaims: { "cognito:groups": [name] } });
const groups = async () => {
  const handler = kit.api.withSession((_request: Request, session) => Response.json(session.groups));
  return (await handler(browser.request("/api/me", FETCHED), {})).json();
};

describe.each([
  ["without rotation", false],
  ["with rotation", true],
])("a renewal %s", (_how, rotation) => {
  beforeEach(() => void Object.assign(pool.cognito.settings, { rotation }));

  test("NW-01 shows the groups of now, although the token is still valid, again and again", async () => {
    for (const name of ["editors", "writers"]) {
      addToGroup(name);
      expect((await renew()).status).toBe(204);
      expect(await groups()).toEqual([name]);
    }
    expect(calls()).toBe(2);
  });

  test("NW-01 a hundred at once make one token call, and all have the new groups", async () => {
    addToGroup("editors");
    const answers = await Promise.all(Array.from({ length: 100 }, () => post()));
    expect([...new Set(answers.map(({ status }) => status)), calls()]).toEqual([204, 1]);
    for (const answer of answers) {
      const visitor = pool.browser(kit);
      visitor.take(answer);
      expect(visitor.names()).toContain("__Host-auth.access");
    }
  });

  test("NW-01 requests with the old token share the answer for 2 s, and then Cognito is asked again", async () => {
    const late = copyOf(browser);
    await renew();
    later(2);
    expect([(await renewIn(late)).status, calls()]).toEqual([204, 1]);
    later(3);
    expect([(await renewIn(late)).status, calls()]).toEqual([204, 2]);
  });

  test("NW-01 a late request with an old refresh token is renewed with the newest one", async () => {
    const late = copyOf(browser);
    await renew();
    later(10);
    await renew();
    later(20);
    addToGroup("editors");
    const answer = await renewIn(late);
    expect([answer.status, calls()]).toEqual([204, 3]);
    browser.take(answer);
    expect(await groups()).toEqual(["editors"]);
  });
});

describe("a renewal with rotation keeps the session", () => {
  beforeEach(() => void Object.assign(pool.cognito.settings, { rotation: true }));
  const isAlive = async () => {
    later(3_700);
    return (await browser.visit("/dashboard", TYPED)).headers.has("x-middleware-next");
  };

  test("RF-06 when the answer of Cognito is lost: it asks once more in the grace period", async () => {
    pool.cognito.fault("token", { resetAfter: true }, { times: 1 });
    expect([(await renew()).status, calls()]).toEqual([204, 2]);
    expect(await isAlive()).toBe(true);
  });

  test("RF-07 when no key is available: it does not use up the refresh token", async () => {
    const cold = await pool.load();
    pool.cognito.fault("jwks", { status: 500 });
    pool.cognito.clearRequests();
    const answer = await cold.refresh.POST(browser.request("/auth/refresh", FETCHED, { method: "POST" }));
    expect([answer.status, calls()]).toEqual([503, 0]);
  });

  test("CK-06 when the session has become too large to store: the new refresh token is stored", async () => {
    pool.cognito.settings.accessClaims = { more: "x".repeat(9_000) };
    expect((await renew()).status).toBe(503);
    pool.cognito.settings.accessClaims = {};
    expect(await isAlive()).toBe(true);
  });
});

test("NW-01 a renewal after an outage of the keys has the claims of now, not those of the answer that waited", async () => {
  Object.assign(pool.cognito.settings, { rotation: true });
  addToGroup("old");
  await pool.cognito.rotateKeys({ keepOld: false });
  pool.cognito.fault("jwks", { status: 500 });
  expect((await renew()).status).toBe(503);
  pool.cognito.clearFaults();
  addToGroup("new");
  later(100);
  expect((await renew()).status).toBe(204);
  expect(await groups()).toEqual(["new"]);
});

test("a large form leads to the start page: its body is not read", async () => {
  const headers = { ...CLICKED, "content-type": "application/x-www-form-urlencoded" };
  const answer = await renew(headers, `returnTo=/admin&more=${"x".repeat(5_000)}`);
  expect([answer.status, pathOf(answer)]).toEqual([303, "/"]);
});

test("RF-04 of two servers that renew at once without a grace period, the slower one ends no session", async () => {
  Object.assign(pool.cognito.settings, { rotation: true, graceSeconds: 0 });
  const other = await pool.load();
  const answers = await Promise.all(
    [kit, other].map(({ refresh }) => refresh.POST(browser.request("/auth/refresh", FETCHED, { method: "POST" }))),
  );
  expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 401]);
  for (const answer of answers.toSorted((a, b) => b.status - a.status)) browser.take(answer); // The loser's comes first.
  expect((await browser.visit("/dashboard", TYPED)).headers.get("x-middleware-next")).toBe("1");
  later(3_700);
  expect((await browser.visit("/dashboard", TYPED)).headers.get("x-middleware-next")).toBe("1");
});

test("NW-01 a page load with the cookies from before a renewal, through middleware with its own memory, stays signed in", async () => {
  Object.assign(pool.cognito.settings, { rotation: true });
  const late = copyOf(browser);
  await renew();
  late.drop("__Host-auth.access");
  later(30); // In the grace period.
  expect((await late.visit("/dashboard", TYPED)).headers.get("x-middleware-next")).toBe("1");
});

test("RF-16 forty renewals with a revoked session make one token call", async () => {
  pool.cognito.globalSignOut("ada");
  for (let i = 0; i < 40; i++) expect((await post()).status).toBe(401);
  expect(calls()).toBe(1);
});

describe("a form", () => {
  const FORM = { ...CLICKED, "content-type": "application/x-www-form-urlencoded" };

  test.each([
    ["the page that it names", "returnTo=/admin%3Fa%3D1", "/admin?a=1"],
    ["the start page without a name", "", "/"],
    ["no page of another site", "returnTo=https://evil.example/", "/"],
    ["the start page when it names two", "returnTo=/a&returnTo=/b", "/"],
  ])("RD-01 returns to %s", async (_what, body, path) => {
    const answer = await renew(FORM, body);
    expect([answer.status, pathOf(answer)]).toEqual([303, path]);
  });

  test("of a visitor leads to sign-in, and back", async () => {
    browser.jar.clear();
    const answer = await renew(FORM, "returnTo=/admin");
    expect([answer.status, pathOf(answer)]).toEqual([303, "/auth/login?returnTo=%2Fadmin"]);
  });

  test("during an outage gets a page with 503, and the session is kept", async () => {
    pool.cognito.fault("token", { status: 500 });
    const before = browser.names();
    expect((await renew(FORM, "returnTo=/admin")).status).toBe(503);
    expect(browser.names()).toEqual(before);
  });
});

describe("a renewal fails", () => {
  test("NW-02 with 403 for another site, and Cognito is not asked", async () => {
    for (const site of ["cross-site", "same-site"]) {
      expect((await post({ ...FETCHED, "sec-fetch-site": site })).status).toBe(403);
    }
    expect((await post({ accept: "*/*" })).status).toBe(403);
    expect((await post({ accept: "*/*", origin: "https://evil.example" })).status).toBe(403);
    expect((await post({ accept: "*/*", origin: ORIGIN })).status).toBe(204);
    expect(calls()).toBe(1);
  });

  test("NW-02 with 405 for GET and HEAD: the route answers POST alone", () => {
    expect(Object.keys(kit.refresh).sort()).toEqual(["HEAD", "POST"]); // Next answers 405 for GET.
    expect([kit.refresh.HEAD().status, kit.refresh.HEAD().headers.get("allow")]).toEqual([405, "POST"]);
  });

  test("NW-02 with 401 for a visitor, without a call", async () => {
    browser.jar.clear();
    expect([(await renew()).status, calls()]).toEqual([401, 0]);
  });

  test("with 503 during an outage, and the session is kept", async () => {
    pool.cognito.fault("token", { status: 500 });
    const answer = await renew();
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([503, []]);
    expect((await browser.visit("/dashboard", TYPED)).headers.get("x-middleware-next")).toBe("1");
  });

  test("with 401 when the refresh token was used elsewhere or revoked, and no session cookie is deleted", async () => {
    pool.cognito.globalSignOut("ada");
    const before = browser.names();
    expect((await renew()).status).toBe(401);
    expect(browser.names()).toEqual([...before, "__Host-auth.spent"].sort());
  });

  test("with 401 after sign-out, when the old cookies are sent again", async () => {
    const late = copyOf(browser);
    await browser.signOut();
    for (const [name, cookie] of browser.jar) late.jar.set(name, cookie); // The mark of the ended sign-in.
    expect((await renewIn(late)).status).toBe(401);
  });
});

test("middleware leaves the route alone", async () => {
  await browser.visit("/auth/refresh", FETCHED, { method: "POST" });
  expect(calls()).toBe(0);
});
