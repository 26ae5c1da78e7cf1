import { JwtVerifier } from "aws-jwt-verify";
import { validateCognitoJwtFields } from "aws-jwt-verify/cognito-verifier";
import fc from "fast-check";
import { compactVerify, createLocalJWKSet, generateKeyPair } from "jose";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Claims } from "../../cognito/types";
import { usePool } from "../../support/kit";

type Kind = "access" | "id";
type Signer = "own" | "the pool's other key" | "a stranger's key";

/** A plan for a token: its contents, its signer, and the changes after the signature. */
interface Recipe {
  what: string;
  kind: Kind;
  claims?: Claims;
  header?: Claims;
  signer?: Signer;
  payload?: (json: string) => string | Uint8Array;
  /** Changes the encoded payload before the signature. */
  encoded?: (payload: string) => string;
  text?: (token: string) => string;
}

interface Candidate {
  kind: Kind;
  token: string;
  header: Claims;
  claims: Claims;
  payload: Buffer;
}

const pool = usePool();
const NOW_S = Date.parse("2026-06-01T12:00:00Z") / 1000;
const SEED = 32;

const isAhead = (value: unknown, from: number, to = Number.POSITIVE_INFINITY) =>
  Number(value) - NOW_S > from && Number(value) - NOW_S <= to;
const isOdd = (value: unknown) => value !== undefined && typeof value !== "string";
const isOther = (value: unknown) => value !== undefined && value !== clientId();
const isOddlyLong = (part: string) => part.length % 4 === 1;
const clientId = () => pool.env.COGNITO_CLIENT_ID ?? "";

/** All differences. "refuses": aws-jwt-verify accepts the token. "accepts": aws-jwt-verify rejects it. */
const DIFFERENCES: [ours: "refuses" | "accepts", what: string, reason: string, is: (it: Candidate) => boolean][] = [
  [
    "refuses",
    "no exp",
    "Cognito always sends it: a token without would never end",
    (it) => it.claims.exp === undefined,
  ],
  ["refuses", "no iat", "Cognito always sends it", (it) => it.claims.iat === undefined],
  ["refuses", "no sub", "it is who the user is", (it) => !it.claims.sub],
  ["refuses", "a long sub", "OpenID Connect Core 2: 255 characters", (it) => String(it.claims.sub).length > 255],
  ["refuses", "an iat ahead", "nothing good is issued over 60 s from now", (it) => isAhead(it.claims.iat, 60)],
  ["refuses", "the second of exp", "RFC 7519 4.1.4: on or after", (it) => it.claims.exp === NOW_S],
  ["refuses", "another azp", "OpenID Connect Core 3.1.3.7", (it) => it.kind === "id" && isOther(it.claims.azp)],
  ["refuses", "crit", "RFC 7515 4.1.11: what is critical must be understood", (it) => "crit" in it.header],
  ["refuses", "b64", "RFC 7797 7: never in a JWT", (it) => "b64" in it.header],
  ["refuses", "zip", "not in a JWS, and never from Cognito", (it) => "zip" in it.header],
  ["refuses", "padding", "RFC 7515 2: base64url without it", (it) => it.token.includes("=")],
  ["refuses", "a part of odd length", "no bytes have such a base64url", (it) => it.token.split(".").some(isOddlyLong)],
  ["refuses", "no UTF-8", "RFC 7519 7.2 step 10", (it) => !Buffer.from(it.payload.toString()).equals(it.payload)],
  ["refuses", "above 16 KiB", "as much as Node reads of headers", (it) => it.token.length > 16_384],
  ["accepts", "nbf within 60 s", "our clock may be behind Cognito's", (it) => isAhead(it.claims.nbf, 0, 60)],
  ["accepts", "a byte order mark", "RFC 8259 8.1: a reader may ignore it", (it) => it.payload[0] === 0xef],
  ["accepts", "an odd jti", "the kit does not read it", (it) => isOdd(it.claims.jti)],
  ["accepts", "an odd scope", "it counts as none", (it) => isOdd(it.claims.scope)],
  ["accepts", "an odd aud", "an access token's is not read", (it) => it.kind === "access" && isOdd(it.claims.aud)],
];

beforeEach(() => void vi.setSystemTime(NOW_S * 1000));
afterEach(() => void vi.useRealTimers());

