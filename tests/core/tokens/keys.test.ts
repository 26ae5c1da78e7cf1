import { exportJWK, generateKeyPair } from "jose";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Fault } from "../../cognito";
import type { Claims } from "../../cognito/types";
import { type Kit, ORIGIN, pathOf, usePool } from "../../support/kit";

const DAY_S = 24 * 3600;
const NOW_S = Date.parse("2026-06-01T12:00:00Z") / 1000;

const pool = usePool({ settings: { accessTokenSeconds: 7 * DAY_S, idTokenSeconds: 7 * DAY_S } });

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
  at(0);
  pool.cognito.clearFaults();
  pool.cognito.clearRequests();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const at = (seconds: number) => vi.setSystemTime((NOW_S + seconds) * 1000);
const fetches = () => pool.cognito.count("jwks");

async function load(env: Record<string, string> = {}) {
  const kit = await pool.load(env);
  const { verifyAccessToken } = await import("@/lib/auth/core/tokens/verify");
  const config = kit.config();
  const judge = (token: string): Promise<unknown> =>
    verifyAccessToken(token, config, config.bearerClientIds).then(
      () => "good",
      (error: { code?: string }) => error.code,
    );
  return { kit, config, judge };
}

const token = (claims: Claims = {}) => pool.cognito.accessTokenFor("ada", { claims });

/** As anybody can make one: it never gets as far as its signature. */
async function tokenOfUnknownKey(kid: string): Promise<string> {
  const header = Buffer.from(JSON.stringify({ alg: "RS256", kid })).toString("base64url");
  return (await token()).replace(/^[^.]+/, header);
}

/** What background work has done by then. */
const settled = (count: number) => vi.waitFor(() => expect(fetches()).toBe(count));

describe("the cache", () => {
  test("KS-01 KS-14 the keys come from below the configured issuer, by no redirect and from no cache", async () => {
    const fetched = vi.spyOn(globalThis, "fetch");
    const { config, judge } = await load();
    expect(await judge(await token())).toBe("good");
    expect(config.jwksUri).toBe(`${pool.cognito.issuer}/.well-known/jwks.json`);
    const [url, init] = fetched.mock.lastCall ?? [];
    expect(url).toBe(config.jwksUri);
    expect(init).toMatchObject({ cache: "no-store", redirect: "manual" });
  });

  test("KS-04 thirty requests to a cold server fetch the keys once", async () => {
    const { judge } = await load();
    const tokens = await Promise.all(Array.from({ length: 30 }, () => token()));
    expect(await Promise.all(tokens.map(judge))).toEqual(tokens.map(() => "good"));
    expect(fetches()).toBe(1);
  });

  test("KS-05 DS-02 a thousand unknown key ids cause one fetch in 30 s", async () => {
    const { judge } = await load();
    expect(await judge(await token())).toBe("good");
    const flood = await Promise.all(Array.from({ length: 1_000 }, (_, i) => tokenOfUnknownKey(`kid-${i}`)));
    const storm = async (seconds: number) => {
      at(seconds);
      expect(new Set(await Promise.all(flood.map(judge)))).toEqual(new Set(["token_invalid"]));
      for (const one of flood.slice(0, 50)) await judge(one);
      return fetches();
    };
    const counts = [await storm(0), await storm(29), await storm(30), await storm(59), await storm(60)];
    expect(counts).toEqual([2, 2, 3, 3, 4]); // The first fetch was the good token's.
  });

  test("KS-05 a thousand ID cookies of unknown keys, beside a good session, cause one fetch too", async () => {
    const { kit, judge } = await load();
    const good = await token();
    expect(await judge(good)).toBe("good");
    const route = kit.api.withSession(() => Response.json({}));
    for (let i = 0; i < 1_000; i++) {
      const cookie = `__Host-auth.access=${good}; __Host-auth.id=${await tokenOfUnknownKey(`kid-${i}`)}`;
      expect((await route(new Request(ORIGIN, { headers: { cookie } }), null)).status).toBe(200);
    }
    expect(fetches()).toBe(2);
  });

  test("KS-13 what a token says is no part of any request", async () => {
    const { judge } = await load();
    const path = `${pool.cognito.issuer}/trap`;
    const tokens = [await token({ iss: path }), await tokenOfUnknownKey(path), await tokenOfUnknownKey("../../trap?x")];
    for (const one of tokens) expect(await judge(one)).toBe("token_invalid");
    expect(new Set(pool.cognito.requests.map(({ name }) => name))).toEqual(new Set(["jwks"]));
  });

  test("KS-01 pinned keys need no network, neither for good tokens nor for unknown key ids", async () => {
    const { id, access } = pool.cognito.keys;
    const { kit, judge } = await load({ COGNITO_JWKS: JSON.stringify({ keys: [id.jwk, access.jwk] }) });
    expect(await judge(await token())).toBe("good");
    expect(await judge(await tokenOfUnknownKey("unknown"))).toBe("token_invalid");
    expect((await pool.browser(kit).signIn()).headers.get("location")).toBe(`${ORIGIN}/dashboard`);
    expect(fetches()).toBe(0);
  });

  test("KS-11 a pinned key is taken as strictly as a fetched one", async () => {
    const jwks = { keys: [{ ...pool.cognito.keys.access.jwk, use: "enc" }, pool.cognito.keys.id.jwk] };
    const { judge } = await load({ COGNITO_JWKS: JSON.stringify(jwks) });
    expect(await judge(await token())).toBe("token_invalid");
  });
});

