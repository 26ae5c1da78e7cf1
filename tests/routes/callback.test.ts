import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, type Kit, ORIGIN, pathOf, TYPED, usePool } from "../support/kit";

const pool = usePool();
const log = vi.spyOn(console, "info").mockImplementation(() => {});
const MISSING = "/auth/error?code=transaction_missing";
const ERROR = (code: string) => `/auth/error?code=${code}&returnTo=%2Fdashboard`;
let kit: Kit;

beforeAll(async () => {
  kit = await pool.load();
  kit.config(); // Read now: other tests load other environments.
});

beforeEach(() => {
  pool.cognito.clearFaults();
  pool.cognito.clearRequests();
  log.mockClear();
});

afterEach(() => vi.useRealTimers());

const tokenCalls = () => pool.cognito.count("token");
const sessionOf = (browser: Browser) => browser.names().filter((name) => /\.(access|id|refresh)(\.\d+)?$/.test(name));
const userOf = async (browser: Browser) => {
  const headers = new Headers({ cookie: browser.cookieHeader });
  const auth = await browser.kit.core.authenticate(headers, browser.kit.config(), "never");
  return auth.status === "signed_in" ? auth.session.user.username : null;
};

/** A browser that Cognito redirects back to the app, with the parts of that URL. */
async function comeBack({ username = "ada", as = kit, browser = pool.browser(as), path = "" } = {}) {
  const login = await browser.login(path || undefined);
  const url = new URL(await pool.cognito.authorize(login.headers.get("location") ?? "", username));
  const [name = ""] = browser.names().filter((it) => it.includes(".txn."));
  /** The URL with other parameters; null removes one. */
  const but = (changes: Record<string, string | null>) => {
    const other = new URL(url);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) other.searchParams.delete(key);
      else other.searchParams.set(key, value);
    }
    return other.href;
  };
  return {
    browser,
    url: url.href,
    state: url.searchParams.get("state") ?? "",
    code: url.searchParams.get("code") ?? "",
    but,
    name,
  };
}

/** Checks a rejection: it sets no cookie, and may delete the cookie of the transaction (CK-22). */
function expectRefusal(answer: Response, path: string) {
  expect([answer.status, pathOf(answer)]).toEqual([303, path]);
  expect(answer.headers.getSetCookie().filter((line) => !/^__Host-auth\.txn\.[\w-]+=; Max-Age=0; /.test(line))).toEqual(
    [],
  );
  expect(answer.headers.get("cache-control")).toBe("private, no-store");
}

