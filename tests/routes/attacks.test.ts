import { deflateRawSync } from "node:zlib";
import { CompactEncrypt, exportJWK, exportPKCS8, exportSPKI, generateKeyPair, importPKCS8 } from "jose";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Session } from "@/lib/auth/core/session/session";
import type { SigningKey } from "../cognito/keys";
import type { Claims } from "../cognito/types";
import { type Kit, ORIGIN, TYPED, usePool } from "../support/kit";

const pool = usePool();

/** The means of an attacker: all public data, and for some attacks the pool's own keys. */
interface Forge {
  claims: Claims;
  key: SigningKey;
  otherKey: SigningKey;
  /** A valid token of the other kind: an ID token where an access token is required, and the reverse. */
  otherToken: string;
  /** A valid signature of the pool over changed claims and headers. */
  sign(claims?: Claims, header?: Claims): Promise<string>;
  /** A valid signature over any payload, by any key. */
  signRaw(payload: string | Uint8Array, header?: Claims, key?: CryptoKey): Promise<string>;
}

const encode = (value: string | Uint8Array) => Buffer.from(value).toString("base64url");
const DEEP = `{"x":${"[".repeat(10_000)}${"]".repeat(10_000)},`;
const BOMB = `${encode('{"alg":"dir","enc":"A256GCM","zip":"DEF"}')}..AAAA.${encode(deflateRawSync("0".repeat(1e6)))}.AAAA`;

type Attack = readonly [ids: string, what: string, make: (forge: Forge) => string | Promise<string>];