describe("rotation", () => {
  test("KS-06 RP-19 a new key is picked up, and tokens of the old one stay good", async () => {
    const { judge } = await load();
    const old = await token();
    expect(await judge(old)).toBe("good");
    at(31);
    await pool.cognito.rotateKeys();
    expect(await judge(await token())).toBe("good");
    expect(await judge(old)).toBe("good");
    expect(fetches()).toBe(2);
  });

  // The price of bounding key id floods: for at most 30 s after a fetch, a new key is unknown.
  test("KS-07 a key that is new right after a fetch is found at once, the next one within 30 s", async () => {
    const { judge } = await load();
    expect(await judge(await token())).toBe("good");
    await pool.cognito.rotateKeys();
    expect(await judge(await token())).toBe("good");
    await pool.cognito.rotateKeys();
    const early = await token();
    at(29);
    expect(await judge(early)).toBe("token_invalid");
    at(30);
    expect(await judge(early)).toBe("good");
  });

  test("KS-07 RP-19 a rotation just before the tokens are signed disturbs neither sign-in nor refresh", async () => {
    const { kit } = await load();
    const browser = pool.browser(kit);
    await browser.signIn();
    await pool.cognito.rotateKeys();
    expect((await browser.signIn("grace", "/auth/login?returnTo=/x&prompt=login")).headers.get("location")).toBe(
      `${ORIGIN}/x`,
    );
    await pool.cognito.rotateKeys();
    browser.drop("__Host-auth.access");
    expect((await browser.visit("/dashboard")).headers.get("x-middleware-next")).toBe("1");
    expect(browser.names()).toContain("__Host-auth.access");
  });

  test("KS-07 made-up key ids keep neither a sign-in nor two requests at once from a new key", async () => {
    const { kit, judge } = await load();
    expect(await judge(await token())).toBe("good");
    expect(await judge(await tokenOfUnknownKey("made-up"))).toBe("token_invalid");
    await pool.cognito.rotateKeys();
    expect((await pool.browser(kit).signIn()).headers.get("location")).toBe(`${ORIGIN}/dashboard`);
    await pool.cognito.rotateKeys();
    at(30);
    const news = await token();
    expect(await Promise.all([judge(news), judge(news)])).toEqual(["good", "good"]);
  });

  test("KS-08 tokens of a removed key are refused once ten minutes are over", async () => {
    const { judge } = await load();
    const old = await token();
    expect(await judge(old)).toBe("good");
    await pool.cognito.rotateKeys({ keepOld: false });
    const fetched = vi.spyOn(globalThis, "fetch");
    at(599);
    expect(await judge(old)).toBe("good");
    expect(fetched).not.toHaveBeenCalled();
    at(600);
    await judge(old);
    await settled(2);
    await vi.waitFor(async () => expect(await judge(old)).toBe("token_invalid"));
    expect(await judge(await token())).toBe("good");
  });

  test("KS-08 a key id that comes back with another key does not vouch for older tokens", async () => {
    const { judge } = await load();
    const old = await token();
    expect(await judge(old)).toBe("good");
    const { kid } = pool.cognito.keys.access;
    await pool.cognito.rotateKeys({ keepOld: false });
    Object.assign(pool.cognito.keys.access, { kid, jwk: { ...pool.cognito.keys.access.jwk, kid } });
    at(600);
    await judge(old);
    await settled(2);
    await vi.waitFor(async () => expect(await judge(old)).toBe("token_invalid"));
    expect(await judge(await token())).toBe("good");
  });
});