describe("a response that this browser did not request", () => {
  test.each([
    ["CB-01 another state", (state: string) => ({ state: `${state.slice(0, -1)}${state.endsWith("A") ? "B" : "A"}` })],
    ["CB-01 a state of another length", (state: string) => ({ state: state.slice(0, -1) })],
    ["CB-01 a state that goes on", (state: string) => ({ state: `${state}A` })],
    ["CB-01 the state's first characters alone", (state: string) => ({ state: state.slice(0, 16) })],
    ["CB-01 the state in upper case", (state: string) => ({ state: state.toUpperCase() })],
    ["CB-02 RP-23 no state", () => ({ state: null })],
    ["CB-02 an empty state", () => ({ state: "" })],
    ["CB-09 an error without state", () => ({ state: null, code: null, error: "access_denied" })],
    ["CB-09 an error with another state", () => ({ state: "x".repeat(43), code: null, error: "access_denied" })],
    ["CB-15 a state of 100 kB", () => ({ state: "x".repeat(100_000) })],
  ])("%s is rejected, and the right response still succeeds", async (_title, changes) => {
    const { browser, url, state, but } = await comeBack();
    const before = browser.cookieHeader;
    expectRefusal(await browser.callback(but(changes(state))), MISSING);
    expect([browser.cookieHeader, tokenCalls()]).toEqual([before, 0]);
    expect(pathOf(await browser.callback(url))).toBe("/dashboard");
  });

  test("CB-08 a response with two states is rejected", async () => {
    const { browser, url, state } = await comeBack();
    expectRefusal(await browser.callback(`${url}&state=${state}`), MISSING);
    expect(tokenCalls()).toBe(0);
  });

  test("CB-01 RP-23 the transaction of another tab under the name of this one is rejected", async () => {
    const { browser, url, name } = await comeBack();
    const other = await comeBack();
    const [stored, strange] = [browser.jar.get(name), other.browser.jar.get(other.name)];
    Object.assign(stored ?? {}, { value: strange?.value });
    expectRefusal(await browser.callback(url), MISSING);
    expect(tokenCalls()).toBe(0);
  });

  test("CB-03 CB-04 the callback of another browser's sign-in signs nobody in", async () => {
    const attacker = await comeBack({ username: "grace" });
    const victim = pool.browser(kit);
    expectRefusal(await victim.callback(attacker.url), MISSING);
    expect([victim.names(), tokenCalls()]).toEqual([[], 0]);
  });

  test("CB-04 CB-09 the callback of another browser's sign-in does not change a session", async () => {
    const victim = pool.browser(kit);
    await victim.signIn("ada");
    const before = [victim.cookieHeader, tokenCalls()];
    const attacker = await comeBack({ username: "grace" });
    // A user with a session goes on: a stale callback is nearly always the back button.
    for (const url of [attacker.url, attacker.but({ code: null, error: "access_denied" })]) {
      const answer = await victim.callback(url);
      expect([answer.status, pathOf(answer), answer.headers.getSetCookie()]).toEqual([303, "/", []]);
    }
    expect([victim.cookieHeader, tokenCalls()]).toEqual(before);
  });

  test("CB-05 the code of another browser's sign-in fails, because its verifier differs", async () => {
    const victim = await comeBack();
    const attacker = await comeBack({ username: "grace" });
    expectRefusal(await attacker.browser.callback(attacker.but({ code: victim.code })), ERROR("grant_rejected"));
    expect(await userOf(attacker.browser)).toBeNull();
  });

  test.each([
    [599, "/dashboard"],
    [600, MISSING],
  ])("CB-07 after %i seconds a callback leads to %s", async (seconds, path) => {
    vi.useFakeTimers({ toFake: ["Date"] });
    Object.assign(pool.cognito.settings, { codeSeconds: 3600 });
    const { browser, url, name } = await comeBack();
    Object.assign(browser.jar.get(name) ?? {}, { expiresAt: Number.POSITIVE_INFINITY }); // The browser keeps the cookie for longer.
    vi.setSystemTime(Date.now() + seconds * 1000);
    expect(pathOf(await browser.callback(url))).toBe(path);
    expect(tokenCalls()).toBe(path === MISSING ? 0 : 1);
  });
});

