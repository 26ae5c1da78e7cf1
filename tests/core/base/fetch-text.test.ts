import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FETCHED, usePool } from "../../support/kit";

const pool = usePool();
const LIMIT = 256 * 1024;

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
  pool.cognito.clearFaults();
});
afterEach(() => void vi.restoreAllMocks());

test.each([
  [LIMIT, 200],
  [LIMIT + 1, 503],
])("DS-01 when Cognito answers with %d bytes, the page has the status %d", async (length, status) => {
  const kit = await pool.load();
  const browser = pool.browser(kit);
  const jwks = await (await fetch(`${pool.cognito.issuer}/.well-known/jwks.json`)).text();
  pool.cognito.fault("jwks", { status: 200, body: jwks.padEnd(length) });
  const cookie = `__Host-auth.access=${await pool.cognito.accessTokenFor("ada", { clientId: kit.config().clientId })}`;
  expect((await browser.visit("/dashboard", { ...FETCHED, cookie })).status).toBe(status);
});

const bearer = async (kid: string) => {
  const claims = JSON.parse(
    Buffer.from((await pool.cognito.accessTokenFor("ada")).split(".")[1] ?? "", "base64url").toString(),
  );
  return { ...FETCHED, authorization: `Bearer ${await pool.cognito.signAccessToken(claims, { kid })}` };
};

test("KS-07 the kit finds a key id of any letters, also when its bytes arrive one by one", async () => {
  for (const kid of ["\u00e9".repeat(40), `x${"\u00e9".repeat(40)}`]) {
    const fresh = pool.browser(await pool.load());
    const { jwk } = pool.cognito.keys.access;
    pool.cognito.fault("jwks", { status: 200, body: { keys: [{ ...jwk, kid }] }, slowBody: 1 });
    expect((await fresh.visit("/dashboard", await bearer(kid))).status).toBe(200);
    pool.cognito.clearFaults();
  }
});
