import { decodeJwt } from "jose";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Fault } from "../../cognito/types";
import { type Kit, usePool } from "../../support/kit";
import { stopTimers, until } from "../../support/time";

const pool = usePool();
const OUTAGE = "token_endpoint_unavailable";
const ENDED = {
  error: "invalid_token",
  error_description: "Access token is expired, disabled, or deleted, or the user has globally signed out.",
};

let kit: Kit;
let door: typeof import("@/lib/auth/core/tokens/user-info");
let token: string;

beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  pool.cognito.clearFaults();
  kit = await pool.load();
  door = await import("@/lib/auth/core/tokens/user-info");
  token = (await pool.cognito.issueTokens("ada", kit.config().clientId)).access_token;
  pool.cognito.clearRequests();
});
afterEach(() => void vi.restoreAllMocks());

const calls = () => pool.cognito.count("userInfo");

/** Whether the sign-in of a token is live, or the code of the error. */
async function check(accessToken = token, more: Record<string, unknown> = {}): Promise<unknown> {
  const { sub, iss, exp, iat } = { exp: 0, iat: 0, ...decodeJwt(token) };
  const claims = { sub: `${sub}`, iss: `${iss}`, exp, iat, token_use: "access", client_id: "web", ...more } as const;
  return door.isLive(accessToken, claims, kit.config()).catch(({ code }: { code: unknown }) => code);
}

describe("NW-07 a token", () => {
  test("is live after its sign-in, and not after a global sign-out", async () => {
    expect(await check()).toBe(true);
    pool.cognito.globalSignOut("ada");
    expect(await check()).toBe(false);
  });

  test("is not live when its user is disabled or deleted", async () => {
    const users = [...pool.cognito.users];
    const ada = pool.cognito.users.find(({ username }) => username === "ada");
    try {
      Object.assign(ada ?? {}, { disabled: true });
      expect(await check()).toBe(false);
      Object.assign(ada ?? {}, { disabled: undefined });
      expect(await check()).toBe(true);
      pool.cognito.users.splice(0);
      expect(await check()).toBe(false);
    } finally {
      pool.cognito.users.splice(0, 0, ...users);
    }
  });

  test("is sent in the Authorization header and nowhere else", async () => {
    await check();
    const [request] = pool.cognito.requests;
    expect([request?.method, request?.params]).toEqual(["GET", {}]);
    expect(request?.headers.authorization).toBe(`Bearer ${token}`);
  });

  test.each([
    [
      "in the header only",
      { status: 401, headers: { "www-authenticate": 'error="invalid_token", error_description="x"' } },
    ],
    ["in the header with a scheme", { status: 401, headers: { "www-authenticate": "Bearer error=invalid_token" } }],
    ["in the body only", { status: 401, body: ENDED }],
  ] satisfies [string, Fault][])("is not live when a 401 names invalid_token %s", async (_where, fault) => {
    pool.cognito.fault("userInfo", fault);
    expect(await check()).toBe(false);
  });
});

describe("AT-12 no outage ends a session: userInfo answers", () => {
  test.each([
    ["400", { status: 400, headers: { "www-authenticate": 'error="invalid_request"' } }],
    ["400 with invalid_token", { status: 400, body: ENDED }],
    ["401 without an error", { status: 401 }],
    ["401 with another error", { status: 401, body: { error: "invalid_client" } }],
    [
      "401 that names the error within another text",
      { status: 401, headers: { "www-authenticate": 'Bearer realm="x error=invalid_token"' } },
    ],
    ["401 of a proxy", { status: 401, headers: { "www-authenticate": 'Basic realm="invalid_token"' } }],
    ["403", { status: 403, body: ENDED }],
    ["429", { status: 429, body: { message: "Too Many Requests" } }],
    ["500", { status: 500 }],
    ["503 with a user", { status: 503, body: { sub: "x" } }],
    ["with a redirect", { redirect: "http://127.0.0.1:1/elsewhere" }],
    ["nothing", { reset: true }],
    ["half of the bytes", { truncate: true }],
    ["more than the limit", { oversize: 300_000 }],
    ["no JSON", { status: 200, body: "<html>" }],
    ["a list", { status: 200, body: "[]" }],
    ["null", { status: 200, body: "null" }],
    ["no subject", { status: 200, body: { username: "ada" } }],
    ["a subject that is no text", { status: 200, body: { sub: 1 } }],
  ] satisfies [string, Fault][])("%s", async (_what, fault) => {
    pool.cognito.fault("userInfo", fault);
    expect(await check()).toBe(OUTAGE);
    pool.cognito.clearFaults();
    expect(await check()).toBe(true);
  });

  test("nothing within 5 s", async () => {
    stopTimers();
    pool.cognito.fault("userInfo", { hang: true });
    const answer = check();
    await until(() => calls() === 1);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await answer).toBe(OUTAGE);
  });
});

