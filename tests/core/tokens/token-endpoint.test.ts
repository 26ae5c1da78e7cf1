import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Fault } from "../../cognito";
import { type Browser, type Kit, ORIGIN, pathOf, usePool } from "../../support/kit";
import { stopTimers, until } from "../../support/time";

const pool = usePool({ client: { clientSecrets: ["s3cr3t+with+plus", "the-second-secret"] } });

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

const events = () => log.mock.calls.map(([line]) => JSON.parse(String(line)).auth);

type Claims = Record<string, unknown>;

const changed = (change: Claims) => (claims: Claims) => ({ ...claims, ...change });

async function signInWith(fault: Fault): Promise<Response> {
  pool.cognito.fault("token", fault);
  return browser.signIn("ada");
}

function expectRefusal(answer: Response, code = "token_response_invalid") {
  expect([answer.status, pathOf(answer)]).toEqual([303, `/auth/error?code=${code}&returnTo=%2Fdashboard`]);
  expect(browser.names()).toEqual(["__Host-auth.rounds"]);
}

const GONE = "token_endpoint_unavailable";

describe("sign-in fails when the token endpoint", () => {
  const oauth = (error: string) => ({ status: 400, body: { error, error_description: "x" } });

  test.each<[string, Fault, code?: string]>([
    ["CB-21 TK-11 answers 500", { status: 500 }, GONE],
    ["CB-21 TK-11 answers 503 in JSON", { status: 503, body: { error: "invalid_grant" } }, GONE],
    ["CB-21 TK-11 answers 429", { status: 429, body: { error: "too_many_requests" } }, GONE],
    ["CB-21 answers 403 in HTML", { status: 403, body: "<html>" }, GONE],
    ["CB-21 TK-07 answers 200 in HTML", { status: 200, body: "<html>" }],
    ["CB-21 hangs up", { reset: true }, GONE],
    ["CB-21 hangs up after its work", { resetAfter: true }, GONE],
    ["CB-21 stops half way", { truncate: true }, GONE],
    ["TK-05 answers with 300 kB", { oversize: 300_000 }, GONE],
    ["TK-04 redirects", { redirect: "/elsewhere" }, GONE],
    ["TK-06 gives DPoP tokens", { transform: changed({ token_type: "DPoP" }) }],
    ["TK-06 names no token type", { transform: changed({ token_type: undefined }) }],
    ["TK-07 gives a list", { transform: (tokens) => [tokens] }],
    ["TK-07 gives a number for an access token", { transform: changed({ access_token: 5 }) }],
    ["TK-07 gives an object for an ID token", { transform: changed({ id_token: {} }) }],
    ["TK-07 gives a list for a refresh token", { transform: changed({ refresh_token: ["x"] }) }],
    ["TK-07 gives a refresh token with a line break", { transform: changed({ refresh_token: "a\r\nb" }) }],
    ["TK-08 gives no ID token", { transform: changed({ id_token: undefined }) }],
    ["TK-11 refuses the code", oauth("invalid_grant"), "grant_rejected"],
    ["TK-11 refuses the client", oauth("invalid_client"), "client_rejected"],
    ["TK-11 says what it never says", oauth("<script>"), "client_rejected"],
  ])("%s: the kit makes one call", async (_title, fault, code) => {
    expectRefusal(await signInWith(fault), code);
    expect(pool.cognito.requests.filter(({ method, name }) => method === "POST" && name !== "login")).toHaveLength(1);
    expect(pool.cognito.count("/elsewhere")).toBe(0);
    expect(JSON.stringify(log.mock.calls)).not.toContain("<script>");
  });
});

test("CB-21 TK-05 a time limit ends the wait for a token endpoint that hangs or sends byte by byte", async () => {
  pool.cognito.fault("token", { hang: true }, { times: 1 });
  pool.cognito.fault("token", { slowBody: true }, { times: 1 });
  stopTimers();
  const signIns = [pool.browser(kit).signIn(), pool.browser(kit).signIn()];
  await until(() => pool.cognito.count("token") === 2);
  await vi.advanceTimersByTimeAsync(5_000);
  const answers = await Promise.all(signIns);
  expect(answers.map(pathOf)).toEqual(Array(2).fill(`/auth/error?code=${GONE}&returnTo=%2Fdashboard`));
});

test("TK-01 TK-13 RP-14 the secret is sent in the body, and the refresh token to two endpoints only", async () => {
  await browser.signIn();
  const refreshToken = pool.cognito.signIns.at(-1)?.refreshTokens[0]?.token ?? "none";
  browser.drop("__Host-auth.access");
  await browser.visit("/dashboard");
  await browser.signOut();
  const calls = pool.cognito.requests.filter(({ params }) => params.client_secret !== undefined);
  expect(calls.map(({ name }) => name)).toEqual(["token", "token", "revoke"]);
  expect(new Set(calls.map(({ params }) => params.client_secret))).toEqual(new Set([pool.env.COGNITO_CLIENT_SECRET]));
  expect(pool.cognito.requests.filter(({ headers }) => headers.authorization)).toEqual([]);
  const told = pool.cognito.requests.filter((request) => JSON.stringify(request).includes(refreshToken));
  expect(told.map(({ name }) => name)).toEqual(["token", "revoke"]);
});

