import { exportJWK, generateKeyPair } from "jose";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Claims } from "../../cognito/types";
import { ORIGIN, pathOf, usePool } from "../../support/kit";

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
  const { verifyAccessToken } = kit.core.verify;
  const config = kit.config();
  const verify = (token: string): Promise<unknown> =>
    verifyAccessToken(token, config, config.bearerClientIds).then(
      () => "good",
      (error: { code?: string }) => error.code,
    );
  return { kit, config, verify };
}

const token = (claims: Claims = {}) => pool.cognito.accessTokenFor("ada", { claims });

/** A token that anybody can make: the kit rejects it before it checks the signature. */
async function tokenOfUnknownKey(kid: string): Promise<string> {
  const header = Buffer.from(JSON.stringify({ alg: "RS256", kid })).toString("base64url");
  return (await token()).replace(/^[^.]+/, header);
}

/** Waits until work in the background has made this number of fetches. */
const settled = (count: number) => vi.waitFor(() => expect(fetches()).toBe(count));

describe("the cache", () => {
  test("KS-01 KS-14 the kit fetches the keys below the configured issuer, without redirects and caches", async () => {
    const fetched = vi.spyOn(globalThis, "fetch");
    const { config, verify } = await load();
    expect(await verify(await token())).toBe("good");
    expect(config.jwksUri).toBe(`${pool.cognito.issuer}/.well-known/jwks.json`);
    const [url, init] = fetched.mock.lastCall ?? [];
    expect(url).toBe(config.jwksUri);
    expect(init).toMatchObject({ cache: "no-store", redirect: "manual" });
  });

  test("KS-04 thirty requests to a cold server fetch the keys once", async () => {
    const { verify } = await load();
    const tokens = await Promise.all(Array.from({ length: 30 }, () => token()));
    expect(await Promise.all(tokens.map(verify))).toEqual(tokens.map(() => "good"));
    expect(fetches()).toBe(1);
  });

  test("KS-05 DS-02 a thousand unknown key ids cause one fetch in 30 s", async () => {
    const { verify } = await load();
    expect(await verify(await token())).toBe("good");
    const flood = await Promise.all(Array.from({ length: 1_000 }, (_, i) => tokenOfUnknownKey(`kid-${i}`)));
    const storm = async (seconds: number) => {
      at(seconds);
      expect(new Set(await Promise.all(flood.map(verify)))).toEqual(new Set(["token_invalid"]));
      for (const one of flood.slice(0, 50)) await verify(one);
      return fetches();
    };
    const counts = [await storm(0), await storm(29), await storm(30), await storm(59), await storm(60)];
    expect(counts).toEqual([2, 2, 3, 3, 4]); // The first fetch was the good token's.
  });

  test("KS-05 a thousand ID cookies of unknown keys beside a valid session cause one fetch, too", async () => {
    const { kit, verify } = await load();
    const good = await token();
    expect(await verify(good)).toBe("good");
    const route = kit.api.withSession(() => Response.json({}));
    for (let i = 0; i < 1_000; i++) {
      const cookie = `__Host-auth.access=${good}; __Host-auth.id=${await tokenOfUnknownKey(`kid-${i}`)}`;
      expect((await route(new Request(ORIGIN, { headers: { cookie } }), null)).status).toBe(200);
    }
    expect(fetches()).toBe(2);
  });

  test("KS-13 no part of a token appears in a request", async () => {
    const { verify } = await load();
    const path = `${pool.cognito.issuer}/trap`;
    const tokens = [await token({ iss: path }), await tokenOfUnknownKey(path), await tokenOfUnknownKey("../../trap?x")];
    for (const one of tokens) expect(await verify(one)).toBe("token_invalid");
    expect(new Set(pool.cognito.requests.map(({ name }) => name))).toEqual(new Set(["jwks"]));
  });

  test("KS-01 pinned keys need no network, for valid tokens and for unknown key ids", async () => {
    const { id, access } = pool.cognito.keys;
    const { kit, verify } = await load({ COGNITO_JWKS: JSON.stringify({ keys: [id.jwk, access.jwk] }) });
    expect(await verify(await token())).toBe("good");
    expect(await verify(await tokenOfUnknownKey("unknown"))).toBe("token_invalid");
    expect((await pool.browser(kit).signIn()).headers.get("location")).toBe(`${ORIGIN}/dashboard`);
    expect(fetches()).toBe(0);
  });

  test("KS-11 the same rules apply to pinned and fetched keys", async () => {
    const jwks = { keys: [{ ...pool.cognito.keys.access.jwk, use: "enc" }, pool.cognito.keys.id.jwk] };
    const { verify } = await load({ COGNITO_JWKS: JSON.stringify(jwks) });
    expect(await verify(await token())).toBe("token_invalid");
  });
});

