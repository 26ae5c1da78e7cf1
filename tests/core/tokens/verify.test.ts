import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Session } from "@/lib/auth/core/session/session";
import { ENDED, FETCHED, type Kit, ORIGIN, usePool } from "../../support/kit";

const pool = usePool();

const NOW_S = Date.parse("2026-06-01T12:00:00Z") / 1000;

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.setSystemTime(NOW_S * 1000);
  pool.cognito.clearRequests();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function load(env: Record<string, string> = {}) {
  const kit = await pool.load(env);
  const { verifyAccessToken, verifyIdToken } = kit.core.verify;
  const config = kit.config();
  const outcomeOf = (verdict: Promise<unknown>) => verdict.then(() => "good", codeOf);
  const route = kit.api.withSession((_request: Request, { user, claims, idClaims }) =>
    Response.json({ user, claims, idClaims }),
  );
  const middleware = (headers: Record<string, string>) =>
    kit.middleware.default(pool.browser(kit).request("/dashboard", { ...FETCHED, ...headers }));
  const call = (headers: Record<string, string>) => route(new Request(`${ORIGIN}/api/me`, { headers }), null);
  return {
    kit,
    call,
    middleware,
    access: (token: string) => outcomeOf(verifyAccessToken(token, config, config.bearerClientIds)),
    claims: (token: string) => verifyAccessToken(token, config, config.bearerClientIds),
    id: (token: string) => outcomeOf(verifyIdToken(token, config)),
    /** The statuses of a route and of middleware for a Bearer token, then for a cookie. */
    statuses: async (token: string) => {
      const ways = [{ authorization: `Bearer ${token}` }, { cookie: `__Host-auth.access=${token}` }];
      const answers = await Promise.all(ways.flatMap((headers) => [call(headers), middleware(headers)]));
      return answers.map(({ status }) => status);
    },
  };
}

const codeOf = (error: { code?: string }) => error.code;
const encode = (value: string | Uint8Array) => Buffer.from(value).toString("base64url");
const IN = [200, 200, 200, 200];
const OUT = [401, 401, 401, 401];

/** A token of any two texts, signed by the pool's key. */
async function sign(header: string, payload: string): Promise<string> {
  const input = `${encode(header)}.${encode(payload)}`;
  const { privateKey } = pool.cognito.keys.access;
  const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", privateKey, Buffer.from(input));
  return `${input}.${encode(new Uint8Array(signature))}`;
}

async function usual(): Promise<{ header: string; payload: string }> {
  const [header = "", payload = ""] = (await pool.cognito.accessTokenFor("grace")).split(".");
  const decode = (part: string) => Buffer.from(part, "base64url").toString();
  return { header: decode(header), payload: decode(payload) };
}

describe("the clock", () => {
  test.each([
    ["JW-16 ID-09 an exp a second ago", { exp: NOW_S - 1 }, "token_expired"],
    ["JW-16 ID-09 an exp of now", { exp: NOW_S }, "token_expired"],
    ["JW-16 ID-09 an exp in a second", { exp: NOW_S + 1 }, "good"],
    // No tolerance after exp: a session with a refresh token is refreshed a minute before.
    ["JW-16 an exp 30 s ago", { exp: NOW_S - 30 }, "token_expired"],
    ["JW-16 an exp 61 s ago", { exp: NOW_S - 61 }, "token_expired"],
    ["JW-13 an exp with a fraction", { exp: NOW_S + 0.5 }, "good"],
    ["JW-14 an nbf that has passed", { nbf: NOW_S - 1 }, "good"],
    ["JW-14 JW-16 an nbf 60 s ahead", { nbf: NOW_S + 60 }, "good"],
    ["JW-14 JW-16 an nbf 61 s ahead", { nbf: NOW_S + 61 }, "token_invalid"],
    ["JW-15 JW-16 an iat 60 s ahead", { iat: NOW_S + 60 }, "good"],
    ["JW-15 JW-16 an iat 61 s ahead", { iat: NOW_S + 61 }, "token_invalid"],
    ["JW-15 an iat of a week ago", { iat: NOW_S - 604_800 }, "good"],
  ])("%s gets the same result in both kinds of token and at every door", async (_what, claims, verdict) => {
    const kit = await load();
    const token = await pool.cognito.accessTokenFor("ada", { claims });
    expect(await kit.access(token)).toBe(verdict);
    expect(await kit.id(await pool.cognito.idTokenFor("ada", { claims }))).toBe(verdict);
    expect(await kit.statuses(token)).toEqual(verdict === "good" ? IN : OUT);
  });

  test("JW-16 the kit checks the times of a remembered token at every use", async () => {
    const kit = await load();
    const token = await pool.cognito.accessTokenFor("ada");
    expect(await kit.statuses(token)).toEqual(IN);
    vi.setSystemTime((NOW_S + 3600) * 1000);
    expect(await kit.access(token)).toBe("token_expired");
    await expect(kit.claims(token)).rejects.toThrow(/^The token expired 0 s ago$/);
    expect(await kit.statuses(token)).toEqual(OUT);
    vi.setSystemTime((NOW_S - 61) * 1000);
    expect(await kit.access(token)).toBe("token_invalid");
  });
});

