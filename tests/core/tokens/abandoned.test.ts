import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Kit, ORIGIN, usePool } from "../../support/kit";

const pool = usePool();

let kit: Kit;
let start: number;

beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.setSystemTime("2026-06-01T12:00:00Z");
  start = Date.now();
  kit = await pool.load();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Sends one request that is dropped, one many seconds later, and one a second after that; counts those to Cognito. */
async function send(name: string, call: () => Promise<Response>, seconds: number) {
  const at = (later: number) => vi.setSystemTime(start + later * 1000);
  const fetched = vi.spyOn(globalThis, "fetch").mockImplementationOnce(() => new Promise(() => {}));
  const count = () => fetched.mock.calls.filter(([url]) => String(url).endsWith(name)).length;
  void call();
  await vi.waitFor(() => expect(count()).toBe(1));
  const counts: number[] = [];
  at(seconds);
  void call();
  for (let i = 0; i < 10; i++) await setImmediate();
  counts.push(count());
  at(seconds + 1);
  const { status } = await call();
  return [...counts, count(), status];
}

// As when a platform stops what nobody seems to wait for: it neither ends nor fails.
describe("a request that the platform drops", () => {
  test("KS-10 for the keys: who comes within ten seconds waits for it, and then it is sent again", async () => {
    const authorization = `Bearer ${await pool.cognito.accessTokenFor("ada")}`;
    const route = kit.api.withSession(() => Response.json({}));
    const call = () => route(new Request(ORIGIN, { headers: { authorization } }), null);
    expect(await send("jwks.json", call, 9)).toEqual([1, 2, 200]);
  });

  test("RF-02 for new tokens: later requests wait for it, and then send it again, once", async () => {
    const browser = pool.browser(kit);
    await browser.signIn();
    browser.drop("__Host-auth.access");
    expect(await send("/token", () => browser.visit("/dashboard"), 11)).toEqual([1, 2, 200]);
  });
});