describe("a response to a sign-in of this browser", () => {
  test("RP-01 CB-16 CB-17 a sign-in leads to its page, without code, state or Referer", async () => {
    const { browser, url } = await comeBack({ path: "/auth/login?returnTo=/x%3Fa=1" });
    const answer = await browser.callback(url);
    expect([answer.status, answer.headers.get("location")]).toEqual([303, `${ORIGIN}/x?a=1`]);
    expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
    expect(answer.headers.get("cache-control")).toBe("private, no-store");
    expect(await userOf(browser)).toBe("ada");
  });

  test("CB-06 a callback URL works once", async () => {
    const { browser, url, name } = await comeBack();
    await browser.callback(url);
    expect(browser.jar.has(name)).toBe(false);
    const before = browser.cookieHeader;
    const again = await browser.callback(url);
    expect([pathOf(again), again.headers.getSetCookie(), browser.cookieHeader]).toEqual(["/", [], before]);
    for (const kind of sessionOf(browser)) browser.drop(kind);
    expectRefusal(await browser.callback(url), MISSING);
    expect(tokenCalls()).toBe(1);
  });

  test("CB-06 CK-22 a failed callback does not work again, and sets no cookie", async () => {
    const { browser, url } = await comeBack();
    pool.cognito.fault("token", { status: 500 }, { times: 1 });
    expectRefusal(await browser.callback(url), ERROR("token_endpoint_unavailable"));
    expectRefusal(await browser.callback(url), MISSING);
    expect(tokenCalls()).toBe(1);
  });

  test("JW-30 an error of the platform reaches Next unchanged", async () => {
    const { browser, url } = await comeBack();
    const luck = new TypeError("no such luck");
    const digest = vi.spyOn(crypto.subtle, "digest").mockRejectedValue(luck);
    const answer = browser.callback(url).finally(() => digest.mockRestore());
    await expect(answer).rejects.toBe(luck);
  });

  test("AT-03 a sign-in revokes the refresh token of the session that it replaces", async () => {
    const { browser, url } = await comeBack();
    await browser.callback(url);
    const [first] = pool.cognito.signIns.slice(-1);
    const again = await comeBack({ browser, username: "grace", path: "/auth/login?returnTo=/dashboard&prompt=login" });
    await browser.callback(again.url);
    expect(first?.refreshTokens.map(({ token }) => pool.cognito.refreshTokenState(token))).toEqual(["revoked"]);
    const [second] = pool.cognito.signIns.slice(-1);
    expect(second?.refreshTokens.map(({ token }) => pool.cognito.refreshTokenState(token))).toEqual(["valid"]);
    expect(await userOf(browser)).toBe("grace");
  });

  test.each([
    ["answers 500", { status: 500 }],
    ["resets the connection", { reset: true }],
  ])("AT-03 a sign-in succeeds when the revocation of the replaced one %s", async (_what, fault) => {
    const { browser, url } = await comeBack();
    await browser.callback(url);
    const again = await comeBack({ browser, username: "grace", path: "/auth/login?returnTo=/dashboard&prompt=login" });
    pool.cognito.fault("revoke", fault);
    expect(pathOf(await browser.callback(again.url))).toBe("/dashboard");
    expect(await userOf(browser)).toBe("grace");
  });

  test("CB-22 AT-03 a failed sign-in keeps the session and its refresh token", async () => {
    const { browser, url } = await comeBack();
    await browser.callback(url);
    const again = await comeBack({ browser, username: "grace", path: "/auth/login?returnTo=/dashboard&prompt=login" });
    pool.cognito.fault("token", { status: 500 });
    await browser.callback(again.url);
    expect(pool.cognito.count("revoke")).toBe(0);
    expect(await userOf(browser)).toBe("ada");
  });

  test("CF-07 the kit reports a refresh that a stale callback causes", async () => {
    const { browser, url } = await comeBack();
    await browser.callback(url);
    browser.drop("__Host-auth.access");
    log.mockClear();
    expect(pathOf(await browser.callback(url))).toBe("/");
    const events = log.mock.calls.map(([line]) => JSON.parse(String(line)).auth);
    expect(events).toMatchObject([{ type: "refreshed", path: "/auth/callback" }]);
  });

  test("CB-20 one of two concurrent callbacks signs in, and the other deletes no session", async () => {
    const { browser, url } = await comeBack();
    const requests = [0, 1].map(() => kit.callback.GET(browser.request(url)));
    const answers = await Promise.all(requests);
    const [good, late] = answers.map(pathOf)[0] === "/dashboard" ? answers : answers.toReversed();
    expect(good && pathOf(good)).toBe("/dashboard");
    expectRefusal(late ?? Response.error(), ERROR("grant_rejected"));
    for (const answer of [good, late]) if (answer) browser.take(answer);
    expect(await userOf(browser)).toBe("ada");
  });

  test("CB-20 a second callback leads a signed-in user to the page", async () => {
    const { browser, url, name } = await comeBack();
    const pending = browser.jar.get(name);
    await browser.callback(url);
    if (pending) browser.jar.set(name, pending);
    expect(pathOf(await browser.callback(url))).toBe("/dashboard");
    expect([await userOf(browser), browser.jar.has(name)]).toEqual(["ada", false]);
  });

  test.each([
    ["CB-08 two codes", { more: "&code=b" }, "authorization_failed"],
    ["CB-11 a code and an error", { error: "access_denied" }, "authorization_denied"],
    ["CB-09 a refusal", { code: null, error: "access_denied" }, "authorization_denied"],
    ["CB-12 a refusal to sign in without a page", { code: null, error: "login_required" }, "authorization_denied"],
    ["CB-12 a refusal for lack of consent", { code: null, error: "consent_required" }, "authorization_denied"],
    ["CB-12 a refusal for lack of interaction", { code: null, error: "interaction_required" }, "authorization_denied"],
    ["CB-09 another error", { code: null, error: "server_error" }, "authorization_failed"],
    ["CB-09 an error that starts like a refusal", { code: null, error: "access_denied_x" }, "authorization_failed"],
    ["CB-09 an error that ends like a refusal", { code: null, error: "x_access_denied" }, "authorization_failed"],
    ["CB-13 RP-23 another issuer", { iss: "https://evil.test" }, "authorization_failed"],
    ["CB-13 an empty issuer", { iss: "" }, "authorization_failed"],
    ["CB-15 no code", { code: null }, "authorization_failed"],
    ["CB-15 an empty code", { code: "" }, "authorization_failed"],
    ["CB-15 a code of 100 kB", { code: "x".repeat(100_000) }, "authorization_failed"],
    ["CB-15 a code with NUL", { code: "a\0b" }, "authorization_failed"],
    ["CB-15 a code with a line break", { code: "a\r\nb" }, "authorization_failed"],
    ["CB-22 tokens in the query", { code: null, access_token: "a.b.c", id_token: "a.b.c" }, "authorization_failed"],
  ])(
    "%s: the kit makes no token call and signs nobody in",
    async (_title, { more = "", ...changes }: Record<string, string | null>, code) => {
      const { browser, but } = await comeBack();
      expectRefusal(await browser.callback(but(changes) + more), ERROR(code));
      expect([tokenCalls(), browser.names()]).toEqual([0, ["__Host-auth.rounds"]]);
    },
  );

  test("CB-08 CB-13 a response that repeats the configured issuer is rejected", async () => {
    const { browser, but } = await comeBack();
    const more = `&iss=${encodeURIComponent(pool.cognito.issuer)}`;
    expectRefusal(await browser.callback(but({ iss: pool.cognito.issuer }) + more), ERROR("authorization_failed"));
  });

  test("CB-13 RP-23 a response with the configured issuer or without an issuer is accepted", async () => {
    const [named, silent] = [await comeBack(), await comeBack()];
    expect(pathOf(await named.browser.callback(named.but({ iss: pool.cognito.issuer })))).toBe("/dashboard");
    expect(pathOf(await silent.browser.callback(silent.url))).toBe("/dashboard");
  });

  test.each([
    ["markup", "<script>alert(1)</script>"],
    ["a right-to-left override", "\u202egnp.exe"],
    ["10 kB", "x".repeat(10_000)],
    ["a line break", "a\r\nSet-Cookie: a=b"],
    ["Cognito's doubled prefix", "error_description=x"],
  ])("CB-10 the kit neither shows nor logs an error description: %s", async (_title, description) => {
    const { browser, but } = await comeBack();
    const changes = { code: null, error: description, error_description: description, error_uri: description };
    expectRefusal(await browser.callback(but(changes)), ERROR("authorization_failed"));
    expect(log).toHaveBeenCalledOnce();
    expect(JSON.stringify(log.mock.calls)).not.toMatch(/script|gnp|xxx|a=b|description/);
  });

  test("CB-14 CB-22 the callback accepts only GET, and HEAD leaves the sign-in usable", async () => {
    expect(Object.keys(kit.callback).sort()).toEqual(["GET", "HEAD"]); // Next answers 405 for what a route does not export.
    const { status, headers } = kit.callback.HEAD();
    expect([status, headers.get("allow"), headers.getSetCookie()]).toEqual([405, "GET", []]);
  });

  test.each([{ "sec-purpose": "prefetch" }, { "sec-purpose": "prefetch;prerender" }, { purpose: "prefetch" }])(
    "CB-23 a prefetch leaves the sign-in usable: %j",
    async (headers: Record<string, string>) => {
      const { browser, url } = await comeBack();
      const answer = await browser.callback(url, { ...TYPED, ...headers });
      expect([answer.status, answer.headers.getSetCookie(), tokenCalls()]).toEqual([400, [], 0]);
      expect(pathOf(await browser.callback(url))).toBe("/dashboard");
    },
  );

  test("CB-18 a transaction with a forged return path leads to the start page", async () => {
    const { browser, url, name } = await comeBack();
    // The cookie is not signed: an attacker who can write cookies can make a matching one. The path is checked again.
    const text = atob(browser.value(name).replaceAll("-", "+").replaceAll("_", "/")).replace(
      "/dashboard",
      "//evil.test",
    );
    const toBase64url = (binary: string) => btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
    const forged = toBase64url(text);
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(forged));
    const state = toBase64url(String.fromCharCode(...new Uint8Array(digest)));
    browser.jar.set(`__Host-auth.txn.${state.slice(0, 16)}`, {
      value: forged,
      line: "",
      expiresAt: Date.now() + 60_000,
    });
    const target = new URL(url);
    target.searchParams.set("state", state);
    expect((await browser.callback(target.href)).headers.get("location")).toBe(`${ORIGIN}/`);
    expect(await userOf(browser)).toBe("ada");
  });
});