test("JW-32 the kit and aws-jwt-verify agree on two thousand tokens, except for the listed differences", async () => {
  const [ours, theirs] = [await openOurs(), openTheirs()];
  const { recipes, candidates } = await mintAll();
  const unlisted: string[] = [];
  const seen = new Set<string>();
  const agreed = { accepts: 0, refuses: 0 };
  for (const [i, candidate] of candidates.entries()) {
    const [our, their] = [await ours(candidate), await theirs(candidate)];
    const listed = DIFFERENCES.filter(([verdict, , , is]) => verdict === our && is(candidate));
    if (our === their) agreed[their]++;
    else if (listed.length === 0) unlisted.push(`${candidate.kind}, ${recipes[i]?.what}: the kit ${our}`);
    else for (const [, what] of listed.length === 1 ? listed : []) seen.add(what);
  }
  expect(unlisted).toEqual([]);
  expect(recipes.length).toBeGreaterThanOrEqual(2_000);
  expect(Math.min(agreed.accepts, agreed.refuses)).toBeGreaterThan(400);
  expect([...seen].sort()).toEqual(DIFFERENCES.map(([, what]) => what).sort());
}, 60_000);

test("JW-06 JW-32 the kit accepts no token whose signature jose rejects", async () => {
  const ours = await openOurs();
  const { candidates } = await mintAll();
  const { issuer } = pool.cognito;
  const keySet = createLocalJWKSet(await (await fetch(`${issuer}/.well-known/jwks.json`)).json());
  const verdicts = { both: 0, neither: 0, joseOnly: 0 };
  for (const candidate of candidates) {
    const isAccepted = (await ours(candidate)) === "accepts";
    const isSigned = await compactVerify(candidate.token, keySet, { algorithms: ["RS256"] }).then(
      () => true,
      () => false,
    );
    expect(isAccepted && !isSigned, candidate.token).toBe(false);
    if (isAccepted) verdicts.both++;
    else verdicts[isSigned ? "joseOnly" : "neither"]++; // jose knows none of Cognito's claims.
  }
  expect(Math.min(...Object.values(verdicts))).toBeGreaterThan(100);
}, 60_000);

interface Minted {
  readonly recipes: readonly Recipe[];
  readonly candidates: readonly Candidate[];
}

let minted: Promise<Minted> | undefined;

/** All tokens, signed once for both tests. */
function mintAll(): Promise<Minted> {
  const mint = async () => {
    const [recipes, make] = [writeRecipes(), await createMint()];
    return { recipes, candidates: await Promise.all(recipes.map(make)) };
  };
  minted ??= mint();
  return minted;
}

async function openOurs() {
  const kit = await pool.load();
  const { verifyAccessToken, verifyIdToken } = kit.core.verify;
  const config = kit.config();
  return ({ kind, token }: Candidate) => {
    const verdict =
      kind === "access" ? verifyAccessToken(token, config, [config.clientId]) : verifyIdToken(token, config);
    return verdict.then(
      () => "accepts" as const,
      (error: { isBadCredential?: boolean }) => {
        expect(error).toMatchObject({ name: "AuthError", isBadCredential: true });
        return "refuses" as const;
      },
    );
  };
}

/** Verifies as CognitoJwtVerifier does, which accepts only Amazon's issuers. */
function openTheirs() {
  const { issuer, keys } = pool.cognito;
  const verifier = JwtVerifier.create({ issuer, audience: null, jwksUri: `${issuer}/.well-known/jwks.json` });
  const fixed = { kty: "RSA", alg: "RS256", use: "sig" } as const;
  verifier.cacheJwks({
    keys: [keys.id, keys.access].map(({ kid, jwk: { n = "", e = "" } }) => ({ ...fixed, kid, n, e })),
  });
  return async ({ kind, token }: Candidate) => {
    try {
      validateCognitoJwtFields(await verifier.verify(token), { tokenUse: kind, clientId: clientId() });
      return "accepts";
    } catch {
      return "refuses";
    }
  };
}

async function createMint() {
  const stranger = (await generateKeyPair("RS256")).privateKey;
  return async ({ kind, claims, header, signer = "own", payload, encoded, text }: Recipe): Promise<Candidate> => {
    const { id, access } = pool.cognito.keys;
    const [own, other] = kind === "access" ? [access, id] : [id, access];
    const key = { own: own.privateKey, "the pool's other key": other.privateKey, "a stranger's key": stranger }[signer];
    const all = { kid: own.kid, alg: "RS256", ...header };
    const json = JSON.stringify({ ...usualClaims(kind), ...claims });
    const body64 = encode(payload?.(json) ?? json);
    const input = `${encode(JSON.stringify(all))}.${encoded?.(body64) ?? body64}`;
    const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", key, Buffer.from(input));
    const signed = `${input}.${encode(new Uint8Array(signature))}`;
    const token = text?.(signed) ?? signed;
    const [head, body] = token.split(".", 2).map((part) => Buffer.from(part, "base64url"));
    return { kind, token, header: read(head), claims: read(body), payload: body ?? Buffer.of() };
  };
}