describe("reading", () => {
  test.each([
    ["a space after it", (token: string) => `${token} `],
    ["a space before it", (token: string) => ` ${token}`],
    ["a line break after it", (token: string) => `${token}\n`],
    ["a letter that is not ASCII", (token: string) => token.replace(/.$/, "é")],
    ["a zero byte", (token: string) => `${token}\0`],
  ])("JW-22 JW-24 the kit rejects a valid token with %s", async (_what, change) => {
    const kit = await load();
    expect(await kit.access(change(await pool.cognito.accessTokenFor("ada")))).toBe("token_invalid");
    expect(await kit.id(change(await pool.cognito.idTokenFor("ada")))).toBe("token_invalid");
  });

  test.each([
    ["the issuer last", (right: string) => right.replace("{", '{"iss":"https://evil.example",'), "good"],
    ["another issuer last", (right: string) => right.replace(/}$/, ',"iss":"https://evil.example"}'), "token_invalid"],
    ["another token_use last", (right: string) => right.replace(/}$/, ',"token_use":"id"}'), "token_invalid"],
  ])("JW-25 the last of two claims with the same name counts: %s", async (_what, change, verdict) => {
    const { header, payload } = await usual();
    expect(await (await load()).access(await sign(header, change(payload)))).toBe(verdict);
  });

  test.each([
    ["RS256 last", '{"alg":"none",', "", "good"],
    ["none last", "{", ',"alg":"none"', "token_invalid"],
  ])("JW-25 the last of two algorithms in a header counts: %s", async (_what, start, end, verdict) => {
    const { header, payload } = await usual();
    const twice = header.replace("{", start).replace(/}$/, `${end}}`);
    expect(await (await load()).access(await sign(twice, payload))).toBe(verdict);
  });

  test("JW-26 the claims __proto__ and constructor have no effect", async () => {
    const kit = await load();
    const { header, payload } = await usual();
    const poison =
      '{"__proto__":{"cognito:groups":["admins"],"polluted":1},"constructor":{"prototype":{"polluted":1}},';
    const session = vi.fn((_request: Request, session: Session) => Response.json(session.groups));
    const token = await sign(header, payload.replace("{", poison));
    const headers = { authorization: `Bearer ${token}` };
    const answer = await kit.kit.api.withSession(session)(new Request(ORIGIN, { headers }), null);
    expect(await answer.json()).toEqual([]);
    expect(session.mock.lastCall?.[1]).not.toHaveProperty("polluted");
    expect({}).not.toHaveProperty("polluted");
  });

  test("JW-27 the kit reads a token of 16 KiB, and rejects a longer one before it looks for a key", async () => {
    const { length } = await pool.cognito.accessTokenFor("ada", { claims: { x: "" } });
    const make = (characters: number) => "x".repeat(Math.floor(((characters - length) * 3) / 4));
    const sized = (characters: number) => pool.cognito.accessTokenFor("ada", { claims: { x: make(characters) } });
    const [within, above] = [await sized(16_384), await sized(16_388)];
    expect(within.length).toBeGreaterThan(16_380);
    expect(above.length).toBeGreaterThan(16_384);
    const kit = await load();
    expect(await kit.access(above)).toBe("token_invalid");
    expect(pool.cognito.count("jwks")).toBe(0);
    expect(await kit.access(within)).toBe("good");
  });

  test.each([
    ["JW-01 an unsigned token", { alg: "none" }],
    ["JW-02 a token with a MAC", { alg: "HS256" }],
    ["JW-03 a token of another algorithm", { alg: "ES256" }],
    ["JW-09 a token without a key id", { kid: undefined }],
    ["JW-28 a compressed token", { zip: "DEF" }],
  ])("%s is rejected before any key is fetched", async (_what, header) => {
    const kit = await load();
    const { payload } = await usual();
    expect(await kit.access(await pool.cognito.signAccessToken(JSON.parse(payload), header))).toBe("token_invalid");
    expect(pool.cognito.count("jwks")).toBe(0);
  });
});

