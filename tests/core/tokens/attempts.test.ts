import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Browser, type Kit, TYPED, usePool } from "../../support/kit";
import { shortenPauses } from "../../support/time";

const pool = usePool({
  settings: { clockSkewSeconds: 0, accessTokenSeconds: 3_600, rotation: true, graceSeconds: 10 },
});

let kit: Kit;

beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.setSystemTime("2026-06-01T12:00:00Z");
  Object.assign(pool.cognito.settings, { clockSkewSeconds: 0, accessTokenSeconds: 3_600 });
  pool.cognito.clearFaults();
  kit = await pool.load();
  pool.cognito.clearRequests();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

const visit = (headers: Record<string, string>, path = "/dashboard", init: RequestInit = {}): Promise<Response> =>
  kit.middleware.default(pool.browser(kit).request(path, { ...TYPED, ...headers }, init));

async function signedIn(username = "ada"): Promise<Browser> {
  const browser = pool.browser(kit);
  await browser.signIn(username);
  pool.cognito.clearRequests();
  return browser;
}

/** Refreshes one token, as a request with a valid access token does. */
const refresh = (refreshToken: string): Promise<unknown> =>
  kit.core.refresh.refreshOnce({ refreshToken, isProven: true }, kit.config(), { isUrgent: false });

test("AT-05 four hundred huge made-up refresh cookies evict no refresh in flight", async () => {
  shortenPauses();
  const neither = { COGNITO_CLIENT_SECRET: undefined, AUTH_SECRET: undefined };
  kit = await pool.load(neither as unknown as Record<string, string>); // Anybody can make up cookies.
  const [client] = pool.cognito.clients;
  if (client) pool.cognito.clients[0] = { ...client, clientSecret: undefined };
  const browser = await signedIn();
  browser.drop("__Host-auth.access");
  pool.cognito.clearRequests();
  const token = browser.value("__Host-auth.refresh").replace(/^[^.]*\./, "");
  const isOwn = ({ refresh_token }: Record<string, string>) => refresh_token === token;
  pool.cognito.fault("token", { answerDelayMs: 500 }, { match: isOwn });
  const first = visit({ cookie: browser.cookieHeader });
  await vi.waitFor(() => expect(pool.cognito.count("token", ({ params }) => isOwn(params))).toBe(1));
  const facts = browser.value("__Host-auth.refresh").split(".", 1)[0];
  await Promise.all(times(400, (i) => visit({ cookie: `__Host-auth.refresh=${facts}.${i}${"x".repeat(12_000)}` })));
  const second = visit({ cookie: browser.cookieHeader });
  const answers = await Promise.all([first, second]);
  expect(answers.map(({ headers }) => headers.get("x-middleware-next"))).toEqual(["1", "1"]);
  expect(pool.cognito.count("token", ({ params }) => isOwn(params))).toBe(1);
  if (client) pool.cognito.clients[0] = client;
});

test("AT-05 three thousand refreshes in flight evict none of them", async () => {
  const failures: (() => void)[] = [];
  const fetched = vi
    .spyOn(globalThis, "fetch")
    .mockImplementation(() => new Promise((_resolve, reject) => failures.push(() => reject(new Error("No answer")))));
  const requests = times(3_001, (i) => refresh(`token-${i}`).catch(() => {}));
  await vi.waitFor(() => expect(fetched).toHaveBeenCalledTimes(3_001), 10_000);
  requests.push(refresh("token-0").catch(() => {}));
  fetched.mockRejectedValue(new Error("No answer"));
  for (const fail of failures) fail();
  await Promise.all(requests);
  expect(fetched).toHaveBeenCalledTimes(3_001);
});

test("DS-11 the kit remembers only the latest refreshes", async () => {
  vi.useRealTimers(); // A mocked clock would take most of the time.
  const fetched = vi
    .spyOn(globalThis, "fetch")
    .mockImplementation(async () => Response.json({ error: "invalid_grant" }, { status: 400 }));
  const tokens = times(3_100, (i) => `token-${i}`);
  const callsAfter = async (...refreshTokens: readonly string[]) => {
    const outcomes = await Promise.all(refreshTokens.map((it) => refresh(it).catch(({ code }) => code)));
    expect(new Set(outcomes)).toEqual(new Set(["grant_rejected"]));
    return fetched.mock.calls.length;
  };
  const [first = "", second = ""] = tokens;
  expect(await callsAfter(first, first)).toBe(1);
  for (let i = 0; i < tokens.length; i += 100) await callsAfter(...tokens.slice(i, i + 100));
  expect(await callsAfter(...tokens.slice(-100))).toBe(3_100);
  expect(await callsAfter(first)).toBe(3_101);
  expect(await callsAfter(second)).toBe(3_102);
});