describe("the new session", () => {
  test("CB-19 CK-21 a new sign-in replaces all cookies of the session before", async () => {
    const { browser, url } = await comeBack({ username: "lin" });
    await browser.callback(url);
    expect(sessionOf(browser)).toContain("__Host-auth.access.1");
    const next = await comeBack({ browser, username: "grace", path: "/auth/login?prompt=login" });
    await browser.callback(next.url);
    expect(sessionOf(browser)).toEqual(["access", "id", "refresh"].map((kind) => `__Host-auth.${kind}`));
    expect(await userOf(browser)).toBe("grace");
  });

  test("CK-21 CS-06 a sign-in removes cookies that were planted before it", async () => {
    const attacker = pool.browser(kit);
    await attacker.signIn("grace");
    const { browser, url } = await comeBack();
    for (const [name, cookie] of attacker.jar) browser.jar.set(name, cookie);
    for (const kind of ["access", "access.1", "refresh.2", "id.1"]) {
      browser.jar.set(`__Host-auth.${kind}`, { value: "planted", line: "", expiresAt: Date.now() + 60_000 });
    }
    await browser.callback(url);
    expect(sessionOf(browser)).toEqual(["access", "id", "refresh"].map((kind) => `__Host-auth.${kind}`));
    expect(browser.cookieHeader).not.toContain("planted");
    expect(browser.value("__Host-auth.refresh")).not.toBe(attacker.value("__Host-auth.refresh"));
    expect(await userOf(browser)).toBe("ada");
  });
});

test.each([
  ["without a transaction", "transaction_missing", (url: string) => url.replace(/state=./, "state=~")],
  ["with Cognito's error", "authorization_failed", (url: string) => `${url}&error=server_error`],
  ["without a code", "authorization_failed", (url: string) => url.replace(/code=[^&]+/, "")],
  ["with a wrong code", "grant_rejected", (url: string) => url.replace(/code=[^&]+/, "code=x")],
  ["while the token endpoint is down", "token_endpoint_unavailable", (url: string) => url],
])("CK-22 a callback %s sets no cookie, and deletes at most its transaction", async (_what, code, change) => {
  const browser = pool.browser(await pool.load());
  const login = await browser.login();
  const url = await pool.cognito.authorize(login.headers.get("location") ?? "", "ada");
  if (code === "token_endpoint_unavailable") pool.cognito.fault("token", { status: 500 });
  const answer = await browser.callback(change(url));
  expect(pathOf(answer)).toContain(`/auth/error?code=${code}`);
  for (const line of answer.headers.getSetCookie()) expect(line).toMatch(/^__Host-auth\.txn\.[\w-]{16}=; Max-Age=0;/);
});
