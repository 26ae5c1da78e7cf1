import { encode } from "jose/base64url";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { sha256 } from "@/lib/auth/core/base/hash";
import { type Browser, CLICKED, FETCHED, type Kit, ORIGIN, pathOf, TYPED, usePool } from "../support/kit";

const pool = usePool();
const log = vi.spyOn(console, "info").mockImplementation(() => {});
let kit: Kit;
let browser: Browser;

beforeAll(async () => {
  kit = await pool.load();
  kit.config(); // Read now: other tests load other environments.
});

beforeEach(() => {
  pool.cognito.clearFaults();
  pool.cognito.clearRequests();
  log.mockClear();
  browser = pool.browser(kit);
});

afterEach(() => vi.useRealTimers());

const locationOf = (response: Response) => response.headers.get("location") ?? "";
const askedOf = (response: Response) => new URL(locationOf(response)).searchParams;
const go = (path: string) => browser.login(`/auth/login?returnTo=${path}`);
const pending = () => browser.names().filter((name) => name.includes(".txn."));
const drop = (...kinds: string[]) => kinds.forEach((kind) => void browser.drop(`__Host-auth.${kind}`));
const tokenCalls = () => pool.cognito.requests.filter(({ name }) => name === "token").map(({ params }) => params);

const CHALLENGE = ["code_challenge", "code_challenge_method"];
const QUESTION = ["response_type", "client_id", "redirect_uri", "scope", "state", "nonce", ...CHALLENGE];
const SEALED = { AUTH_SECRET: "0123456789abcdef0123456789abcdef" };

