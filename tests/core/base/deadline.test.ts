import { readFile } from "node:fs/promises";
import { afterEach, expect, test, vi } from "vitest";
import { settlesWithin, startDeadline } from "@/lib/auth/core/base/deadline";

afterEach(() => void vi.useRealTimers());

/** Stops the process for a while: no timer fires, and no response is read. */
function standStill(ms: number): void {
  const end = Date.now() + ms;
  while (Date.now() < end);
}

test("RF-06 a response that arrives while the process is stopped is read before the time limit ends", async () => {
  const answer = readFile(import.meta.filename, "utf8");
  const isRead = settlesWithin(answer, 100);
  standStill(1_000);
  expect(await isRead).toBe(true);
});

test("TK-05 the time limit ends a wait without a response, also after the process was stopped", async () => {
  vi.useFakeTimers();
  const outcomes: boolean[] = [];
  const wait = () => settlesWithin(new Promise(() => {}), 10).then((isSettled) => outcomes.push(isSettled));
  void wait();
  await vi.advanceTimersByTimeAsync(10);
  expect(outcomes).toEqual([false]);
  void wait();
  vi.setSystemTime(Date.now() + 700); // Time passes, and no timer fires.
  await vi.advanceTimersByTimeAsync(1_000);
  expect(outcomes).toEqual([false]);
  await vi.advanceTimersByTimeAsync(10);
  expect(outcomes).toEqual([false, false]);
});

test("a rejected promise settles within the limit, too", async () => {
  expect(await settlesWithin(Promise.reject(new Error("no")), 1_000)).toBe(true);
});

test("a cancelled limit never calls back, not even after its extra second", async () => {
  vi.useFakeTimers();
  const onOver = vi.fn();
  startDeadline(10, onOver)();
  const cancel = startDeadline(10, onOver);
  vi.setSystemTime(Date.now() + 700);
  await vi.advanceTimersByTimeAsync(10); // The timer fires late, and the extra second starts.
  expect(vi.getTimerCount()).toBe(1);
  cancel();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(onOver).not.toHaveBeenCalled();
});