describe("rotation", () => {
  test("KS-06 RP-19 the kit finds a new key, and tokens of the old key stay valid", async () => {
    const { verify } = await load();
    const old = await token();
    expect(await verify(old)).toBe("good");
    at(31);
    await pool.cognito.rotateKeys();
    expect(await verify(await token())).toBe("good");
    expect(await verify(old)).toBe("good");
    expect(fetches()).toBe(2);
  });

  // The bound on fetches has a price: a new key can stay unknown for up to 30 s after a fetch.
  test("KS-07 the kit finds a first new key at once, and a second one within 30 s", async () => {
    const { verify } = await load();
    expect(await verify(await token())).toBe("good");
    await pool.cognito.rotateKeys();
    expect(await verify(await token())).toBe("good");
    await pool.cognito.rotateKeys();
    const early = await token();
    at(29);
    expect(await verify(early)).toBe("token_invalid");
    at(30);
    expect(await verify(early)).toBe("good");
  });

  test("KS-07 RP-19 sign-in and refresh succeed right after a key rotation", async () => {
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

  test("KS-07 after made-up key ids, a sign-in and two concurrent requests still find a new key", async () => {
    const { kit, verify } = await load();
    expect(await verify(await token())).toBe("good");
    expect(await verify(await tokenOfUnknownKey("made-up"))).toBe("token_invalid");
    await pool.cognito.rotateKeys();
    expect((await pool.browser(kit).signIn()).headers.get("location")).toBe(`${ORIGIN}/dashboard`);
    await pool.cognito.rotateKeys();
    at(30);
    const news = await token();
    expect(await Promise.all([verify(news), verify(news)])).toEqual(["good", "good"]);
  });

  test("KS-08 the kit rejects tokens of a removed key after ten minutes", async () => {
    const { verify } = await load();
    const old = await token();
    expect(await verify(old)).toBe("good");
    await pool.cognito.rotateKeys({ keepOld: false });
    const fetched = vi.spyOn(globalThis, "fetch");
    at(599);
    expect(await verify(old)).toBe("good");
    expect(fetched).not.toHaveBeenCalled();
    at(600);
    await verify(old);
    await settled(2);
    await vi.waitFor(async () => expect(await verify(old)).toBe("token_invalid"));
    expect(await verify(await token())).toBe("good");
  });

  test("KS-08 a key id with a new key does not make tokens of the old key valid", async () => {
    const { verify } = await load();
    const old = await token();
    expect(await verify(old)).toBe("good");
    const { kid } = pool.cognito.keys.access;
    await pool.cognito.rotateKeys({ keepOld: false });
    Object.assign(pool.cognito.keys.access, { kid, jwk: { ...pool.cognito.keys.access.jwk, kid } });
    at(600);
    await verify(old);
    await settled(2);
    await vi.waitFor(async () => expect(await verify(old)).toBe("token_invalid"));
    expect(await verify(await token())).toBe("good");
  });
});

describe("a key in the JWKS", () => {
  const weak = async (modulusLength: number) => {
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", publicExponent: new Uint8Array([1, 0, 1]) };
    return crypto.subtle.generateKey({ ...algorithm, modulusLength }, true, ["sign", "verify"]);
  };
  let pair: ReturnType<typeof generateKeyPair> | undefined;
  const strong = () => {
    pair ??= generateKeyPair("RS256", { extractable: true });
    return pair;
  };

  test.each([
    ["has 512 bits", "token_invalid", () => weak(512), {}],
    ["has 1024 bits", "token_invalid", () => weak(1024), {}],
    ["is for encryption", "token_invalid", strong, { use: "enc" }],
    ["has no use", "token_invalid", strong, { use: undefined }],
    ["is for another algorithm", "token_invalid", strong, { alg: "RS512" }],
    ["names no algorithm", "token_invalid", strong, { alg: undefined }],
    ["claims to be symmetric", "token_invalid", strong, { kty: "oct", k: "c2VjcmV0" }],
    ["has a private member", "token_invalid", strong, { d: "AQAB" }],
    ["has no modulus", "token_invalid", strong, { n: undefined }],
    ["is complete", "good", strong, {}],
  ])("KS-12 a token of a key that %s is %s", async (_what, verdict, generate, members) => {
    const { privateKey, publicKey } = await generate();
    const jwk = { ...(await exportJWK(publicKey)), kid: "added", alg: "RS256", use: "sig", ...members };
    pool.cognito.fault("jwks", { transform: ({ keys }) => ({ keys: [jwk, ...(Array.isArray(keys) ? keys : [])] }) });
    const { verify } = await load();
    expect(await verify(await signWith(privateKey))).toBe(verdict);
    expect(await verify(await token())).toBe("good");
  });
});

async function signWith(key: CryptoKey): Promise<string> {
  const [, payload] = (await token()).split(".");
  const input = `${Buffer.from('{"alg":"RS256","kid":"added"}').toString("base64url")}.${payload}`;
  const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", key, Buffer.from(input));
  return `${input}.${Buffer.from(new Uint8Array(signature)).toString("base64url")}`;
}

test("RP-19 a sign-in succeeds after a rotation that removed the old keys", async () => {
  const { kit } = await load();
  await pool.browser(kit).signIn();
  await pool.cognito.rotateKeys({ keepOld: false });
  expect(pathOf(await pool.browser(kit).signIn())).toBe("/dashboard");
});

test("KS-05 DS-02 twenty ID tokens with unknown key ids cause one fetch", async () => {
  const { kit, config } = await load();
  const { verifyIdToken } = kit.core.verify;
  const header = (kid: string) => Buffer.from(JSON.stringify({ alg: "RS256", kid })).toString("base64url");
  const good = await pool.cognito.idTokenFor("ada");
  expect(await verifyIdToken(good, config)).toMatchObject({ token_use: "id" });
  pool.cognito.clearRequests();
  for (let i = 0; i < 20; i++) {
    const forged = good.replace(/^[^.]+/, header(`kid-${i}`));
    await expect(verifyIdToken(forged, config)).rejects.toMatchObject({ code: "token_invalid" });
  }
  expect(pool.cognito.count("jwks")).toBe(1);
});

describe("keys of tokens that come straight from the token endpoint", () => {
  test("KS-07 an issuer that still answers with the old keys delays the search for the new ones for nobody", async () => {
    const { kit, config, verify } = await load();
    expect(await verify(await token())).toBe("good");
    const old = await (await fetch(config.jwksUri)).json();
    await pool.cognito.rotateKeys({ keepOld: false });
    pool.cognito.fault("jwks", { status: 200, body: old });
    pool.cognito.clearRequests();
    const answer = await pool.browser(kit).signIn();
    expect([pathOf(answer), fetches()]).toEqual(["/auth/error?code=token_response_invalid&returnTo=%2Fdashboard", 1]);
    pool.cognito.clearFaults();
    at(5);
    expect(await verify(await token())).toBe("good");
  });
});

test("KS-10 an answer that arrives after the process stood still counts, also when a later fetch fails", async () => {
  const { config, verify } = await load();
  const good = await token();
  const jwks = await (await fetch(config.jwksUri)).text();
  const fetched = vi.spyOn(globalThis, "fetch");
  let arrive = (_answer: Response) => {};
  fetched.mockImplementationOnce(() => new Promise((resolve) => (arrive = resolve)));
  fetched.mockRejectedValueOnce(new TypeError("fetch failed"));
  const first = verify(good);
  await vi.waitFor(() => expect(fetched).toHaveBeenCalledTimes(1));
  at(11);
  expect(await verify(good)).toBe("keys_unavailable");
  arrive(new Response(jwks));
  expect(await first).toBe("good");
  expect(await verify(await token())).toBe("good");
  expect(fetched).toHaveBeenCalledTimes(2);
});
