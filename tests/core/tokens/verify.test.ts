import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Session } from "@/lib/auth/core/session/session";
import { ENDED, FETCHED, ORIGIN, usePool } from "../../support/kit";

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
  const { verifyAccessToken, verifyIdToken } = await import("@/lib/auth/core/tokens/verify");
  const config = kit.config();
  const judged = (verdict: Promise<unknown>) => verdict.then(() => "good", codeOf);
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
    access: (token: string) => judged(verifyAccessToken(token, config, config.bearerClientIds)),
    claims: (token: string) => verifyAccessToken(token, config, config.bearerClientIds),
    id: (token: string) => judged(verifyIdToken(token, config)),
    /** Statuses as a Bearer token and as a cookie, for a route and in middleware. */
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

/** The pool's signature over any two texts. */
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
    // No tolerance after exp: whoever has a refresh token is refreshed a minute ahead of it.
    ["JW-16 an exp 30 s ago", { exp: NOW_S - 30 }, "token_expired"],
    ["JW-16 an exp 61 s ago", { exp: NOW_S - 61 }, "token_expired"],
    ["JW-13 an exp with a fraction", { exp: NOW_S + 0.5 }, "good"],
    ["JW-14 an nbf that has passed", { nbf: NOW_S - 1 }, "good"],
    ["JW-14 JW-16 an nbf 60 s ahead", { nbf: NOW_S + 60 }, "good"],
    ["JW-14 JW-16 an nbf 61 s ahead", { nbf: NOW_S + 61 }, "token_invalid"],
    ["JW-15 JW-16 an iat 60 s ahead", { iat: NOW_S + 60 }, "good"],
    ["JW-15 JW-16 an iat 61 s ahead", { iat: NOW_S + 61 }, "token_invalid"],
    ["JW-15 an iat of a week ago", { iat: NOW_S - 604_800 }, "good"],
  ])("%s gets one verdict for both tokens and in every place", async (_what, claims, verdict) => {
    const kit = await load();
    const token = await pool.cognito.accessTokenFor("ada", { claims });
    expect(await kit.access(token)).toBe(verdict);
    expect(await kit.id(await pool.cognito.idTokenFor("ada", { claims }))).toBe(verdict);
    expect(await kit.statuses(token)).toEqual(verdict === "good" ? IN : OUT);
  });

  test("JW-16 a token that was good before is judged by the clock again", async () => {
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
  ])("JW-22 JW-24 a good token with %s is refused", async (_what, change) => {
    const kit = await load();
    expect(await kit.access(change(await pool.cognito.accessTokenFor("ada")))).toBe("token_invalid");
    expect(await kit.id(change(await pool.cognito.idTokenFor("ada")))).toBe("token_invalid");
  });

  test.each([
    ["the issuer last", (right: string) => right.replace("{", '{"iss":"https://evil.example",'), "good"],
    ["another issuer last", (right: string) => right.replace(/}$/, ',"iss":"https://evil.example"}'), "token_invalid"],
    ["another token_use last", (right: string) => right.replace(/}$/, ',"token_use":"id"}'), "token_invalid"],
  ])(
    "JW-25 of two members with one name the last counts, at the edge and in Node: %s",
    async (_what, change, verdict) => {
      const { header, payload } = await usual();
      expect(await (await load()).access(await sign(header, change(payload)))).toBe(verdict);
    },
  );

  test.each([
    ["RS256 last", '{"alg":"none",', "", "good"],
    ["none last", "{", ',"alg":"none"', "token_invalid"],
  ])("JW-25 of two algorithms in a header the last counts: %s", async (_what, start, end, verdict) => {
    const { header, payload } = await usual();
    const twice = header.replace("{", start).replace(/}$/, `${end}}`);
    expect(await (await load()).access(await sign(twice, payload))).toBe(verdict);
  });

  test("JW-26 __proto__ and constructor are claims like any other", async () => {
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

  test("JW-27 a token of 16 KiB is read, and one above it is refused before any key is looked up", async () => {
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
  ])("%s is refused before any key is fetched", async (_what, header) => {
    const kit = await load();
    const { payload } = await usual();
    expect(await kit.access(await pool.cognito.signAccessToken(JSON.parse(payload), header))).toBe("token_invalid");
    expect(pool.cognito.count("jwks")).toBe(0);
  });
});