test("NW-07 ID-19 RP-11 the userInfo of another user rejects the token", async () => {
  for (const sub of ["", "someone-else", `${decodeJwt(token).sub} `]) {
    pool.cognito.fault("userInfo", { transform: (json) => ({ ...json, sub }) }, { times: 1 });
    expect(await check()).toBe("token_invalid");
  }
  expect(await check()).toBe(true);
});

test("NW-07 a token in its last minute may have expired at Cognito, which does not end its sign-in", async () => {
  pool.cognito.fault("userInfo", { status: 401, body: ENDED });
  const exp = (seconds: number) => ({ exp: Math.floor(Date.now() / 1000) + seconds });
  expect([await check(token, exp(50)), await check(token, exp(65))]).toEqual(["token_expired", false]);
});

describe("DS-01 calls to userInfo are shared:", () => {
  test("a hundred requests at once make one call, and the next request makes its own", async () => {
    expect(new Set(await Promise.all(Array.from({ length: 100 }, () => check())))).toEqual(new Set([true]));
    expect(calls()).toBe(1);
    pool.cognito.globalSignOut("ada");
    expect([await check(), calls()]).toEqual([false, 2]);
  });

  test("two tokens never share a call", async () => {
    const other = (await pool.cognito.issueTokens("ada", kit.config().clientId)).access_token;
    await Promise.all([check(), check(other)]);
    expect(calls()).toBe(2);
  });

  test("a request does not join a call that is older than a second: its answer may be from before a sign-out", async () => {
    stopTimers();
    const start = Date.now();
    pool.cognito.fault("userInfo", { answerDelayMs: 1_500 }, { times: 1 });
    const early = check();
    await until(() => pool.cognito.requests.some(({ status }) => status === 200));
    pool.cognito.globalSignOut("ada");
    vi.setSystemTime(start + 2_000);
    expect([await check(), await early, calls()]).toEqual([false, true, 2]);
  });

  test("a call that the platform drops blocks nobody, and its late answer counts for nobody", async () => {
    stopTimers();
    let answerLate = (_response: Response) => {};
    const dropped = new Promise<Response>((resolve) => {
      answerLate = resolve;
    });
    const fetched = vi.spyOn(globalThis, "fetch").mockImplementationOnce(() => dropped);
    const first = check();
    await until(() => fetched.mock.calls.length === 1);
    await vi.advanceTimersByTimeAsync(8_000);
    expect(await first).toBe(OUTAGE);
    pool.cognito.globalSignOut("ada");
    const second = check();
    answerLate(Response.json({ sub: decodeJwt(token).sub }));
    expect([await second, await check(), calls()]).toEqual([false, false, 2]);
  });

  test("in bounded memory: with more than 1,000 calls in flight, the oldest is no longer shared", async () => {
    const fetched = vi.spyOn(globalThis, "fetch").mockImplementation(() => new Promise(() => {}));
    stopTimers();
    const tokens = Array.from({ length: 1_001 }, (_, i) => `token-${i}`);
    const all = tokens.map((name) => check(name));
    await until(() => fetched.mock.calls.length === 1_001);
    all.push(check("token-1000"), check("token-0"));
    await until(() => fetched.mock.calls.length === 1_002);
    await vi.advanceTimersByTimeAsync(8_000);
    expect(new Set(await Promise.all(all))).toEqual(new Set([OUTAGE]));
    expect(fetched).toHaveBeenCalledTimes(1_002);
  });
});