const attacks: Attack[] = [
  ["JW-01", "alg none without a signature", (it) => unsigned(it, "none", "")],
  ...["none", "None", "nOnE", "NONE"].map((alg): Attack => ["JW-01", `alg ${alg}`, (it) => unsigned(it, alg, "AA")]),
  ["JW-01 RP-22", "alg null", (it) => it.sign({}, { alg: null })],
  ["JW-02 RP-16", "HS256 over the public key as PEM", async (it) => mac(it, await exportSPKI(it.key.publicKey))],
  ["JW-02", "HS256 over the public key as DER", async (it) => mac(it, der(await exportSPKI(it.key.publicKey)))],
  ["JW-02", "HS256 over the public key as JWK", (it) => mac(it, JSON.stringify(it.key.jwk))],
  ["JW-02 ID-08", "HS256 over the client secret", (it) => mac(it, pool.env.COGNITO_CLIENT_SECRET ?? "")],
  ...["PS256", "PS512", "RS384", "RS512", "ES256", "EdDSA"].map(
    (alg): Attack => ["JW-03 ID-07 RP-22", `a good ${alg} signature`, (it) => otherAlgorithm(it, alg)],
  ),
  ["JW-03", "alg in lower case", (it) => it.sign({}, { alg: "rs256" })],
  ["JW-03", "a list of algorithms", (it) => it.sign({}, { alg: ["RS256"] })],
  ["JW-03", "no algorithm", (it) => it.sign({}, { alg: undefined })],
  ["JW-04", "a key in its own header", (it) => ownKey(it, (jwk) => ({ jwk }))],
  ["JW-04", "a key with an id of its own", (it) => ownKey(it, (jwk) => ({ jwk: { ...jwk, kid: "x" }, kid: "x" }))],
  ["JW-05", "a jku to follow", (it) => ownKey(it, () => ({ jku: `${pool.cognito.issuer}/trap`, kid: "x" }))],
  ["JW-05", "an x5u to follow", (it) => ownKey(it, () => ({ x5u: `${pool.cognito.issuer}/trap` }))],
  ["JW-06", "a certificate of its own", (it) => ownKey(it, (jwk) => ({ x5c: [encode(JSON.stringify(jwk))] }))],
  ["JW-07", "an unknown critical header", (it) => it.sign({}, { crit: ["foo"], foo: 1 })],
  ["JW-07", "an empty list of critical headers", (it) => it.sign({}, { crit: [] })],
  ["JW-08", "a critical b64", (it) => it.sign({}, { crit: ["b64"], b64: true })],
  ["JW-08", "a critical b64 that is false", (it) => it.sign({}, { crit: ["b64"], b64: false })],
  ["JW-08", "b64 false", (it) => it.sign({}, { b64: false })],
  ["JW-09 RP-07", "no key id", (it) => it.sign({}, { kid: undefined })],
  ...["unknown", "", "../../x", "' OR 1=1 --", "__proto__", "constructor", "x".repeat(10_000), 0, {}, [], null].map(
    (kid): Attack => ["JW-10", `the key id ${JSON.stringify(kid).slice(0, 20)}`, (it) => it.sign({}, { kid })],
  ),
  ["JW-10", "a list that holds the key id", (it) => it.sign({}, { kid: [it.key.kid] })],
  ["JW-11", "the id of the pool's other key", (it) => it.sign({}, { kid: it.otherKey.kid })],
  ["JW-19 ID-16 CS-07", "a token of the other kind", (it) => it.otherToken],
  ["JW-31", "good claims under a signature of the right length", (it) => unsigned(it, "RS256", "A".repeat(342))],
  ["ID-06 RP-10", "a changed signature", async (it) => (await it.sign()).replace(/.{9}$/, "AAAAAAAAA")],
  ["ID-06 JW-31", "changed claims", async (it) => swapPayload(await it.sign(), { ...it.claims, name: "Somebody" })],
  ["JW-21", "nothing at all", () => ""],
  ["JW-21", "one part", async (it) => (await it.sign()).split(".").slice(1, 2).join(".")],
  ["JW-21", "two parts", async (it) => (await it.sign()).split(".").slice(0, 2).join(".")],
  ["JW-21", "four parts", async (it) => `${await it.sign()}.AA`],
  ["JW-21", "five parts", async (it) => `${await it.sign()}.AA.AA`],
  ["JW-21", "empty parts", () => ".."],
  ["JW-21", "flattened JSON", async (it) => toJson(await it.sign(), (payload, own) => ({ payload, ...own }))],
  ["JW-21", "general JSON", async (it) => toJson(await it.sign(), (payload, own) => ({ payload, signatures: [own] }))],
  ["JW-22", "padding", async (it) => `${await it.sign()}==`],
  ["JW-22", "plain base64", async (it) => (await it.sign({ x: "~~~???>>>" })).replace(/-/g, "+").replace(/_/g, "/")],
  ["JW-22", "a space inside", async (it) => (await it.sign()).replace(".", ". ")],
  ["JW-22", "quotes around it", async (it) => `"${await it.sign()}"`],
  ...["[]", "5", "null", '"text"', "", "{", "{} {}"].map(
    (payload): Attack => ["JW-23", `the payload ${payload || "nothing"}`, (it) => it.signRaw(payload)],
  ),
  ["JW-23", "claims that are not UTF-8", (it) => it.signRaw(latin1({ ...it.claims, sub: "\u00ff" }))],
  ["JW-26", "claims hidden in __proto__", (it) => it.signRaw(`{"__proto__":${JSON.stringify(it.claims)}}`)],
  ["JW-27 DS-01", "a megabyte of claims", (it) => it.sign({ x: "x".repeat(1_000_000) })],
  ["JW-27 DS-09", "ten thousand levels of claims", (it) => it.signRaw(JSON.stringify(it.claims).replace("{", DEEP))],
  ["JW-28", "a zip header", (it) => it.sign({}, { zip: "DEF" })],
  ["JW-28", "packed claims", (it) => it.signRaw(deflateRawSync(JSON.stringify(it.claims)), { zip: "DEF" })],
  ["JW-28 ID-01", "an encrypted token", async (it) => encrypt(await it.sign())],
  ["JW-28 DS-10", "an encrypted bomb", () => BOMB],
  ["JW-13", "an exp before 1970", (it) => it.sign({ exp: -1 })],
  ["JW-13", "an exp without end", (it) => it.signRaw(JSON.stringify(it.claims).replace(/"exp":\d+/, '"exp":1e400'))],
  ["ID-09 RP-22", "an exp of an hour ago", (it) => it.sign({ exp: Number(it.claims.exp) - 7200 })],
  ["JW-14", "an nbf ten minutes ahead", (it) => it.sign({ nbf: Number(it.claims.iat) + 600 })],
  ["JW-15 ID-10", "an iat ten minutes ahead", (it) => it.sign({ iat: Number(it.claims.iat) + 600 })],
  ["ID-17", "a sub of 256 characters", (it) => it.sign({ sub: "x".repeat(256) })],
  ["JW-17 ID-02", "an issuer with a slash more", (it) => it.sign({ iss: `${it.claims.iss}/` })],
  ["JW-17 ID-02", "an issuer in upper case", (it) => it.sign({ iss: String(it.claims.iss).toUpperCase() })],
  ["JW-17 ID-02", "our issuer over https", (it) => it.sign({ iss: String(it.claims.iss).replace("http:", "https:") })],
  ["JW-17 RP-02 CS-07", "another pool's issuer", (it) => it.sign({ iss: `${it.claims.iss}x` })],
  ["JW-18 ID-03 CS-07", "another client's id", (it) => it.sign(audience("foreign12345"))],
  ["JW-18 ID-04 RP-22", "a second audience", (it) => it.sign(audience([pool.env.COGNITO_CLIENT_ID, "foreign12345"]))],
  ...wrongTypes("JW-17 RP-22", "iss", (it) => it.claims.iss),
  ...wrongTypes("ID-17 RP-03", "sub", (it) => it.claims.sub),
  ...wrongTypes("JW-12 JW-13 RP-22", "exp", (it) => it.claims.exp),
  ...wrongTypes("JW-15 RP-05", "iat", (it) => it.claims.iat),
  ...wrongTypes("JW-14", "nbf", (it) => it.claims.iat).filter(([, what]) => !what.endsWith("missing")),
  ...wrongTypes("JW-19 ID-16", "token_use", (it) => it.claims.token_use),
  ...wrongTypes("JW-18 ID-03 RP-15", "aud", () => pool.env.COGNITO_CLIENT_ID),
];

