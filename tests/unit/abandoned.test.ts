import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Kit, ORIGIN, usePool } from "../support/kit";

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

/** Sends one that is dropped, one that many seconds later, and one a second after that. */
async function send(call: () => Promise<Response>, seconds: number) {
  const at = (later: number) => vi.setSystemTime(start + later * 1000);
  const fetched = vi.spyOn(globalThis, "fetch").mockImplementationOnce(() => new Promise(() => {}));
  const counts: number[] = [];
  for (const later of [0, seconds]) {
    at(later);
    void call();
    for (let i = 0; i < 10; i++) await setImmediate();
    counts.push(fetched.mock.calls.length);
  }
  at(seconds + 1);
  const { status } = await call();
  return [...counts, fetched.mock.calls.length, status];
}

// As when a platform stops what nobody seems to wait for: it neither ends nor fails.
describe("a request that the platform drops", () => {
  test("KS-10 for the keys: who comes within ten seconds waits for it, and then it is sent again", async () => {
    const authorization = `Bearer ${await pool.cognito.accessTokenFor("ada")}`;
    const route = kit.api.withSession(() => Response.json({}));
    const call = () => route(new Request(ORIGIN, { headers: { authorization } }), null);
    expect(await send(call, 9)).toEqual([1, 1, 2, 200]);
  });

  test("RF-02 for new tokens: who comes within fifteen seconds waits for it, and then it is sent again", async () => {
    const browser = pool.browser(kit);
    await browser.signIn();
    browser.drop("__Host-auth.access");
    expect(await send(() => browser.visit("/dashboard"), 14)).toEqual([1, 1, 2, 200]);
  });
});
