import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Fault } from "../../cognito";
import type { Claims } from "../../cognito/types";
import { sendDropped } from "../../support/dropped";
import { type Kit, ORIGIN, pathOf, usePool } from "../../support/kit";
import { stopTimers, until } from "../../support/time";

const DAY_S = 24 * 3600;
const NOW_S = Date.parse("2026-06-01T12:00:00Z") / 1000;

const pool = usePool({ settings: { accessTokenSeconds: 7 * DAY_S, idTokenSeconds: 7 * DAY_S } });

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
  at(0);
  pool.cognito.clearFaults();
  pool.cognito.clearRequests();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const at = (seconds: number) => vi.setSystemTime((NOW_S + seconds) * 1000);
const fetches = () => pool.cognito.count("jwks");

async function load(env: Record<string, string> = {}) {
  const kit = await pool.load(env);
  const { verifyAccessToken } = kit.core.verify;
  const config = kit.config();
  const verify = (token: string): Promise<unknown> =>
    verifyAccessToken(token, config, config.bearerClientIds).then(
      () => "good",
      (error: { code?: string }) => error.code,
    );
  return { kit, config, verify };
}

const token = (claims: Claims = {}) => pool.cognito.accessTokenFor("ada", { claims });

/** Waits until work in the background has made this number of fetches. */
const settled = (count: number) => vi.waitFor(() => expect(fetches()).toBe(count));

