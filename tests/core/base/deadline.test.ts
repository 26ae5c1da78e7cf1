import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { settlesWithin, startDeadline } from "@/lib/auth/core/base/deadline";

/** As when the process is stopped, or busy: no timer fires, and no answer is read. */
function standStill(ms: number): void {
  const end = Date.now() + ms;
  while (Date.now() < end);
}

test("RF-06 an answer that arrived while the process stood still is read before the time limit counts", async () => {
  const answer = readFile(import.meta.filename, "utf8");
  const isRead = settlesWithin(answer, 100);
  standStill(1_000);
  expect(await isRead).toBe(true);
});

test("TK-05 an answer that does not come is given up, also after the process stood still", async () => {
  const never = new Promise(() => {});
  expect(await settlesWithin(never, 10)).toBe(false);
  const isRead = settlesWithin(never, 10);
  standStill(700);
  expect(await isRead).toBe(false);
});

test("a failure settles, too", async () => {
  expect(await settlesWithin(Promise.reject(new Error("no")), 1_000)).toBe(true);
});

test("a limit that was cancelled never counts, nor its extra second", async () => {
  const onOver = vi.fn();
  startDeadline(10, onOver)();
  const cancel = startDeadline(10, onOver);
  standStill(700);
  await delay(20); // The timer has fired late, and the extra second runs.
  cancel();
  await delay(1_100);
  expect(onOver).not.toHaveBeenCalled();
});