function wrongTypes(ids: string, claim: string, read: (forge: Forge) => unknown): Attack[] {
  const values: Record<string, (right: unknown) => unknown> = {
    "of the other basic type": (right) => (typeof right === "number" ? `${right}` : 5),
    "a list that holds it": (right) => [right],
    "an object that holds it": (right) => ({ [claim]: right }),
    true: () => true,
    null: () => null,
    empty: () => "",
    missing: () => undefined,
  };
  const lay = (value: unknown) => (claim === "aud" ? audience(value) : { [claim]: value });
  return Object.entries(values).map(([what, change]) => [
    ids,
    `${claim} ${what}`,
    (it) => it.sign(lay(change(read(it)))),
  ]);
}

const UNAUTHORIZED = '{"type":"about:blank","title":"Unauthorized","status":401}';
const SIGN_IN = `${ORIGIN}/auth/login?returnTo=%2Fdashboard`;

describe("JW-29 JW-32 a token with", () => {
  let kit: Kit;
  let doors: Awaited<ReturnType<typeof openDoors>>;
  let refused: Awaited<ReturnType<typeof doors>>;
  beforeAll(async () => {
    vi.spyOn(console, "info").mockReturnValue();
    kit = await pool.load();
    doors = await openDoors(kit);
    refused = await doors("a.b.c", "a.b.c");
  });
  afterAll(() => vi.restoreAllMocks());

  test.each(attacks)("%s %s is rejected at every door, with the same answer", async (_ids, _what, make) => {
    const [accessToken, idToken] = [await make(await forge("access")), await make(await forge("id"))];
    expect(await doors(accessToken, idToken)).toEqual(refused);
  });

  test("no valid part gets an answer that does not say what is wrong", () => {
    const invalid = {
      status: 401,
      headers: { "www-authenticate": 'Bearer error="invalid_token"' },
      body: UNAUTHORIZED,
    };
    expect(refused).toMatchObject({
      verifyAccessToken: "a bad credential",
      verifyIdToken: "a bad credential",
      "access cookie, route": { status: 401, headers: { "www-authenticate": "Bearer" }, body: UNAUTHORIZED },
      "access cookie, middleware": { status: 303, headers: { location: SIGN_IN }, body: "" },
      "Bearer, route": invalid,
      "Bearer, optional route": invalid,
      "Bearer, middleware": invalid,
      "ID cookie, route": { status: 200, body: "grace without ID claims" },
    });
    expect(JSON.stringify(refused)).not.toContain("set-cookie");
  });

  test("no fault is accepted at every door", async () => {
    const good = await doors(await (await forge("access")).sign(), await (await forge("id")).sign());
    const verdicts = Object.values(good).map((answer) => (typeof answer === "string" ? answer : answer.status));
    expect(verdicts).toEqual(["good", "good", 200, 200, 200, 200, 200, 200]);
    expect(good["ID cookie, route"].body).toBe("grace with ID claims");
  });

  test("JW-05 KS-13 an address in a token never causes a request", () => {
    const jwks = `${new URL(pool.cognito.issuer).pathname}/.well-known/jwks.json`;
    expect([...new Set(pool.cognito.requests.map(({ endpoint }) => endpoint))]).toEqual([jwks]);
  });
});