describe("an outage", () => {
  const withOwnKeys = (status: number): Fault => ({
    status,
    get body() {
      return { keys: [pool.cognito.keys.id.jwk, pool.cognito.keys.access.jwk] };
    },
  });
  const failures: [string, Fault][] = [
    ["answers 500", { status: 500, body: { message: "oops" } }],
    ["resets the connection", { reset: true }],
    ["breaks off", { truncate: true }],
    ["redirects", { redirect: "/trap" }],
    ["answers HTML", { status: 200, body: "<!doctype html><p>Hello" }],
    ["answers more than 256 KiB", { oversize: 300_000 }],
    ["answers a list", { status: 200, body: "[]" }],
    ["answers keys that are no list", { transform: () => ({ keys: {} }) }],
    ["answers no keys", { transform: () => ({ keys: [] }) }],
    ["answers keys of wrong types", { transform: () => ({ keys: [null, 5, "key", [], {}] }) }],
    ["answers null", { status: 200, body: "{}", transform: () => null }],
    ["answers 404 with its keys", withOwnKeys(404)],
  ];

  test.each(failures)("KS-09 known keys serve for a day while the issuer %s", async (_what, fault) => {
    const { verify } = await load();
    const good = await token();
    expect(await verify(good)).toBe("good");
    pool.cognito.fault("jwks", fault);
    for (const [i, seconds] of [600, 631, DAY_S - 1].entries()) {
      at(seconds);
      expect(await verify(good)).toBe("good");
      await settled(2 + i);
    }
    at(DAY_S);
    expect(await verify(good)).toBe("keys_unavailable");
    pool.cognito.clearFaults();
    at(DAY_S + 2);
    expect(await verify(good)).toBe("good");
  });

  test.each(failures)(
    "KS-10 KS-11 without keys, every door answers 503 and changes no cookie while the issuer %s",
    async (_what, fault) => {
      pool.cognito.fault("jwks", fault);
      const { kit, verify } = await load();
      const good = await token();
      expect(await verify(good)).toBe("keys_unavailable");
      const answers = await answersTo(kit, good);
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
      expect(answers.flatMap(({ headers }) => headers.getSetCookie())).toEqual([]);
      expect(answers.map(({ headers }) => headers.get("retry-after"))).toEqual(["5", "5", "5", "5"]);
      expect(pool.cognito.count("/trap")).toBe(0);
      pool.cognito.clearFaults();
      expect(await verify(good)).toBe("keys_unavailable"); // AT-10 There is a pause of two seconds.
      at(2);
      expect(await verify(good)).toBe("good");
    },
  );

  test("AT-10 without keys, two hundred junk tokens cause one fetch in two seconds", async () => {
    pool.cognito.fault("jwks", { status: 500 });
    const { verify } = await load();
    const junk = await token();
    for (const [seconds, fetched] of [
      [0, 1],
      [1, 1],
      [2, 2],
      [4, 3],
    ] as const) {
      at(seconds);
      await Promise.all(Array.from({ length: 100 }, () => verify(junk)));
      for (let i = 0; i < 100; i++) expect(await verify(junk)).toBe("keys_unavailable");
      expect(fetches()).toBe(fetched);
    }
  });

  test("AT-10 a sign-in does not wait for the pause that junk tokens caused", async () => {
    pool.cognito.fault("jwks", { status: 500 });
    const { kit, verify } = await load();
    expect(await verify(await token())).toBe("keys_unavailable");
    pool.cognito.clearFaults();
    expect(await verify(await token())).toBe("keys_unavailable");
    expect(pathOf(await pool.browser(kit).signIn())).toBe("/dashboard");
  });

  test("KS-06 a late response does not replace newer keys", async () => {
    const { verify } = await load();
    const answer = await (await fetch(`${pool.cognito.issuer}/.well-known/jwks.json`)).text();
    let arrive: (response: Response) => void = () => {};
    const late = new Promise<Response>((resolve) => {
      arrive = resolve;
    });
    const fetched = vi.spyOn(globalThis, "fetch").mockImplementationOnce(() => late);
    const old = await token();
    const waiting = verify(old);
    await vi.waitFor(() => expect(fetched).toHaveBeenCalled());
    at(11); // The fetch counts as dropped.
    await pool.cognito.rotateKeys({ keepOld: true });
    const news = await token();
    expect(await verify(news)).toBe("good");
    arrive(new Response(answer));
    await waiting;
    fetched.mockClear();
    expect([await verify(news), await verify(old)]).toEqual(["good", "good"]);
    expect(fetched).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  test("KS-10 a time limit ends the wait for an issuer that never answers", async () => {
    pool.cognito.fault("jwks", { hang: true });
    const { verify } = await load();
    const one = await token();
    stopTimers();
    const verdict = verify(one);
    await until(() => fetches() === 1);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await verdict).toBe("keys_unavailable");
  });

  test("KS-09 during an outage an unknown key id means keys_unavailable, because its key may be new", async () => {
    const { verify } = await load();
    expect(await verify(await token())).toBe("good");
    pool.cognito.fault("jwks", { status: 500 });
    await pool.cognito.rotateKeys();
    at(31);
    const news = await token();
    expect(await verify(news)).toBe("keys_unavailable");
    expect(await verify(news)).toBe("keys_unavailable");
    expect(fetches()).toBe(2);
    pool.cognito.clearFaults();
    at(62);
    expect(await verify(news)).toBe("good");
  });
});

/** The answers of a route and of middleware to a cookie and to a Bearer token. */
async function answersTo(kit: Kit, good: string): Promise<Response[]> {
  const route = kit.api.withSession(() => Response.json({}));
  const ways = [{ cookie: `__Host-auth.access=${good}` }, { authorization: `Bearer ${good}` }];
  const answers = ways.flatMap((headers) => [
    route(new Request(ORIGIN, { headers }), null),
    kit.middleware.default(pool.browser(kit).request("/dashboard", headers)),
  ]);
  return Promise.all(answers);
}

test("KS-10 requests wait ten seconds for a dropped fetch of the keys, and then fetch them again", async () => {
  const { kit } = await load();
  const authorization = `Bearer ${await pool.cognito.accessTokenFor("ada")}`;
  const route = kit.api.withSession(() => Response.json({}));
  const call = () => route(new Request(ORIGIN, { headers: { authorization } }), null);
  expect(await sendDropped("jwks.json", call, 9)).toEqual([1, 2, 200]);
});
