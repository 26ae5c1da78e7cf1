import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { settlesWithin, startDeadline } from "@/lib/auth/core/base/deadline";

/** As when the process is stopped, or busy: no timer fires, and no answer is read. */
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
  const never = new Promise(() => {});
  expect(await settlesWithin(never, 10)).toBe(false);
  const isRead = settlesWithin(never, 10);
  standStill(700);
  expect(await isRead).toBe(false);
});

test("a rejected promise settles within the limit, too", async () => {
  expect(await settlesWithin(Promise.reject(new Error("no")), 1_000)).toBe(true);
});

test("a cancelled limit never calls back, not even after its extra second", async () => {
  const onOver = vi.fn();
  startDeadline(10, onOver)();
  const cancel = startDeadline(10, onOver);
  standStill(700);
  await delay(20); // The timer has fired late, and the extra second runs.
  cancel();
  await delay(1_100);
  expect(onOver).not.toHaveBeenCalled();
});