/** The facts that make an access token and an ID token belong to one sign-in. */
const ONE_SIGN_IN = { origin_jti: crypto.randomUUID(), auth_time: Math.floor(Date.now() / 1000) };

/** All ways in which a token can reach the kit. */
async function openDoors(kit: Kit) {
  const { verifyAccessToken, verifyIdToken } = kit.core.verify;
  const config = kit.config();
  const goodAccessToken = await pool.cognito.accessTokenFor("grace", { claims: ONE_SIGN_IN });
  const answer = (_request: Request, session: Session | null) =>
    new Response(`${session?.user.username} ${session?.idClaims ? "with" : "without"} ID claims`);
  const route = kit.api.withSession(answer);
  const optional = kit.api.withOptionalSession(answer);
  const middleware = (headers: Headers) =>
    kit.middleware.default(pool.browser(kit).request("/dashboard", Object.fromEntries(headers)));
  return async (accessToken: string, idToken: string) => {
    const cookie = new Headers({ ...TYPED, cookie: `__Host-auth.access=${accessToken}` });
    const bearer = new Headers({ ...TYPED, authorization: `Bearer ${accessToken}` });
    const both = new Headers({ cookie: `__Host-auth.access=${goodAccessToken}; __Host-auth.id=${idToken}` });
    const request = (headers: Headers) => new Request(`${ORIGIN}/api/me`, { headers });
    const { status, body } = await publicPart(await route(request(both), null));
    return {
      verifyAccessToken: await outcomeOf(verifyAccessToken(accessToken, config, config.bearerClientIds)),
      verifyIdToken: await outcomeOf(verifyIdToken(idToken, config)),
      "access cookie, route": await publicPart(await route(request(cookie), null)),
      "access cookie, middleware": await publicPart(await middleware(cookie)),
      "Bearer, route": await publicPart(await route(request(bearer), null)),
      "Bearer, optional route": await publicPart(await optional(request(bearer), null)),
      "Bearer, middleware": await publicPart(await middleware(bearer)),
      "ID cookie, route": { status, body },
    };
  };
}

async function publicPart(response: Response) {
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
}

function outcomeOf(verdict: Promise<unknown>): Promise<string> {
  return verdict.then(
    () => "good",
    (error: { isBadCredential?: boolean }) => (error.isBadCredential ? "a bad credential" : String(error)),
  );
}

