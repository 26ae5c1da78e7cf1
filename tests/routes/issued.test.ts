import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, FETCHED, type Kit, pathOf, TYPED, usePool } from "../support/kit";

const pool = usePool();

let kit: Kit;
let browser: Browser;
beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  pool.cognito.clearFaults();
  kit = await pool.load();
  browser = pool.browser(kit);
});
afterEach(() => vi.restoreAllMocks());

const events = () => vi.mocked(console.info).mock.calls.map(([line]) => JSON.parse(String(line)).auth);
const bearer = async (kid: string) => {
  const claims = JSON.parse(
    Buffer.from((await pool.cognito.accessTokenFor("ada")).split(".")[1] ?? "", "base64url").toString(),
  );
  return { ...FETCHED, authorization: `Bearer ${await pool.cognito.signAccessToken(claims, { kid })}` };
};

describe("tokens straight from the token endpoint", () => {
  test("KS-07 are good when the key of the ID token alone is new, whatever was looked for a moment before", async () => {
    await browser.signIn();
    await browser.visit("/dashboard", await bearer("made-up")); // The one look in 30 s that a stranger gets.
    const { keys } = pool.cognito;
    const { access } = keys;
    await pool.cognito.rotateKeys();
    keys.access = access;
    expect(pathOf(await browser.signIn("ada", "/auth/login?returnTo=/x&prompt=login"))).toBe("/x");
  });

  test("KS-10 are not blamed when the keys are out of reach", async () => {
    const login = await browser.login();
    const url = await pool.cognito.authorize(login.headers.get("location") ?? "", "ada");
    pool.cognito.fault("jwks", { status: 500 });
    expect(pathOf(await browser.callback(url))).toBe("/auth/error?code=keys_unavailable&returnTo=%2Fdashboard");
  });

  test("RF-09 keep the session when no ID token is among them, without what the ID token said", async () => {
    await browser.signIn();
    for (const kind of ["access", "id"]) browser.drop(`__Host-auth.${kind}`);
    pool.cognito.fault("token", { transform: ({ id_token: _, ...others }) => others });
    expect((await browser.visit("/dashboard")).status).toBe(200);
    const auth = await kit.core.authenticate(new Headers({ cookie: browser.cookieHeader }), kit.config(), false);
    expect(auth).toMatchObject({ status: "signed_in", idToken: null, session: { idClaims: null } });
  });

  test("RF-08 RP-21 end the session when they are somebody else's, and no cookie is deleted", async () => {
    await browser.signIn();
    browser.drop("__Host-auth.access");
    const names = browser.names();
    const another = (old: object) => ({ ...old, sub: "somebody-else" });
    pool.cognito.fault("token", { claims: { access: another, id: another } });
    const answer = await browser.visit("/dashboard", TYPED);
    expect([answer.status, pathOf(answer)]).toEqual([303, "/auth/login?returnTo=%2Fdashboard"]);
    expect(browser.names()).toEqual([...names, "__Host-auth.ended"].sort());
  });
});

test("KS-07 a key id of any letters is found, however its bytes arrive", async () => {
  for (const kid of ["\u00e9".repeat(40), `x${"\u00e9".repeat(40)}`]) {
    const fresh = pool.browser(await pool.load());
    const { jwk } = pool.cognito.keys.access;
    pool.cognito.fault("jwks", { status: 200, body: { keys: [{ ...jwk, kid }] }, slowBody: 1 });
    expect((await fresh.visit("/dashboard", await bearer(kid))).status).toBe(200);
    pool.cognito.clearFaults();
  }
});

test("HD-09 with cacheComponents, where a rewritten page would lose its 403, a small page has it", async () => {
  vi.stubEnv("__NEXT_CACHE_COMPONENTS", "true");
  const small = pool.browser(await pool.load());
  await small.signIn("grace");
  const answer = await small.visit("/admin");
  vi.unstubAllEnvs();
  const { status, headers } = answer;
  const type = "text/html; charset=utf-8";
  expect([status, headers.get("content-type"), headers.has("x-middleware-rewrite")]).toEqual([403, type, false]);
  expect(await answer.text()).toContain("<h1>");
  expect(events().at(-1)).toMatchObject({ type: "refused", reason: "forbidden" });
});