test.each([
  ["TK-02 without a secret", "public", undefined],
  ["TK-03 with a secret of odd characters", "odd", "a+b:c%2Fd e&f=g/\u00e9"],
])("%s a sign-in and a refresh succeed", async (_title, clientId, clientSecret) => {
  const client = { clientId, clientSecret, callbackUrls: [`${ORIGIN}/auth/callback`], logoutUrls: [] };
  pool.cognito.clients.push(client);
  browser = pool.browser(await pool.load({ COGNITO_CLIENT_ID: clientId, COGNITO_CLIENT_SECRET: clientSecret }));
  await browser.signIn();
  browser.drop("__Host-auth.access");
  expect((await browser.visit("/dashboard")).headers.get("x-middleware-next")).toBe("1");
  const calls = pool.cognito.requests.filter(({ name }) => name === "token");
  expect(calls.map(({ params }) => params.client_secret)).toEqual([clientSecret, clientSecret]);
});

test.each([undefined, -1, "soon", 1e9])(
  "TK-09 the exp claim decides when a token expires, not expires_in: %j",
  async (expiresIn) => {
    const answer = await signInWith({ transform: changed({ expires_in: expiresIn }) });
    const line = answer.headers.getSetCookie().find((cookie) => cookie.startsWith("__Host-auth.access="));
    expect(line).toContain("; Max-Age=3600;");
  },
);

describe("the log of a sign-in that failed at the token endpoint", () => {
  /** The result of the callback while the token endpoint has this fault. */
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
  ] as const)("TK-05 CF-08 the log describes %s in the kit's own words", async (_what, fault, code, detail) => {
    const { end, event } = await fail(fault);
    expect(end).toBe(`/auth/error?code=${code}&returnTo=%2Fdashboard`);
    expect(event).toEqual({ type: "sign_in_failed", path: "/auth/callback", code, detail });
  });

  test("the kit sends the code in a form, never in a URL", async () => {
    await pool.browser(await pool.load()).signIn();
    const { headers, endpoint } = pool.cognito.requests.filter(({ name }) => name === "token").at(-1) ?? {};
    expect([headers?.["content-type"]?.split(";")[0], endpoint]).toEqual([
      "application/x-www-form-urlencoded",
      "/oauth2/token",
    ]);
  });
});

describe("CF-10 a new client secret", () => {
  const secretsSent = () =>
    pool.cognito.requests.filter(({ name }) => name === "token").map(({ params }) => params.client_secret);
  const comeBack = async (env: Record<string, string>) => {
    const before = pool.browser(await pool.load());
    await before.signIn("ada");
    pool.cognito.clearRequests();
    const browser = pool.browser(await pool.load(env));
    for (const [name, cookie] of before.jar) browser.jar.set(name, cookie);
    browser.drop("__Host-auth.access");
    return browser;
  };

  test("a new secret beside the old one keeps all users signed in, and refreshes use it", async () => {
    const browser = await comeBack({ COGNITO_CLIENT_SECRET: "the-second-secret, s3cr3t+with+plus" });
    expect((await browser.visit("/dashboard")).status).toBe(200);
    expect(pathOf(await browser.signIn("ada", "/auth/login?returnTo=/x&prompt=login"))).toBe("/x");
    expect(new Set(secretsSent())).toEqual(new Set(["the-second-secret"]));
  });

  test("a secret that Cognito does not know yet costs one more call, and then the other one is sent first", async () => {
    const browser = await comeBack({ COGNITO_CLIENT_SECRET: "not-yet, s3cr3t+with+plus" });
    expect((await browser.visit("/dashboard")).status).toBe(200);
    browser.drop("__Host-auth.access");
    vi.setSystemTime(Date.now() + 61_000);
    expect((await browser.visit("/dashboard")).status).toBe(200);
    expect(secretsSent()).toEqual(["not-yet", "s3cr3t+with+plus", "s3cr3t+with+plus"]);
  });

  test("two wrong secrets sign no user out", async () => {
    const browser = await comeBack({ COGNITO_CLIENT_SECRET: "a-mistake, s3cr3t+with+plus" });
    pool.cognito.fault("token", { status: 401, body: { error: "invalid_client" } });
    const names = browser.names();
    expect((await browser.visit("/dashboard")).status).toBe(503);
    expect(browser.names()).toEqual(names);
    pool.cognito.clearFaults();
  });

  test("AT-13 a new secret without the old one requires a new sign-in, because no secret proves the refresh cookie", async () => {
    const browser = await comeBack({ COGNITO_CLIENT_SECRET: "the-second-secret" });
    expect((await browser.visit("/dashboard")).status).toBe(303);
    expect(secretsSent()).toEqual([]);
  });
});