async function forge(kind: "access" | "id"): Promise<Forge> {
  const { keys, accessTokenFor, idTokenFor } = pool.cognito;
  const signIn = { claims: ONE_SIGN_IN };
  const tokens = { access: await accessTokenFor("grace", signIn), id: await idTokenFor("grace", signIn) };
  const [key, otherKey, otherToken] =
    kind === "access" ? [keys.access, keys.id, tokens.id] : [keys.id, keys.access, tokens.access];
  const claims: Claims = JSON.parse(Buffer.from(tokens[kind].split(".")[1] ?? "", "base64url").toString());
  const signRaw: Forge["signRaw"] = async (payload, header = {}, signer = key.privateKey) => {
    const all = { kid: key.kid, alg: "RS256", ...header };
    const input = `${encode(JSON.stringify(all))}.${encode(payload)}`;
    const size = /\d+$/.exec(String(all.alg))?.[0] ?? "256";
    const algorithm = { name: signer.algorithm.name, hash: `SHA-${size}`, saltLength: Number(size) / 8 };
    return `${input}.${encode(new Uint8Array(await crypto.subtle.sign(algorithm, signer, Buffer.from(input))))}`;
  };
  const sign: Forge["sign"] = (others = {}, header = {}) => signRaw(JSON.stringify({ ...claims, ...others }), header);
  return { claims, key, otherKey, otherToken, sign, signRaw };
}

/** An access token names its client in one claim, an ID token in the other. */
function audience(value: unknown): Claims {
  return { client_id: value, aud: value };
}

function unsigned({ claims, key }: Forge, alg: string, signature: string): string {
  return [encode(JSON.stringify({ alg, kid: key.kid })), encode(JSON.stringify(claims)), signature].join(".");
}

async function mac({ claims, signRaw }: Forge, secret: string | Uint8Array): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", Buffer.from(secret), algorithm, false, ["sign"]);
  return signRaw(JSON.stringify(claims), { alg: "HS256" }, key);
}

/** Signs with the pool's key for an RSA algorithm, and with a new key for another one. */
async function otherAlgorithm({ claims, key, signRaw }: Forge, alg: string): Promise<string> {
  const isRsa = alg.charAt(1) === "S" && alg.charAt(0) !== "E";
  const own = isRsa ? await importPKCS8(await exportPKCS8(key.privateKey), alg) : (await pairFor(alg)).privateKey;
  return signRaw(JSON.stringify(claims), { alg }, own);
}

const pairs = new Map<string, ReturnType<typeof generateKeyPair>>();

/** A stranger's key pair for an algorithm. It is generated once, because that takes long. */
function pairFor(alg: string): ReturnType<typeof generateKeyPair> {
  const pair = pairs.get(alg) ?? generateKeyPair(alg);
  pairs.set(alg, pair);
  return pair;
}

async function ownKey({ claims, signRaw }: Forge, header: (jwk: Claims) => Claims): Promise<string> {
  const { privateKey, publicKey } = await pairFor("RS256");
  return signRaw(JSON.stringify(claims), header({ ...(await exportJWK(publicKey)), alg: "RS256" }), privateKey);
}

function swapPayload(token: string, claims: Claims): string {
  return token.replace(/\.[^.]+\./, `.${encode(JSON.stringify(claims))}.`);
}

function toJson(token: string, arrange: (payload: string, own: Claims) => Claims): string {
  const [header, payload = "", signature] = token.split(".");
  return JSON.stringify(arrange(payload, { protected: header, signature }));
}

function encrypt(token: string): Promise<string> {
  const plaintext = new Uint8Array(Buffer.from(token));
  return new CompactEncrypt(plaintext)
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", cty: "JWT" })
    .encrypt(new Uint8Array(32));
}

function der(pem: string): Uint8Array {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
}

function latin1(claims: Claims): Uint8Array {
  return Buffer.from(JSON.stringify(claims), "latin1");
}