describe("trust", () => {
  test("JW-24 another spelling of a signature is the same session, and sign-out ends both", async () => {
    const { kit, call, middleware } = await load();
    const browser = pool.browser(kit);
    await browser.signIn("ada");
    const token = browser.value("__Host-auth.access");
    const statuses = async (others: string) => {
      const cookies = [token, twinsOf(token)[1]].map((it) => ({ cookie: `__Host-auth.access=${it}; ${others}` }));
      return (await Promise.all(cookies.flatMap((it) => [call(it), middleware(it)]))).map(({ status }) => status);
    };
    expect(twinsOf(token)[1]).not.toBe(token);
    expect(await statuses("")).toEqual(IN);
    await browser.signOut();
    expect(browser.names()).toEqual([expect.stringMatching(ENDED)]);
    expect(await statuses(browser.cookieHeader)).toEqual(OUT);
  });

  test("JW-24 a forged token with the signature of a verified token is rejected", async () => {
    const kit = await load();
    const token = await pool.cognito.accessTokenFor("ada");
    expect(await kit.access(token)).toBe("good");
    const [header, payload = "", signature] = token.split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
    const forged = encode(JSON.stringify({ ...claims, "cognito:groups": ["owners"] }));
    expect(await kit.access(`${header}.${forged}.${signature}`)).toBe("token_invalid");
  });

  test("JW-30 nobody is signed in when the platform's cryptography throws", async () => {
    const kit = await load();
    vi.spyOn(crypto.subtle, "verify").mockRejectedValue(new Error("no such luck"));
    const token = await pool.cognito.accessTokenFor("ada");
    expect(await kit.statuses(token)).toEqual(OUT);
    vi.mocked(crypto.subtle.verify).mockRestore();
    expect(await kit.statuses(token)).toEqual(IN);
  });

  test("JW-31 no code of the kit decodes a token without verifying it", () => {
    const root = fileURLToPath(new URL("../../..", import.meta.url));
    const list = (folder: string) => readdirSync(root + folder, { recursive: true, encoding: "utf8" });
    const files = ["lib/auth", "app/auth"].flatMap((folder) => list(folder).map((name) => `${root}${folder}/${name}`));
    const sources = files.filter((path) => path.endsWith(".ts")).map((path) => readFileSync(path, "utf8"));
    expect(sources.length).toBeGreaterThan(40);
    expect(sources.filter((source) => /decodeJwt|decodeProtectedHeader|UnsecuredJWT|unsecured/.test(source))).toEqual(
      [],
    );
  });

  test("JW-29 only the server's log says what is wrong with a token, without any part of the token", async () => {
    const kit = await load();
    const token = await pool.cognito.accessTokenFor("ada", { claims: { iss: "https://evil.example" } });
    await kit.statuses(token);
    const log = vi.mocked(console.info).mock.calls.join("\n");
    expect(log).toContain("token_invalid");
    for (const part of [...token.split("."), "evil.example", "ada"]) expect(log).not.toContain(part);
  });

  test.each([
    ["this client", undefined, IN],
    ["a client that is named for the API", "mobile12345", [200, 200, 401, 401]],
    ["a client of the pool that is not named", "foreign12345", OUT],
  ])("JW-18 a token of %s gets the right status as Bearer and as cookie", async (_what, clientId, statuses) => {
    const kit = await load();
    expect(await kit.statuses(await pool.cognito.accessTokenFor("ada", { clientId }))).toEqual(statuses);
  });

  test.each([
    ["ID-20 fifty claims more", Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`custom:${i}`, "x"])), "good"],
    [
      "ID-20 no optional claim",
      { jti: undefined, event_id: undefined, email: undefined, auth_time: undefined },
      "good",
    ],
    ["ID-17 a sub of odd characters", { sub: "ü/..\n<b>;" }, "good"],
    ["ID-05 an azp of this client", { azp: "web1234567890abcdefghijkl" }, "good"],
    ["ID-05 an azp of another client", { azp: "foreign12345" }, "token_invalid"],
    ["ID-05 an azp that is no text", { azp: 5 }, "token_invalid"],
  ])("%s: the ID token gets the right result", async (_what, claims, verdict) => {
    expect(await (await load()).id(await pool.cognito.idTokenFor("ada", { claims }))).toBe(verdict);
  });

  test("a request cannot change claims that other requests share", async () => {
    const claims = await (await load()).claims(await pool.cognito.accessTokenFor("ada"));
    expect(() => Object.assign(claims, { sub: "x" })).toThrow(TypeError);
    expect(() => Object.assign(claims["cognito:groups"] ?? {}, ["owners"])).toThrow(TypeError);
  });
});

