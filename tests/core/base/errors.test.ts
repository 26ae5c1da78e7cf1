import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AuthError, type AuthErrorCode } from "@/lib/auth/core/base/errors";
import { type Browser, FETCHED, pathOf, usePool } from "../../support/kit";

const pool = usePool();
const LIMIT = 256 * 1024;

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
  pool.cognito.clearFaults();
});
afterEach(() => vi.restoreAllMocks());

const events = () => vi.mocked(console.info).mock.calls.map(([line]) => JSON.parse(String(line)).auth);

const MEANINGS: Record<number, readonly AuthErrorCode[]> = {
  400: ["transaction_missing", "authorization_failed", "sign_in_loop"],
  401: ["grant_rejected", "token_expired", "token_invalid"],
  403: ["authorization_denied", "forbidden", "cross_site"],
  500: ["config_invalid", "client_rejected", "session_too_large"],
  502: ["token_response_invalid"],
  503: ["token_endpoint_unavailable", "keys_unavailable"],
};

test.each(Object.entries(MEANINGS))("an AuthError of status %s is one of %j", (status, codes) => {
  for (const code of codes) {
    const error = new AuthError(code);
    expect(error).toMatchObject({ name: "AuthError", code, message: code, status: Number(status) });
    expect(error.isBadCredential).toBe(status === "401");
  }
});

describe("what the log tells of a sign-in that failed at the token endpoint", () => {
  /** The callback, while the token endpoint answers so. */
  async function fail(fault: object) {
    const browser = pool.browser(await pool.load());
    const login = await browser.login();
    const url = await pool.cognito.authorize(login.headers.get("location") ?? "", "ada");
    pool.cognito.fault("token", fault);
    return { end: pathOf(await browser.callback(url)), event: events().at(-1) };
  }

  test.each([
    ["a 503", { status: 503 }, "token_endpoint_unavailable", "Cognito answered 503"],
    [
      "a 500 that looks like a refusal",
      { status: 500, body: { error: "invalid_grant" } },
      "token_endpoint_unavailable",
      "Cognito answered 500",
    ],
    [
      "a 399 that looks like one",
      { status: 399, body: { error: "invalid_grant" } },
      "token_endpoint_unavailable",
      "Cognito answered 399",
    ],
    ["no answer", { reset: true }, "token_endpoint_unavailable", "Cognito answered nothing"],
    [
      "a refusal of the client",
      { status: 400, body: { error: "unauthorized_client" } },
      "client_rejected",
      "Cognito says unauthorized_client",
    ],
    [
      "a refusal in odd letters",
      { status: 400, body: { error: '"x\n<b>'.padEnd(90, "z") } },
      "client_rejected",
      `Cognito says xb${"z".repeat(38)}`,
    ],
  ] as const)("TK-05 CF-08 %s is told in words of the kit's own", async (_what, fault, code, detail) => {
    const { end, event } = await fail(fault);
    expect(end).toBe(`/auth/error?code=${code}&returnTo=%2Fdashboard`);
    expect(event).toEqual({ type: "sign_in_failed", path: "/auth/callback", code, detail });
  });

  test("the code is sent as a form, never in an address", async () => {
    await pool.browser(await pool.load()).signIn();
    const { headers, endpoint } = pool.cognito.requests.filter(({ name }) => name === "token").at(-1) ?? {};
    expect([headers?.["content-type"]?.split(";")[0], endpoint]).toEqual([
      "application/x-www-form-urlencoded",
      "/oauth2/token",
    ]);
  });
});

test.each([
  [LIMIT, 200],
  [LIMIT + 1, 503],
])("DS-01 an answer of Cognito's of %d bytes: %d", async (length, status) => {
  const kit = await pool.load();
  const browser = pool.browser(kit);
  const jwks = await (await fetch(`${pool.cognito.issuer}/.well-known/jwks.json`)).text();
  pool.cognito.fault("jwks", { status: 200, body: jwks.padEnd(length) });
  const cookie = `__Host-auth.access=${await pool.cognito.accessTokenFor("ada", { clientId: kit.config().clientId })}`;
  expect((await browser.visit("/dashboard", { ...FETCHED, cookie })).status).toBe(status);
});

test("OPTIONS changes nothing, so another site may send it with a session", async () => {
  const kit = await pool.load();
  const browser: Browser = pool.browser(kit);
  await browser.signIn();
  const headers = { ...FETCHED, "sec-fetch-site": "cross-site" };
  expect((await browser.visit("/dashboard", headers, { method: "OPTIONS" })).status).toBe(200);
  expect((await browser.visit("/dashboard", headers, { method: "DELETE" })).status).toBe(403);
});