describe("trust", () => {
  test("JW-24 a twin of the signature is the same session: signed in with it, and signed out with it", async () => {
    const { kit, call, middleware } = await load();
    const browser = pool.browser(kit);
    await browser.signIn("ada");
    const token = browser.value("__Host-auth.access");
    const statuses = async (others: string) => {
      const cookies = [token, twinOf(token)].map((it) => ({ cookie: `__Host-auth.access=${it}; ${others}` }));
      return (await Promise.all(cookies.flatMap((it) => [call(it), middleware(it)]))).map(({ status }) => status);
    };
    expect(twinOf(token)).not.toBe(token);
    expect(await statuses("")).toEqual(IN);
    await browser.signOut();
    expect(browser.names()).toEqual([expect.stringMatching(ENDED)]);
    expect(await statuses(browser.cookieHeader)).toEqual(OUT);
  });

  test("JW-24 a forgery with the id of a verified token is no verified token", async () => {
    const kit = await load();
    const token = await pool.cognito.accessTokenFor("ada");
    expect(await kit.access(token)).toBe("good");
    const [header, payload = "", signature] = token.split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
    const forged = encode(JSON.stringify({ ...claims, "cognito:groups": ["owners"] }));
    expect(await kit.access(`${header}.${forged}.${signature}`)).toBe("token_invalid");
  });

  test("JW-30 when the platform's cryptography throws, nobody is signed in", async () => {
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

  test("JW-29 only the server's log tells what was wrong, and it holds no part of the token", async () => {
    const kit = await load();
    const token = await pool.cognito.accessTokenFor("ada", { claims: { iss: "https://evil.example" } });
    await kit.statuses(token);
    const log = vi.mocked(console.info).mock.calls.join("\n");
    expect(log).toContain("token_invalid");
    for (const part of [...token.split("."), "evil.example", "ada"]) expect(log).not.toContain(part);
  });

  test("ID-18 CB-19 a good ID token of another user adds nothing to a session", async () => {
    const { kit, call } = await load();
    const signIn = { claims: { origin_jti: crypto.randomUUID(), auth_time: Math.floor(Date.now() / 1000) } };
    const tokens = [await pool.cognito.idTokenFor("ada", signIn), await pool.cognito.idTokenFor("grace", signIn)];
    const access = `__Host-auth.access=${await pool.cognito.accessTokenFor("ada", signIn)}`;
    const answers = await Promise.all(tokens.map((id) => call({ cookie: `${access}; __Host-auth.id=${id}` })));
    const [own, others] = await Promise.all(answers.map((answer) => answer.json()));
    expect(own).toMatchObject({ user: { username: "ada", name: "Ada Lovelace" }, idClaims: { name: "Ada Lovelace" } });
    expect(others).toEqual({ user: { sub: own.user.sub, username: "ada" }, claims: own.claims, idClaims: null });
    const cookie = `${access}; __Host-auth.id=${tokens[1]}`;
    expect(await kit.core.authenticate(new Headers({ cookie }), kit.config(), "never")).toMatchObject({
      idToken: null,
    });
  });

  test("AT-12 ID-18 an ID token of another session of the same user is left out, and reported", async () => {
    const { kit } = await load();
    const cookies = [await pool.cognito.accessTokenFor("ada"), await pool.cognito.idTokenFor("ada")];
    const cookie = `__Host-auth.access=${cookies[0]}; __Host-auth.id=${cookies[1]}`;
    const auth = await kit.core.authenticate(new Headers({ cookie }), kit.config(), "never");
    const events = [{ type: "id_token_dropped", code: "token_invalid" }];
    expect(auth).toMatchObject({ status: "signed_in", idToken: null, session: { idClaims: null }, events });
  });

  test("AT-12 an ID token whose key cannot be fetched makes the session unknown, not one without an ID token", async () => {
    const { kit } = await load();
    const signIn = { claims: { origin_jti: crypto.randomUUID(), auth_time: Math.floor(Date.now() / 1000) } };
    const access = await pool.cognito.accessTokenFor("ada", signIn);
    const known = new Headers({ cookie: `__Host-auth.access=${access}` });
    expect((await kit.core.authenticate(known, kit.config(), "never")).status).toBe("signed_in");
    await pool.cognito.rotateKeys({ keepOld: true });
    pool.cognito.fault("jwks", { status: 500 });
    const cookie = `__Host-auth.access=${access}; __Host-auth.id=${await pool.cognito.idTokenFor("ada", signIn)}`;
    const auth = await kit.core.authenticate(new Headers({ cookie }), kit.config(), "never");
    pool.cognito.clearFaults();
    expect(auth).toMatchObject({ status: "unknown", error: { code: "keys_unavailable" } });
  });

  test.each([
    ["this client", undefined, IN],
    ["a client that is named for the API", "mobile12345", [200, 200, 401, 401]],
    ["a client of the pool that is not named", "foreign12345", OUT],
  ])("JW-18 a token of %s counts as it should, as Bearer and as cookie", async (_what, clientId, statuses) => {
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
  ])("%s: the ID token is judged as it should be", async (_what, claims, verdict) => {
    expect(await (await load()).id(await pool.cognito.idTokenFor("ada", { claims }))).toBe(verdict);
  });

  test("claims that serve many requests cannot be changed by one of them", async () => {
    const claims = await (await load()).claims(await pool.cognito.accessTokenFor("ada"));
    expect(() => Object.assign(claims, { sub: "x" })).toThrow(TypeError);
    expect(() => Object.assign(claims["cognito:groups"] ?? {}, ["owners"])).toThrow(TypeError);
  });
});

/** The same signature in other letters: the last one has four bits that stand for nothing. */
function twinOf(token: string): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return token.slice(0, -1) + letters.charAt(letters.indexOf(token.slice(-1)) ^ 1);
}
