import { CompactSign, exportJWK, generateKeyPair, importJWK } from "jose";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Cognito, Fault } from "../../cognito";
import { type Browser, FETCHED, type Kit, pathOf, TYPED, usePool } from "../../support/kit";

const pool = usePool();
const log = vi.spyOn(console, "info").mockImplementation(() => {});
let kit: Kit;
let browser: Browser;

beforeAll(async () => {
  kit = await pool.load();
  kit.config(); // Read now: other tests load other environments.
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Math.floor(Date.now() / 1000) * 1000 }); // The clock stands still.
  Object.assign(pool.cognito.settings, { atHash: true, clockSkewSeconds: 0 });
  pool.cognito.clearFaults();
  pool.cognito.clearRequests();
  log.mockClear();
  browser = pool.browser(kit);
});

afterEach(() => vi.useRealTimers());

type Claims = Record<string, unknown>;
type Change = Claims | ((claims: Claims) => Claims);
type Tokens = Claims & { id_token: string; access_token: string };

/** Changes some claims; undefined removes one. */
const changed = (change: Change) => (claims: Claims) => ({
  ...claims,
  ...(typeof change === "function" ? change(claims) : change),
});
const inId = (change: Change): Fault => ({ claims: { id: changed(change) } });
const inHeader = (change: Change): Fault => ({ header: { id: changed(change) } });
const inBoth = (change: Change): Fault => ({ claims: { id: changed(change), access: changed(change) } });

async function signInWith(fault: Fault): Promise<Response> {
  pool.cognito.fault("token", fault);
  return browser.signIn("ada");
}

async function session() {
  const auth = await kit.core.authenticate(new Headers({ cookie: browser.cookieHeader }), kit.config(), "never");
  return auth.status === "signed_in" ? auth.session : null;
}

function expectRefusal(answer: Response, code = "token_response_invalid") {
  expect([answer.status, pathOf(answer)]).toEqual([303, `/auth/error?code=${code}&returnTo=%2Fdashboard`]);
  expect(browser.names()).toEqual(["__Host-auth.rounds"]);
}

