import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CallBound } from "@/lib/auth/core/tokens/call-bound";

let calls = 0;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
  calls = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

const succeed = async () => ++calls;
const fail = async () => {
  calls++;
  throw new Error("Cognito rejected it");
};

/** Starts `count` calls at once. Returns a list that fills with the error codes of rejected calls. */
function start(bound: CallBound, count: number, call: () => Promise<unknown>): string[] {
  const codes: string[] = [];
  for (let i = 0; i < count; i++) bound.run(call).catch(({ code }) => code && codes.push(code));
  return codes;
}

describe("the bound on calls with made-up credentials", () => {
  test("AT-06 thirty failed calls a second pass, and the others wait for the next second", async () => {
    const bound = new CallBound("failures");
    const rejected = start(bound, 50, fail);
    await vi.advanceTimersByTimeAsync(900);
    expect(calls).toBe(30);
    await vi.advanceTimersByTimeAsync(300);
    expect(calls).toBe(50);
    expect(rejected).toEqual([]);
  });

  test("AT-06 calls that succeed do not count: a hundred sign-ins in a row do not wait", async () => {
    const bound = new CallBound("failures");
    for (let i = 0; i < 29; i++) await bound.run(fail).catch(() => {});
    for (let i = 0; i < 100; i++) await bound.run(succeed);
    expect(calls).toBe(129);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("AT-06 revocations that succeed count, because Cognito confirms them for any token", async () => {
    const bound = new CallBound("all");
    for (let i = 0; i < 30; i++) await bound.run(succeed);
    start(bound, 1, succeed);
    await vi.advanceTimersByTimeAsync(900);
    expect(calls).toBe(30);
    await vi.advanceTimersByTimeAsync(300);
    expect(calls).toBe(31);
  });

  test("AT-06 a call that succeeds in the next second gives that second no extra call", async () => {
    const bound = new CallBound("failures");
    let finish = () => {};
    const slow = bound.run(() => new Promise<void>((resolve) => (finish = resolve)));
    await vi.advanceTimersByTimeAsync(1_000);
    finish();
    await slow;
    start(bound, 40, fail);
    await vi.advanceTimersByTimeAsync(0);
    expect(calls).toBe(30);
  });

  test("AT-06 a call without a turn in four seconds is rejected", async () => {
    const bound = new CallBound("failures");
    const rejected = start(bound, 200, fail);
    await vi.advanceTimersByTimeAsync(3_900);
    expect(rejected).toEqual([]);
    await vi.advanceTimersByTimeAsync(400);
    const turns = calls;
    expect(turns).toBeGreaterThanOrEqual(4 * 30);
    expect(turns).toBeLessThanOrEqual(5 * 30);
    expect(rejected).toEqual(Array.from({ length: 200 - turns }, () => "token_endpoint_unavailable"));
  });

  test("AT-06 behind three hundred that wait, a call is rejected at once, and later ones get a turn again", async () => {
    const bound = new CallBound("failures");
    const rejected = start(bound, 331, fail);
    await vi.advanceTimersByTimeAsync(0);
    expect(rejected).toEqual(["token_endpoint_unavailable"]);
    await vi.advanceTimersByTimeAsync(10_000);
    const before = calls;
    const later = start(bound, 330, fail);
    await vi.advanceTimersByTimeAsync(0);
    expect(later).toEqual([]);
    expect(calls).toBe(before + 30);
  });
});
