import { setTimeout as delay } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { SharedCalls } from "@/lib/auth/core/base/shared-calls";
import { stopTimers } from "../../support/time";

test("requests that come together share one call, and its failure", async () => {
  const shared = new SharedCalls<number>(1_000);
  let calls = 0;
  const start = async () => ++calls;
  expect(await Promise.all([shared.run("a", start), shared.run("a", start), shared.run("b", start)])).toEqual([
    1, 1, 2,
  ]);
  expect(await shared.run("a", start)).toBe(3);
  const fail = () => Promise.reject(new Error(`failure ${++calls}`));
  const failed = await Promise.allSettled([shared.run("a", fail), shared.run("a", fail)]);
  expect(failed.map((it) => String(it.status === "rejected" && it.reason))).toEqual(Array(2).fill("Error: failure 4"));
  expect(await shared.run("a", start)).toBe(5);
});

test("DS-07 when the platform drops a call, the requests that wait for it make one new call", async () => {
  stopTimers();
  const shared = new SharedCalls<string>(1_000);
  const start = vi.fn(() => delay(1, "new"));
  void shared.run("a", () => new Promise(() => {}));
  const waiting = [shared.run("a", start), shared.run("a", start)];
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await Promise.all(waiting)).toEqual(["new", "new"]);
  expect(start).toHaveBeenCalledTimes(1);
});
