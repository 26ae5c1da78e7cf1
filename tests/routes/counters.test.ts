import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, type Kit, ORIGIN, usePool } from "../support/kit";

const SECRET = "a-secret-of-more-than-thirty-two-bytes";

const pool = usePool({ settings: { clockSkewSeconds: 0, accessTokenSeconds: 3_600 } });

let kit: Kit;

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function signedIn(env: Record<string, string> = {}, username = "ada"): Promise<Browser> {
  kit = await pool.load(env);
  const browser = pool.browser(kit);
  await browser.signIn(username);
  return browser;
}

/** Starts a new server, and returns the same browser with its cookies. */
async function restart(browser: Browser, env: Record<string, string> = {}): Promise<Browser> {
  kit = await pool.load(env);
  const other = pool.browser(kit);
  for (const [name, cookie] of browser.jar) other.jar.set(name, cookie);
  return other;
}

/** Counts from now on: cryptography, requests to Cognito, and lines of Set-Cookie. */
function count() {
  pool.cognito.clearRequests();
  const { subtle } = crypto;
  const spies = {
    verify: vi.spyOn(subtle, "verify"),
    importKey: vi.spyOn(subtle, "importKey"),
    decrypt: vi.spyOn(subtle, "decrypt"),
    digest: vi.spyOn(subtle, "digest"),
  };
  let setCookies = 0;
  return {
    visit: async (browser: Browser) => {
      const response = await browser.visit("/dashboard");
      setCookies += response.headers.getSetCookie().length;
      expect(response.headers.get("x-middleware-next")).toBe("1");
    },
    get all() {
      // The HMAC of a refresh cookie is not counted: it costs a thousandth of a signature.
      const isSignature = ([algorithm]: readonly unknown[]) => algorithm !== "HMAC";
      const calls = Object.entries(spies).map(([name, spy]) => [name, spy.mock.calls.filter(isSignature).length]);
      const [keys, tokens] = [pool.cognito.count("jwks"), pool.cognito.count("token")];
      const requests = pool.cognito.requests.length;
      return { ...Object.fromEntries(calls), keys, tokens, requests, setCookies };
    },
    clear() {
      for (const spy of Object.values(spies)) spy.mockClear();
      pool.cognito.clearRequests();
      setCookies = 0;
    },
  };
}

const NOTHING = { verify: 0, importKey: 0, decrypt: 0, digest: 0, keys: 0, tokens: 0, requests: 0, setCookies: 0 };

describe("the cost of a request", () => {
  test("the first request verifies two signatures, imports two keys and fetches the keys once", async () => {
    const browser = await restart(await signedIn());
    const counter = count();
    await counter.visit(browser);
    expect(counter.all).toEqual({ ...NOTHING, verify: 2, importKey: 2, keys: 1, requests: 1 });
  });

  test("with pinned keys the first request uses no network", async () => {
    const env = { COGNITO_JWKS: JSON.stringify(await (await fetch(jwksUri())).json()) };
    const browser = await restart(await signedIn(env), env);
    const counter = count();
    await counter.visit(browser);
    expect(counter.all).toEqual({ ...NOTHING, verify: 2, importKey: 2 });
  });

  test.each([
    ["plain", {}],
    ["sealed", { AUTH_SECRET: SECRET }],
    ["sealed with two secrets", { AUTH_SECRET: `${SECRET},${SECRET}-old` }],
  ])("with %s cookies the second to the hundredth request need no cryptography and no network", async (_what, env) => {
    const browser = await signedIn(env);
    const counter = count();
    await counter.visit(browser);
    counter.clear();
    for (let i = 0; i < 99; i++) await counter.visit(browser);
    expect(counter.all).toEqual(NOTHING);
  });

  test("a hundred requests open each sealed cookie once", async () => {
    const env = { AUTH_SECRET: SECRET };
    const browser = await restart(await signedIn(env), env);
    const counter = count();
    for (let i = 0; i < 100; i++) await counter.visit(browser);
    expect(counter.all).toMatchObject({ verify: 2, decrypt: 2, keys: 1, tokens: 0, setCookies: 0 });
  });

  test("after sign-out and a new sign-in, a hundred requests need no cryptography and no network", async () => {
    const browser = await signedIn();
    await browser.signOut();
    await browser.signIn();
    expect(browser.names().some((name) => name.startsWith("__Host-auth.ended."))).toBe(true);
    const counter = count();
    await counter.visit(browser);
    counter.clear();
    for (let i = 0; i < 99; i++) await counter.visit(browser);
    expect(counter.all).toEqual(NOTHING);
  });

  test.each([10, 100])(
    "RF-02 %i concurrent requests at expiry make one token call, and middleware verifies each new token once",
    async (requests) => {
      const browser = await signedIn();
      const cookies = 3 + browser.names().filter((name) => /\.\d+$/.test(name)).length;
      const counter = count();
      await counter.visit(browser);
      vi.setSystemTime(Date.now() + 3_591_000);
      counter.clear();
      const before = new Map(browser.jar);
      await Promise.all(
        Array.from({ length: requests }, async () => {
          const tab = pool.browser(kit);
          for (const [name, cookie] of before) tab.jar.set(name, cookie);
          await counter.visit(tab);
        }),
      );
      const { verify, keys, tokens, setCookies } = counter.all;
      expect({ verify, keys, tokens }).toEqual({ verify: 2, keys: 1, tokens: 1 });
      expect(setCookies).toBe(requests * cookies);
    },
  );

  test("requests of two users by turns verify four signatures, and each user gets her own session", async () => {
    const ada = await signedIn();
    const grace = pool.browser(kit);
    await grace.signIn("grace");
    const [first, second] = [await restart(ada), pool.browser(kit)];
    for (const [name, cookie] of grace.jar) second.jar.set(name, cookie);
    const counter = count();
    for (let i = 0; i < 50; i++) for (const browser of [first, second]) await counter.visit(browser);
    expect(counter.all).toMatchObject({ verify: 4, keys: 1, tokens: 0, setCookies: 0 });
    const names = await Promise.all([first, second].map((browser) => usernameOf(browser.cookieHeader)));
    expect(names).toEqual(["ada", "grace"]);
  });
});

function jwksUri(): string {
  return `${pool.cognito.issuer}/.well-known/jwks.json`;
}

async function usernameOf(cookie: string): Promise<string> {
  const handler = kit.api.withSession((_request, { user }) => new Response(user.username));
  return (await handler(new Request(ORIGIN, { headers: { cookie } }), null)).text();
}