describe("the authorization request", () => {
  test("AR-01 AR-02 AR-15 sign-in redirects with a 303 and requests a code with PKCE", async () => {
    const answer = await browser.login();
    expect([answer.status, locationOf(answer).split("?")[0]]).toEqual([303, `${pool.cognito.domain}/oauth2/authorize`]);
    const pkce = { code_challenge: expect.stringMatching(/^[\w-]{43}$/), code_challenge_method: "S256" };
    expect(Object.fromEntries(askedOf(answer))).toMatchObject({ response_type: "code", ...pkce });
  });

  test("AR-15 sign-in accepts only GET, and HEAD starts no sign-in", async () => {
    expect(Object.keys(kit.login).sort()).toEqual(["GET", "HEAD"]); // Next answers 405 for what a route does not export.
    const head = kit.login.HEAD();
    expect([head.status, head.headers.get("allow"), head.headers.getSetCookie()]).toEqual([405, "GET", []]);
  });

  test("AR-03 AR-05 AR-06 a thousand sign-ins have a thousand verifiers, states and nonces of 256 bits", async () => {
    pool.cognito.fault("token", { status: 400, body: { error: "invalid_grant" } });
    const visit = async () => {
      const visitor = pool.browser(kit);
      const asked = askedOf(await visitor.login());
      await visitor.callback(`/auth/callback?code=none&state=${asked.get("state")}`);
      return asked;
    };
    const asked: URLSearchParams[] = [];
    const start = Date.now();
    for (let second = 1; asked.length < 1000; second++) {
      vi.setSystemTime(start + second * 1000); // A flood of rejected codes is bounded.
      asked.push(...(await Promise.all(Array.from({ length: 25 }, visit))));
    }
    const verifiers = tokenCalls().map(({ code_verifier: verifier = "" }) => verifier);
    const secrets = [...verifiers, ...asked.flatMap((query) => [query.get("state") ?? "", query.get("nonce") ?? ""])];
    expect(secrets.filter((secret) => !/^[\w-]{43}$/.test(secret))).toEqual([]);
    expect(new Set(secrets).size).toBe(3000);
    const hashes = await Promise.all(verifiers.map(async (verifier) => encode(await sha256(verifier))));
    expect(hashes.sort()).toEqual(asked.map((query) => query.get("code_challenge")).sort());
  });

  test("AR-04 the verifier of RFC 7636 appendix B gives its challenge", async () => {
    const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    expect(encode(await sha256(verifier))).toBe("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
  });

  test("AR-07 the state contains no JSON and no return path", async () => {
    const location = locationOf(await go("/a-very-private-page"));
    const state = new URL(location).searchParams.get("state") ?? "";
    expect(state).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(location + atob(state.replaceAll("-", "+").replaceAll("_", "/"))).not.toContain("private");
  });

  test("AR-08 redirect_uri is the configured one in the authorization request and in the token request", async () => {
    const spoofed = { ...CLICKED, host: "evil.test", "x-forwarded-host": "evil.test", "x-forwarded-proto": "http" };
    const answer = await browser.login("http://evil.test/auth/login", { ...spoofed, forwarded: "host=evil.test" });
    await browser.callback(await pool.cognito.authorize(locationOf(answer), "ada"), spoofed);
    const uris = [askedOf(answer).get("redirect_uri"), ...tokenCalls().map((params) => params.redirect_uri)];
    expect(uris).toEqual([`${ORIGIN}/auth/callback`, `${ORIGIN}/auth/callback`]);
  });

  test("AR-09 AR-10 the scope is the configured one, or openid email profile, with %20 for a space", async () => {
    const answer = await browser.login();
    expect(locationOf(answer)).toContain("&scope=openid%20email%20profile&");
    expect(locationOf(answer)).not.toContain("+");
    browser = pool.browser(await pool.load({ COGNITO_SCOPE: "openid" }));
    expect(askedOf(await browser.login()).get("scope")).toBe("openid");
  });

  test.each([
    ["AR-09 a scope without openid", { COGNITO_SCOPE: "email profile" }, "COGNITO_SCOPE"],
    ["AR-21 a domain over http", { COGNITO_DOMAIN: "http://auth.example.com" }, "COGNITO_DOMAIN"],
  ])("%s is a configuration error", async (_title, env, name) => {
    const visit = pool.browser(await pool.load(env)).login();
    await expect(visit).rejects.toMatchObject({ code: "config_invalid", message: expect.stringContaining(name) });
  });
});

describe("a pending sign-in", () => {
  test("AR-11 a link neither changes nor adds parameters of the kit", async () => {
    const evil = QUESTION.concat("request", "request_uri", "response_mode", "resource", "claims", "max_age", "code");
    const answer = await browser.login(`/auth/login?${evil.map((name) => `${name}=evil`).join("&")}`);
    expect([...askedOf(answer).keys()]).toEqual(QUESTION);
    expect(locationOf(answer)).not.toContain("evil");
  });

  test.each([
    ["identity_provider", "Google"],
    ["identity_provider", "a&redirect_uri=https://evil.test#b"],
    ["idp_identifier", "example.com"],
    ["login_hint", "ada+test@example.com"],
    ["lang", "pt-BR"],
    ["prompt", "none"],
    ["prompt", "select_account login"],
  ])("AR-11 %s=%s reaches Cognito as one value", async (name, value) => {
    const answer = await browser.login(`/auth/login?${new URLSearchParams({ [name]: value })}`);
    expect([...askedOf(answer).keys()]).toEqual([...QUESTION, name]);
    expect(askedOf(answer).getAll(name)).toEqual([value]);
    expect(locationOf(answer)).not.toMatch(/[+#]/);
  });

  test.each([
    ["AR-11 a provider with a line break", "identity_provider=a%0d%0ab"],
    ["AR-11 an identifier with NUL", "idp_identifier=%00"],
    ["AR-12 a hint of 5 kB", `login_hint=${"x".repeat(5_000)}`],
    ["AR-12 a hint with a line break", "login_hint=ada%0aadmin"],
    ["AR-11 a language that is none", "lang=../de"],
    ["AR-11 two languages", "lang=de&lang=fr"],
    ["AR-11 a prompt that contradicts itself", "prompt=none%20login"],
    ["AR-11 a prompt that is none", "prompt=bogus"],
  ])("%s does not reach Cognito", async (_title, query) => {
    expect([...askedOf(await browser.login(`/auth/login?${query}`)).keys()]).toEqual(QUESTION);
  });

  test("AR-20 a valid prompt starts a new sign-in for a signed-in user, and an invalid one does not", async () => {
    await browser.signIn();
    expect(locationOf(await go("/a&prompt=login"))).toContain("/oauth2/authorize");
    expect(pathOf(await go("/b&prompt=bogus"))).toBe("/b");
  });

  test("AR-12 no log contains a login hint", async () => {
    const answer = await browser.login("/auth/login?login_hint=ada@example.com");
    await browser.callback(`/auth/callback?error=access_denied&state=${askedOf(answer).get("state")}`);
    expect(JSON.stringify(log.mock.calls)).toContain("authorization_denied");
    expect(JSON.stringify(log.mock.calls)).not.toContain("ada");
  });

  test("screen=signup starts at the sign-up page with the whole authorization request, and signs the user in", async () => {
    const answer = await browser.login("/auth/login?screen=signup&returnTo=/welcome");
    expect(locationOf(answer).split("?")[0]).toBe(`${pool.cognito.domain}/signup`);
    expect([...askedOf(answer).keys()]).toEqual(QUESTION);
    expect(pathOf(await browser.callback(await pool.cognito.authorize(locationOf(answer), "ada")))).toBe("/welcome");
  });

  test("CB-12 prompt=none with nobody signed in at Cognito returns to the page as a visitor", async () => {
    const back = await pool.cognito.authorize(locationOf(await go("/x&prompt=none")), "ada");
    expect(back).toContain("error=login_required");
    expect(pathOf(await browser.callback(back))).toBe("/x");
  });

  test("CS-04 another site can start a sign-in, but chooses neither its state nor a page outside the app", async () => {
    const link = "/auth/login?returnTo=https://evil.test/&state=planted&nonce=planted&code=planted";
    const answer = await browser.login(link, { ...TYPED, "sec-fetch-site": "cross-site" });
    expect(locationOf(answer)).not.toContain("planted");
    expect(pathOf(await browser.callback(await pool.cognito.authorize(locationOf(answer), "grace")))).toBe("/");
  });

  test.each([{}, SEALED])("AR-13 the cookie of a sign-in lives ten minutes and is HttpOnly: %j", async (env) => {
    const answer = await pool.browser(await pool.load(env)).login();
    const lines = answer.headers.getSetCookie().filter((line) => line.includes(".txn."));
    const pattern = /^__Host-auth\.txn\.[\w-]{16}=[\w.-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/;
    expect(lines).toEqual([expect.stringMatching(pattern)]);
  });

  test.each([{}, SEALED])("AR-14 a transaction with one changed character is rejected: %j", async (env) => {
    const visitor = pool.browser(await pool.load(env));
    const back = await pool.cognito.authorize(locationOf(await visitor.login()), "ada");
    const cookie = visitor.jar.get(visitor.names().find((name) => name.includes(".txn.")) ?? "");
    const whole = cookie?.value ?? "";
    const store = (value: string) => void Object.assign(cookie ?? {}, { value });
    expect(whole.length).toBeGreaterThan(200);
    for (let i = 0; i <= whole.length; i++) {
      const other = /[A-Za-f]/.test(whole[i] ?? "") ? "z" : "A"; // The first bit flips: a segment's last ones are idle.
      store(whole.slice(0, i) + other + whole.slice(i + 1));
      expect(pathOf(await visitor.callback(back)), `character ${i}`).toBe("/auth/error?code=transaction_missing");
    }
    expect(tokenCalls()).toEqual([]);
    store(whole);
    expect(pathOf(await visitor.callback(back))).toBe("/dashboard");
  });

  test.each(["01", "10"])("AR-18 two tabs both finish their sign-ins in the order %s", async (order) => {
    const tabs = [await go("/0"), await go("/1")];
    const backs = await Promise.all(tabs.map((tab) => pool.cognito.authorize(locationOf(tab), "ada")));
    for (const tab of order) expect(pathOf(await browser.callback(backs[Number(tab)] ?? ""))).toBe(`/${tab}`);
    expect(pending()).toEqual([]);
  });

  test.each([
    ["short return paths", "page", {}],
    ["the longest return paths", "page".padEnd(505, "-"), {}],
    ["the longest return paths, sealed", "page".padEnd(505, "-"), SEALED],
  ])("AR-19 fifty unfinished sign-ins stay below 4 kB of cookies: %s", async (_title, page, env) => {
    vi.useFakeTimers({ toFake: ["Date"] });
    browser = pool.browser(await pool.load(env));
    const names: string[] = [];
    let question = "";
    for (let i = 0; i < 50; i++) {
      question = locationOf(await go(`/${page}${i}`));
      names.push(pending().find((name) => !names.includes(name)) ?? "");
      expect(browser.cookieHeader.length, `after ${i + 1}`).toBeLessThan(4_096);
      if (i % 2) vi.setSystemTime(Date.now() + 1_000); // Two sign-ins within a second differ by their order in the header.
    }
    expect(pending().length).toBeGreaterThan(1);
    expect(pending()).toEqual(names.slice(-pending().length).sort()); // The oldest went.
    expect(pathOf(await browser.callback(await pool.cognito.authorize(question, "ada")))).toBe(`/${page}49`);
  });
});

describe("the requests that start a sign-in", () => {
  test.each([
    ["AR-17 a prefetch", { ...CLICKED, "sec-purpose": "prefetch" }],
    ["AR-17 a prerendering", { ...CLICKED, "sec-purpose": "prefetch;prerender" }],
    ["AR-17 a prefetch of Next's", { ...FETCHED, rsc: "1", "next-router-prefetch": "1" }],
    ["AR-17 a prefetch of Next's without Fetch Metadata", { accept: TYPED.accept, "next-router-prefetch": "1" }],
    ["Next's router", { ...FETCHED, rsc: "1" }],
    ["fetch()", FETCHED],
    ["an image", { ...FETCHED, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" }],
    ["AR-22 a frame", { ...CLICKED, "sec-fetch-dest": "iframe" }],
    ["curl", { accept: "*/*" }],
  ])("%s starts no sign-in: 401, and no cookie", async (_title, headers) => {
    const answer = await browser.login("/auth/login", headers);
    expect([answer.status, locationOf(answer), answer.headers.getSetCookie()]).toEqual([401, "", []]);
  });

  test("AR-20 sign-in sends a signed-in user straight back, as the same user", async () => {
    await browser.signIn("ada");
    const answer = await go("/x?a=1&identity_provider=Google&login_hint=eve");
    expect([answer.status, locationOf(answer)]).toEqual([303, `${ORIGIN}/x?a=1`]);
    expect(answer.headers.getSetCookie().filter((line) => !line.startsWith("__Host-auth.rounds="))).toEqual([]);
    expect(locationOf(await go("//evil.test"))).toBe(`${ORIGIN}/`);
  });

  test("RP-20 sign-in refreshes a session without an access token, and sends the user straight back", async () => {
    await browser.signIn("ada");
    drop("access", "id");
    expect(locationOf(await go("/x"))).toBe(`${ORIGIN}/x`);
    expect(tokenCalls().map((params) => params.grant_type)).toEqual(["authorization_code", "refresh_token"]);
    expect(pending()).toEqual([]);
    expect((await browser.visit("/dashboard")).headers.get("x-middleware-next")).toBe("1");
  });

  test("AT-15 the answer to a hundred and fifty planted transactions has at most 64 deletions", async () => {
    for (let i = 0; i < 150; i++) {
      const name = `__Host-auth.txn.${`${i}`.padStart(16, "x")}`;
      browser.jar.set(name, { value: "x", line: "", expiresAt: Number.POSITIVE_INFINITY });
    }
    const lines = (await browser.login()).headers.getSetCookie();
    expect(lines.filter((line) => line.includes("Max-Age=0"))).toHaveLength(64);
    expect(lines.filter((line) => !line.includes("Max-Age=0"))).toHaveLength(2); // .txn and .rounds
  });

  test.each([
    ["the token endpoint", "token", ["access", "id"]],
    ["the JWKS", "jwks", []],
  ] as const)(
    "sign-in answers 503 and keeps the session while %s does not answer",
    async (_title, endpoint, dropped) => {
      vi.useFakeTimers({ toFake: ["Date"] });
      await browser.signIn("ada");
      const cold = pool.browser(await pool.load());
      drop(...dropped);
      for (const [name, cookie] of browser.jar) cold.jar.set(name, cookie);
      pool.cognito.fault(endpoint, { status: 503 });
      const answer = await cold.login();
      expect([answer.status, answer.headers.getSetCookie()]).toEqual([503, []]);
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(answer.headers.get("content-security-policy")).toContain("frame-ancestors 'none'"); // AR-22
      pool.cognito.clearFaults();
      vi.setSystemTime(Date.now() + 2_000);
      expect(pathOf(await cold.login())).toBe("/dashboard");
    },
  );

  test("AR-16 AR-22 HD-08 every answer of sign-in forbids caches, frames, sniffing and Referer", async () => {
    const answers = [await go("/"), await browser.login("/auth/login", FETCHED), kit.login.HEAD()];
    answers.push(await browser.signIn(), await go("/"), await browser.visit("/auth/error"));
    expect(answers.map(({ status }) => status)).toEqual([303, 401, 405, 303, 303, 200]);
    for (const { headers } of answers) {
      expect(headers.get("cache-control")).toBe("private, no-store");
      expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
    }
  });

  test.each([
    ["nobody comes back from Cognito", () => browser.login()],
    ["other tabs go round as well", () => browser.login().finally(() => go("/b").then(() => go("/c")))],
    ["the browser drops the session", () => browser.signIn().finally(() => drop("access", "id", "refresh"))],
    ["a page refuses the session", () => (browser.value("__Host-auth.access") ? browser.login() : browser.signIn())],
  ])("the fourth visit within a minute leads to the error page when %s", async (_title, visit) => {
    vi.useFakeTimers({ toFake: ["Date"] });
    for (let i = 0; i < 3; i++) {
      expect(pathOf(await visit())).not.toContain("/auth/error");
      vi.setSystemTime(Date.now() + 19_000);
    }
    const before = browser.cookieHeader;
    expect(pathOf(await browser.login())).toBe("/auth/error?code=sign_in_loop&returnTo=%2Fdashboard");
    expect(browser.cookieHeader).toBe(before);
    expect(pathOf(await go("/other"))).not.toContain("/auth/error");
    vi.setSystemTime(Date.now() + 4_000); // A minute after the first visit.
    expect(pathOf(await browser.login())).not.toContain("/auth/error");
  });

  test("KS-08 a second visit refreshes a session whose signing key the pool removed, in a process that still knows the key", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    await browser.signIn();
    vi.setSystemTime(Date.now() + 61_000); // The visits of that sign-in no longer count.
    await pool.cognito.rotateKeys({ keepOld: false });
    const elsewhere = await pool.load();
    const page = () => {
      const headers = new Headers({ cookie: browser.cookieHeader });
      return elsewhere.core.authenticate(headers, elsewhere.config(), "never");
    };
    for (let visit = 1; visit <= 2; visit++) {
      expect((await page()).status).toBe("signed_out");
      expect(pathOf(await browser.login())).toBe("/dashboard");
    }
    expect((await page()).status).toBe("signed_in");
  });

  test("RF-17 another site that redirects a user to sign-in repeatedly causes no token call", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    await browser.signIn();
    vi.setSystemTime(Date.now() + 61_000);
    pool.cognito.clearRequests();
    for (let visit = 1; visit <= 3; visit++) {
      const answer = await browser.login("/auth/login?returnTo=/p", { ...CLICKED, "sec-fetch-site": "cross-site" });
      expect(pathOf(answer)).toBe("/p");
    }
    expect(tokenCalls()).toEqual([]);
  });
});

test("DS-15 a browser that stores no cookies gets the error page with transaction_missing", async () => {
  const browser = pool.browser(kit);
  const login = await kit.login.GET(browser.request(pathOf(await browser.visit("/dashboard")), CLICKED));
  const url = await pool.cognito.authorize(login.headers.get("location") ?? "", "ada");
  expect(pathOf(await kit.callback.GET(browser.request(url)))).toBe("/auth/error?code=transaction_missing");
});