function usualClaims(kind: Kind): Claims {
  const times = { auth_time: NOW_S - 60, iat: NOW_S - 60, exp: NOW_S + 3_540 };
  const both = { sub: "6d1f0c1e-aaaa-4bbb-8ccc-0123456789ab", iss: pool.cognito.issuer, jti: "1", ...times };
  return kind === "access"
    ? { ...both, token_use: "access", client_id: clientId(), username: "ada", scope: "openid email" }
    : { ...both, token_use: "id", aud: clientId(), "cognito:username": "ada", email: "ada@example.com" };
}

const CLAIMS = ["iss", "sub", "exp", "iat", "nbf", "token_use", "client_id", "aud", "azp", "scope", "jti", "username"];
const OFFSETS_S = [-1e6, -3600, -61, -60, -30, -1, -0.5, 0, 0.5, 1, 30, 59, 60, 60.5, 61, 3600, 1e6, 1e12];
const ODD: unknown[] = [
  ...[undefined, null, true, false, 0, 1, -1, 0.5, 1e21, "", " ", "0", "x", "access", "id", "x".repeat(255)],
  ...["x".repeat(256), "null", [], [null], ["x"], [["x"]], {}, { x: 1 }, "\u0000", "\ud800", "e\u0301", "ſ"],
];
const HEADERS: Claims[] = [
  ...["none", "HS256", "RS384", "RS512", "PS256", "ES256", "EdDSA", "rs256"].map((alg) => ({ alg })),
  ...["None", "", null, 5, ["RS256"], undefined].map((alg) => ({ alg })),
  ...["", "x", "../x", "__proto__", "constructor", 0, 5, null, [], {}, true, undefined].map((kid) => ({ kid })),
  ...[[], ["exp"], ["b64"], "exp", null, 1].map((crit) => ({ crit })),
  ...[true, false, null, "true"].map((b64) => ({ b64 })),
  ...["DEF", "", null, 0].map((zip) => ({ zip })),
  ...["JWT", "at+jwt", "JWE", 5, null].map((typ) => ({ typ })),
  ...["jku", "jwk", "x5c", "x5u", "cty"].map((name) => ({ [name]: "https://evil.example" })),
];

/** The same recipes in every run, except for the keys and the port of the stand-in. */
function writeRecipes(): Recipe[] {
  const kinds: Kind[] = ["access", "id"];
  const fixed = kinds.flatMap((kind): Recipe[] => [
    { what: "nothing changed", kind },
    ...CLAIMS.flatMap((name) => oddValues(name).map((value) => vary(kind, { [name]: value }))),
    ...["exp", "iat", "nbf"].flatMap((name) => OFFSETS_S.map((offset) => vary(kind, { [name]: NOW_S + offset }))),
    ...HEADERS.map((header) => ({ what: `the header ${JSON.stringify(header)}`, kind, header })),
    ...TEXTS.map(([what, change]) => ({ what, kind, ...change })),
  ]);
  return [...fixed, ...fc.sample(recipeArbitrary, { seed: SEED, numRuns: 1_200 })];
}

function vary(kind: Kind, claims: Claims): Recipe {
  return { what: JSON.stringify(claims, (_name, value) => value ?? "nothing").slice(0, 80), kind, claims };
}

/** Odd values for a claim, and values that are right for another claim. */
function oddValues(name: string): unknown[] {
  const [access, id] = [usualClaims("access"), usualClaims("id")];
  const right = [access[name] ?? id[name], access.client_id, access.iss];
  const near = right.flatMap((it) => [it, [it], { it }, `${it}`, `${it}/`]);
  return [...ODD, ...near, "foreign12345", "mobile12345", [access.client_id, "foreign12345"]];
}