describe("a sign-in is rejected for an ID token with", () => {
  const ours = (claims: Claims) => String(claims.iss);

  test.each<[string, Change, how?: (change: Change) => Fault]>([
    ["ID-02 RP-02 RP-22 another pool's issuer", { iss: "https://cognito-idp.eu-central-1.amazonaws.com/x" }],
    ["ID-02 a slash after the issuer", (claims) => ({ iss: `${ours(claims)}/` })],
    ["ID-02 the issuer in upper case", (claims) => ({ iss: ours(claims).toUpperCase() })],
    ["ID-02 the issuer under another scheme", (claims) => ({ iss: ours(claims).replace("http:", "https:") })],
    ["ID-02 the pool's other issuer form", (claims) => ({ iss: ours(claims).replace(/\/([^/]+)$/, "/issuer/$1") })],
    ["ID-02 RP-22 no issuer", { iss: undefined }],
    ["ID-02 a list of issuers", (claims) => ({ iss: [claims.iss] })],
    ["ID-03 RP-04 another client's audience", { aud: "foreign12345" }],
    ["ID-03 the audience of a client that may call the API", { aud: "mobile12345" }],
    ["ID-03 RP-15 no audience", { aud: undefined }],
    ["ID-03 an empty audience", { aud: [] }],
    ["ID-03 a number for an audience", { aud: 5 }],
    ["ID-04 RP-22 a second audience", (claims) => ({ aud: [claims.aud, "foreign12345"] })],
    ["ID-04 a list of our one audience, for Cognito sends a string", (claims) => ({ aud: [claims.aud] })],
    ["ID-05 another azp", { azp: "foreign12345" }],
    ["ID-09 RP-22 an end a second ago", ({ iat }) => ({ exp: Number(iat) - 1 })],
    ["ID-09 its end now", ({ iat }) => ({ exp: iat })],
    ["ID-09 RP-22 no end", { exp: undefined }],
    ["ID-09 text for its end", ({ exp }) => ({ exp: String(exp) })],
    ["ID-10 RP-05 no issue time", { iat: undefined }],
    ["ID-10 RP-22 an issue time a week ago", ({ iat }) => ({ iat: Number(iat) - 7 * 86_400 })],
    ["ID-10 an issue time 601 seconds ago", ({ iat }) => ({ iat: Number(iat) - 601 })],
    ["ID-10 an issue time in 61 seconds", ({ iat }) => ({ iat: Number(iat) + 61 })],
    ["ID-11 RP-22 no nonce", { nonce: undefined }],
    ["ID-11 RP-12 another nonce", { nonce: "x".repeat(43) }],
    ["ID-11 a list of our nonce", ({ nonce }) => ({ nonce: [nonce] })],
    ["ID-15 the at_hash of another access token", { at_hash: "x".repeat(22) }],
    ["ID-15 an at_hash that is no text", { at_hash: null }],
    ["ID-16 the use of an access token", { token_use: "access" }],
    ["ID-16 no use", { token_use: undefined }],
    ["ID-17 RP-03 no sub", { sub: undefined }, inBoth],
    ["ID-17 an empty sub", { sub: "" }, inBoth],
    ["ID-17 a number for a sub", { sub: 5 }, inBoth],
    ["ID-17 a sub of 256 characters", { sub: "x".repeat(256) }, inBoth],
    ["ID-18 another user's sub", { sub: "a1d7c3b2-0e4f-4c66-8f0b-6b9d5e2c7a21" }],
    ["ID-07 RP-22 the algorithm none, signed", { alg: "none" }, inHeader],
    ["ID-07 RP-22 an algorithm that is null", { alg: null }, inHeader],
    ["ID-07 the algorithm in lower case", { alg: "rs256" }, inHeader],
    // The conformance suite accepts such a token when there is one key. Cognito always has two.
    ["RP-06 RP-07 no key id", { kid: undefined }, inHeader],
    ["ID-06 the id of the access token's key", () => ({ kid: pool.cognito.keys.access.kid }), inHeader],
    ["ID-06 the id of no key", { kid: "x" }, inHeader],
  ])("%s", async (_title, change, how = inId) => {
    expectRefusal(await signInWith(how(change)));
  });

  type Forge = (tokens: Tokens, keys: Cognito["keys"]) => unknown;
  type Key = Parameters<CompactSign["sign"]>[0];
  const part = (token: string, index: number) => token.split(".")[index] ?? "";
  const encode = (value: unknown) => btoa(JSON.stringify(value)).replace(/=+$/, "");
  const sign = (claims: string, alg: string, kid: string, key: Key) => {
    const payload = atob(part(claims, 1).replaceAll("-", "+").replaceAll("_", "/"));
    return new CompactSign(new TextEncoder().encode(payload)).setProtectedHeader({ alg, kid }).sign(key);
  };
  const flip: Forge = ({ id_token }) => {
    const signature = part(id_token, 2);
    return id_token.replace(signature, (signature.startsWith("A") ? "B" : "A") + signature.slice(1));
  };
  const unsigned: Forge = ({ id_token }) => `${encode({ alg: "none" })}.${part(id_token, 1)}.`;
  const signAs =
    (alg: string): Forge =>
    async ({ id_token }, { id }) =>
      sign(id_token, alg, id.kid, await importJWK(await exportJWK(id.privateKey), alg));
  const signAsStranger: Forge = async ({ id_token }, { id }) =>
    sign(id_token, "RS256", id.kid, (await generateKeyPair("RS256")).privateKey);
  const signWithSecret: Forge = ({ id_token }, { id }) =>
    sign(id_token, "HS256", id.kid, new TextEncoder().encode(pool.env.COGNITO_CLIENT_SECRET));
  const signByCurve: Forge = async ({ id_token }, { retired }) => {
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), alg: "ES256", kid: "ec", use: "sig" };
    retired.push({ kid: "ec", publicKey, privateKey, jwk });
    return sign(id_token, "ES256", "ec", privateKey);
  };

  test.each<[string, Forge]>([
    ["ID-01 five parts", ({ id_token }) => `${id_token}.a.b`],
    ["ID-01 two parts", ({ id_token }) => id_token.replace(/\.[^.]+$/, "")],
    ["RP-09 RP-22 the algorithm none and no signature", unsigned],
    ["ID-06 RP-10 a bit of its signature flipped", flip],
    ["ID-06 the claims of another", ({ id_token }) => id_token.replace(/\.[^.]+\./, `.${encode({ sub: "x" })}.`)],
    ["ID-06 RP-10 a stranger's signature under our key's id", signAsStranger],
    ["ID-07 RP-22 a good signature by PS256", signAs("PS256")],
    ["ID-07 a good signature by RS512", signAs("RS512")],
    ["ID-07 RP-16 a good signature by a published ES256 key", signByCurve],
    ["ID-08 RP-16 a MAC by the client secret", signWithSecret],
    ["ID-16 the access token in its place", ({ access_token }) => access_token],
  ])("%s", async (_title, forge) => {
    const transform = async (all: Claims) => ({ ...all, id_token: await forge(all as Tokens, pool.cognito.keys) });
    expectRefusal(await signInWith({ transform }));
  });

  test("ID-12 the nonce of an earlier sign-in of the same user", async () => {
    pool.cognito.settings.atHash = false; // Else at_hash would tell.
    expect(pathOf(await signInWith({}))).toBe("/dashboard");
    const earlier = browser.value("__Host-auth.id");
    pool.cognito.clearFaults();
    browser = pool.browser(kit);
    expectRefusal(await signInWith({ transform: (tokens) => ({ ...tokens, id_token: earlier }) }));
  });
});