describe("the memory of verified tokens", () => {
  let kit: Kit;
  const signedIn = async () => {
    kit = await pool.load();
    const browser = pool.browser(kit);
    await browser.signIn();
    return browser;
  };

  test("JW-18 the remembered Bearer token of an API client signs nobody in as a cookie", async () => {
    kit = await pool.load();
    const token = await pool.cognito.accessTokenFor("ada", { clientId: "mobile12345" });
    const asBearer = new Headers({ authorization: `Bearer ${token}` });
    const asCookie = new Headers({ cookie: `__Host-auth.access=${token}` });
    for (let i = 0; i < 2; i++) {
      expect((await kit.core.authenticate(asBearer, kit.config(), "due")).status).toBe("signed_in");
      expect((await kit.core.authenticate(asCookie, kit.config(), "due")).status).toBe("signed_out");
    }
  });

  test("a token that was verified for one configuration is verified again for another", async () => {
    const browser = await signedIn();
    const headers = new Headers({ cookie: browser.cookieHeader });
    const verify = vi.spyOn(crypto.subtle, "verify");
    const config = { ...kit.config() };
    expect((await kit.core.authenticate(headers, config, "never")).status).toBe("signed_in");
    expect((await kit.core.authenticate(headers, { ...config, clientId: "another" }, "never")).status).toBe(
      "signed_out",
    );
    const other = { ...config, issuer: "https://other.example" };
    expect((await kit.core.authenticate(headers, other, "never")).status).toBe("signed_out");
    expect(verify).toHaveBeenCalledTimes(4);
  });

  test("a remembered token expires at the second of its exp claim", async () => {
    const browser = await signedIn();
    const headers = new Headers({ cookie: browser.cookieHeader });
    const first = await kit.core.authenticate(headers, kit.config(), "never");
    if (first.status !== "signed_in") throw new Error("Not signed in");
    vi.setSystemTime((first.session.expiresAt - 1) * 1000);
    expect((await kit.core.authenticate(headers, kit.config(), "never")).status).toBe("signed_in");
    vi.setSystemTime(first.session.expiresAt * 1000);
    expect((await kit.core.authenticate(headers, kit.config(), "never")).status).toBe("signed_out");
  });

  test("DS-11 the kit remembers only the latest verified tokens", async () => {
    const { access } = await load();
    const signed = await Promise.all(Array.from({ length: 138 }, () => pool.cognito.accessTokenFor("ada")));
    const tokens = signed.flatMap(twinsOf).slice(0, 2_200);
    const verify = vi.spyOn(crypto.subtle, "verify");
    for (const token of [tokens[0], ...tokens, tokens.at(-1)]) expect(await access(token ?? "")).toBe("good");
    expect(verify).toHaveBeenCalledTimes(2_200);
    await access(tokens[0] ?? "");
    expect(verify).toHaveBeenCalledTimes(2_201);
  });
});

test("DS-01 JW-27 the kit rejects a token of a megabyte without cryptography", async () => {
  const kit = await load();
  const token = await pool.cognito.accessTokenFor("ada", { claims: { x: "x".repeat(1_000_000) } });
  const verify = vi.spyOn(crypto.subtle, "verify");
  expect(await kit.statuses(token)).toEqual(OUT);
  expect(verify).not.toHaveBeenCalled();
  expect(pool.cognito.requests).toEqual([]);
});

test("DS-09 five thousand levels of JSON in signed claims cause no crash", async () => {
  const { call } = await load();
  const { header, payload } = await usual();
  const token = await sign(header, payload.replace("{", `{"x":${"[".repeat(5_000)}${"]".repeat(5_000)},`));
  expect(token.length).toBeLessThan(16_384);
  expect([200, 401]).toContain((await call({ authorization: `Bearer ${token}` })).status);
});

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The sixteen tokens that have the same signature: four bits of the last letter have no meaning. The given one is first. */
function twinsOf(token: string): string[] {
  const last = LETTERS.indexOf(token.slice(-1));
  return Array.from({ length: 16 }, (_, bits) => token.slice(0, -1) + LETTERS.charAt(last ^ bits));
}