const TEXTS: [what: string, change: Partial<Recipe>][] = [
  ["the pool's other key", { signer: "the pool's other key" }],
  ["a stranger's key", { signer: "a stranger's key" }],
  ["padding after it", { text: (it) => `${it}==` }],
  ["a letter more", { text: (it) => `${it}A` }],
  ["letters more", { text: (it) => `${it}AA` }],
  ["three letters more", { text: (it) => `${it}AAA` }],
  ["a payload of odd length", { encoded: (body) => body.padEnd(Math.ceil(body.length / 4) * 4 + 1, "A") }],
  [
    "padding that is signed",
    { payload: (it) => it.padEnd(Math.ceil(it.length / 3) * 3 + 2), encoded: (it) => `${it}=` },
  ],
  ["another last letter", { text: (it) => it.slice(0, -1) + (it.endsWith("A") ? "B" : "A") }],
  ["a space after it", { text: (it) => `${it} ` }],
  ["a line break after it", { text: (it) => `${it}\n` }],
  ["a fourth part", { text: (it) => `${it}.AA` }],
  ["no signature", { text: (it) => it.replace(/[^.]+$/, "") }],
  ["nothing", { text: () => "" }],
  ["dots", { text: () => ".." }],
  ["no UTF-8", { claims: { name: "\u00ff" }, payload: (it) => Buffer.from(it, "latin1") }],
  ["a byte order mark", { payload: (it) => `\ufeff${it}` }],
  ["the issuer twice, another first", { payload: (it) => it.replace("{", '{"iss":"https://evil.example",') }],
  ["the issuer twice, another last", { payload: (it) => it.replace(/\}$/, ',"iss":"https://evil.example"}') }],
  ["claims in __proto__", { payload: (it) => `{"__proto__":${it}}` }],
  ["a __proto__ beside", { payload: (it) => it.replace("{", '{"__proto__":{"sub":1},"constructor":{"sub":1},') }],
  ["spaces around", { payload: (it) => ` \n${it}\t` }],
  ["an endless exp", { payload: (it) => it.replace(/"exp":\d+/, '"exp":1e400') }],
  ["an exp as 1e99", { payload: (it) => it.replace(/"exp":\d+/, '"exp":1e99') }],
  ["17,000 characters", { claims: { x: "x".repeat(13_000) } }],
  ["15,000 characters", { claims: { x: "x".repeat(10_500) } }],
  ...["[]", "5", "null", '"x"', "", "{", "{}", "{} {}", "undefined"].map((body): [string, Partial<Recipe>] => [
    `the payload ${body}`,
    { payload: () => body },
  ]),
];

const kindArbitrary = fc.constantFrom<Kind>("access", "id");
const momentArbitrary = fc.constantFrom(...OFFSETS_S.map((offset) => NOW_S + offset));
const claimsArbitrary = fc.dictionary(
  fc.constantFrom(...CLAIMS, "auth_time", "cognito:groups", "x"),
  fc.oneof(fc.constantFrom(...ODD), fc.jsonValue({ maxDepth: 2 }), momentArbitrary),
  { maxKeys: 2 },
);
const headerArbitrary = fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, fc.constantFrom(...HEADERS));
const extrasArbitrary = fc.dictionary(fc.stringMatching(/^custom:[a-z]{1,8}$/), fc.jsonValue(), { maxKeys: 4 });
const timesArbitrary = fc.record({
  iat: fc.integer({ min: NOW_S - 7_200, max: NOW_S + 90 }),
  nbf: fc.integer({ min: NOW_S - 7_200, max: NOW_S + 90 }),
  exp: fc.integer({ min: NOW_S - 90, max: NOW_S + 7_200 }),
});
const editArbitrary = fc.tuple(fc.nat(), fc.constantFrom("", "A", "_", ".", "=", "é", "AAAA"), fc.nat({ max: 2 }));

/** A valid token with other claims, odd claims with odd headers, other times, or one changed letter. */
const recipeArbitrary: fc.Arbitrary<Recipe> = fc.oneof(
  fc.record({ what: fc.constant("claims of its own"), kind: kindArbitrary, claims: extrasArbitrary }),
  fc.record({ what: fc.constant("times"), kind: kindArbitrary, claims: timesArbitrary }),
  fc
    .tuple(kindArbitrary, claimsArbitrary, headerArbitrary)
    .map(([kind, claims, header]) => ({ ...vary(kind, claims), header })),
  fc.tuple(kindArbitrary, editArbitrary).map(([kind, [at, other, gone]]) => ({
    what: `${gone} letters changed to ${JSON.stringify(other)}`,
    kind,
    text: (token: string) => {
      const start = at % token.length;
      return token.slice(0, start) + other + token.slice(start + gone);
    },
  })),
);

const encode = (value: string | Uint8Array) => Buffer.from(value).toString("base64url");

/** Reads JSON without any check, for comparisons only. */
function read(bytes: Buffer = Buffer.of()): Claims {
  try {
    return Object(JSON.parse(bytes.toString().replace(/^\ufeff/, "")));
  } catch {
    return {};
  }
}