describe("an outage", () => {
  const withOwnKeys = (status: number): Fault => ({
    status,
    get body() {
      return { keys: [pool.cognito.keys.id.jwk, pool.cognito.keys.access.jwk] };
    },
  });
  const failures: [string, Fault][] = [
    ["answers 500", { status: 500, body: { message: "oops" } }],
    ["resets the connection", { reset: true }],
    ["breaks off", { truncate: true }],
    ["redirects", { redirect: "/trap" }],
    ["answers HTML", { status: 200, body: "<!doctype html><p>Hello" }],
    ["answers more than 256 KiB", { oversize: 300_000 }],
    ["answers a list", { status: 200, body: "[]" }],
    ["answers keys that are no list", { transform: () => ({ keys: {} }) }],
    ["answers no keys", { transform: () => ({ keys: [] }) }],
    ["answers keys of wrong types", { transform: () => ({ keys: [null, 5, "key", [], {}] }) }],
    ["answers null", { status: 200, body: "{}", transform: () => null }],
    ["answers 404 with its keys", withOwnKeys(404)],
  ];

  test.each(failures)(
    "KS-09 with keys in hand, an issuer that %s costs nobody the session for a day",
    async (_what, fault) => {
      const { judge } = await load();
      const good = await token();
      expect(await judge(good)).toBe("good");
      pool.cognito.fault("jwks", fault);
      for (const [i, seconds] of [600, 631, DAY_S - 1].entries()) {
        at(seconds);
        expect(await judge(good)).toBe("good");
        await settled(2 + i);
      }
      at(DAY_S);
      expect(await judge(good)).toBe("keys_unavailable");
      pool.cognito.clearFaults();
      at(DAY_S + 2);
      expect(await judge(good)).toBe("good");
    },
  );

  test.each(failures)(
    "KS-10 KS-11 without keys, an issuer that %s means 503, and no cookie changes",
    async (_what, fault) => {
      pool.cognito.fault("jwks", fault);
      const { kit, judge } = await load();
      const good = await token();
      expect(await judge(good)).toBe("keys_unavailable");
      const answers = await answersTo(kit, good);
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
      expect(answers.flatMap(({ headers }) => headers.getSetCookie())).toEqual([]);
      expect(answers.map(({ headers }) => headers.get("retry-after"))).toEqual(["5", "5", "5", "5"]);
      expect(pool.cognito.count("/trap")).toBe(0);
      pool.cognito.clearFaults();
      expect(await judge(good)).toBe("keys_unavailable"); // AT-10 There is a pause of two seconds.
      at(2);
      expect(await judge(good)).toBe("good");
    },
  );

  test("AT-10 without keys, two hundred junk tokens cause one fetch in two seconds", async () => {
    pool.cognito.fault("jwks", { status: 500 });
    const { judge } = await load();
    const junk = await token();
    for (const [seconds, fetched] of [
      [0, 1],
      [1, 1],
      [2, 2],
      [4, 3],
    ] as const) {
      at(seconds);
      await Promise.all(Array.from({ length: 100 }, () => judge(junk)));
      for (let i = 0; i < 100; i++) expect(await judge(junk)).toBe("keys_unavailable");
      expect(fetches()).toBe(fetched);
    }
  });

  test("AT-10 a sign-in does not wait for the pause that junk tokens caused", async () => {
    pool.cognito.fault("jwks", { status: 500 });
    const { kit, judge } = await load();
    expect(await judge(await token())).toBe("keys_unavailable");
    pool.cognito.clearFaults();
    expect(await judge(await token())).toBe("keys_unavailable");
    expect(pathOf(await pool.browser(kit).signIn())).toBe("/dashboard");
  });

  test("KS-06 an answer that settles late does not replace newer keys", async () => {
    const { judge } = await load();
    const answer = await (await fetch(`${pool.cognito.issuer}/.well-known/jwks.json`)).text();
    let arrive: (response: Response) => void = () => {};
    const late = new Promise<Response>((resolve) => {
      arrive = resolve;
    });
    const fetched = vi.spyOn(globalThis, "fetch").mockImplementationOnce(() => late);
    const old = await token();
    const waiting = judge(old);
    await vi.waitFor(() => expect(fetched).toHaveBeenCalled());
    at(11); // The fetch counts as dropped.
    await pool.cognito.rotateKeys({ keepOld: true });
    const news = await token();
    expect(await judge(news)).toBe("good");
    arrive(new Response(answer));
    await waiting;
    fetched.mockClear();
    expect([await judge(news), await judge(old)]).toEqual(["good", "good"]);
    expect(fetched).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  test("KS-10 an issuer that never answers is given up", async () => {
    pool.cognito.fault("jwks", { hang: true });
    const { judge } = await load();
    expect(await judge(await token())).toBe("keys_unavailable");
  });

  test("KS-09 an unknown key id during an outage is not judged: its key may be news", async () => {
    const { judge } = await load();
    expect(await judge(await token())).toBe("good");
    pool.cognito.fault("jwks", { status: 500 });
    await pool.cognito.rotateKeys();
    at(31);
    const news = await token();
    expect(await judge(news)).toBe("keys_unavailable");
    expect(await judge(news)).toBe("keys_unavailable");
    expect(fetches()).toBe(2);
    pool.cognito.clearFaults();
    at(62);
    expect(await judge(news)).toBe("good");
  });
});

describe("a key in the JWKS", () => {
  const weak = async (modulusLength: number) => {
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", publicExponent: new Uint8Array([1, 0, 1]) };
    return crypto.subtle.generateKey({ ...algorithm, modulusLength }, true, ["sign", "verify"]);
  };
  const strong = () => generateKeyPair("RS256", { extractable: true });

  test.each([
    ["has 512 bits", "token_invalid", () => weak(512), {}],
    ["has 1024 bits", "token_invalid", () => weak(1024), {}],
    ["is for encryption", "token_invalid", strong, { use: "enc" }],
    ["is for nothing", "token_invalid", strong, { use: undefined }],
    ["is for another algorithm", "token_invalid", strong, { alg: "RS512" }],
    ["names no algorithm", "token_invalid", strong, { alg: undefined }],
    ["is said to be symmetric", "token_invalid", strong, { kty: "oct", k: "c2VjcmV0" }],
    ["has a private member", "token_invalid", strong, { d: "AQAB" }],
    ["has no modulus", "token_invalid", strong, { n: undefined }],
    ["lacks nothing", "good", strong, {}],
  ])("KS-12 a token of a key that %s is %s", async (_what, verdict, generate, members) => {
    const { privateKey, publicKey } = await generate();
    const jwk = { ...(await exportJWK(publicKey)), kid: "added", alg: "RS256", use: "sig", ...members };
    pool.cognito.fault("jwks", { transform: ({ keys }) => ({ keys: [jwk, ...(Array.isArray(keys) ? keys : [])] }) });
    const { judge } = await load();
    expect(await judge(await signWith(privateKey))).toBe(verdict);
    expect(await judge(await token())).toBe("good");
  });
});

async function signWith(key: CryptoKey): Promise<string> {
  const [, payload] = (await token()).split(".");
  const input = `${Buffer.from('{"alg":"RS256","kid":"added"}').toString("base64url")}.${payload}`;
  const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", key, Buffer.from(input));
  return `${input}.${Buffer.from(new Uint8Array(signature)).toString("base64url")}`;
}

/** What a route and middleware say, to a cookie and to a Bearer token. */
async function answersTo(kit: Kit, good: string): Promise<Response[]> {
  const route = kit.api.withSession(() => Response.json({}));
  const ways = [{ cookie: `__Host-auth.access=${good}` }, { authorization: `Bearer ${good}` }];
  const answers = ways.flatMap((headers) => [
    route(new Request(ORIGIN, { headers }), null),
    kit.middleware.default(pool.browser(kit).request("/dashboard", headers)),
  ]);
  return Promise.all(answers);
}