const minimal = ({ iss, sub, aud, exp, iat, nonce, token_use }: Claims) => ({
  iss,
  sub,
  aud,
  exp,
  iat,
  nonce,
  token_use,
});
const fifty = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`x${i}`, i]));

test.each<[string, Fault]>([
  ["RP-08 an RS256 signature", {}],
  ["TK-05 200 kB around it", { oversize: 200_000 }],
  ["TK-06 the token type in lower case", { transform: changed({ token_type: "bearer" }) }],
  ["TK-07 no refresh token beside it", { transform: changed({ refresh_token: undefined }) }],
  ["ID-05 our own azp", inId(({ aud }) => ({ azp: aud }))],
  ["ID-09 its end in a second", inId(({ iat }) => ({ exp: Number(iat) + 1 }))],
  ["ID-10 a minute on our clock's slow side", inBoth(({ iat }) => ({ iat: Number(iat) + 60 }))],
  ["ID-10 ten minutes of age", inBoth(({ iat }) => ({ iat: Number(iat) - 600 }))],
  ["ID-15 no at_hash", inId({ at_hash: undefined })],
  ["ID-17 a sub that is no UUID", inBoth({ sub: "\u{1f600} '; --/../" })],
  ["ID-17 a sub of 255 characters", inBoth({ sub: "x".repeat(255) })],
  ["ID-20 fifty claims that nobody knows", inBoth(fifty)],
  ["ID-20 the required claims alone", { claims: { id: minimal } }],
  ["ID-21 identities and attributes of odd types", inId({ identities: { primary: true }, email: 5, name: ["x"] })],
])("a sign-in succeeds with an ID token with %s", async (_title, fault) => {
  expect(pathOf(await signInWith(fault))).toBe("/dashboard");
  expect((await session())?.idClaims).not.toBeNull();
});

const bearer = async (kid: string) => {
  const claims = JSON.parse(
    Buffer.from((await pool.cognito.accessTokenFor("ada")).split(".")[1] ?? "", "base64url").toString(),
  );
  return { ...FETCHED, authorization: `Bearer ${await pool.cognito.signAccessToken(claims, { kid })}` };
};

describe("tokens straight from the token endpoint", () => {
  beforeEach(async () => {
    kit = await pool.load(); // It knows no keys yet.
    browser = pool.browser(kit);
  });

  test("KS-07 new tokens are valid when only the key of the ID token is new, right after a made-up key id", async () => {
    await browser.signIn();
    await browser.visit("/dashboard", await bearer("made-up")); // The one look in 30 s that a stranger gets.
    const { keys } = pool.cognito;
    const { access } = keys;
    await pool.cognito.rotateKeys();
    keys.access = access;
    expect(pathOf(await browser.signIn("ada", "/auth/login?returnTo=/x&prompt=login"))).toBe("/x");
  });

  test("KS-10 when the keys cannot be fetched, sign-in fails with keys_unavailable", async () => {
    const login = await browser.login();
    const url = await pool.cognito.authorize(login.headers.get("location") ?? "", "ada");
    pool.cognito.fault("jwks", { status: 500 });
    expect(pathOf(await browser.callback(url))).toBe("/auth/error?code=keys_unavailable&returnTo=%2Fdashboard");
  });

  test("RF-08 RP-21 new tokens of another user end the session without deleting a cookie", async () => {
    await browser.signIn();
    browser.drop("__Host-auth.access");
    const names = browser.names();
    const another = (old: object) => ({ ...old, sub: "somebody-else" });
    pool.cognito.fault("token", { claims: { access: another, id: another } });
    const answer = await browser.visit("/dashboard", TYPED);
    expect([answer.status, pathOf(answer)]).toEqual([303, "/auth/login?returnTo=%2Fdashboard"]);
    expect(browser.names()).toEqual([...names, "__Host-auth.spent"].sort());
  });
});

test.each([
  ["another algorithm", { alg: "HS256" }],
  ["no key id", { kid: undefined }],
  ["a key id that is a number", { kid: 5 }],
])("KS-10 a token with %s is a bad response, also while the keys are unavailable", async (_what, header) => {
  await browser.signIn(); // The keys are known now.
  pool.cognito.fault("jwks", { status: 500 });
  pool.cognito.clearRequests();
  browser = pool.browser(kit);
  expectRefusal(await signInWith(inHeader(header)));
  expect(pool.cognito.count("jwks")).toBe(0);
});
