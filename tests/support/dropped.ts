import { setImmediate } from "node:timers/promises";
import { vi } from "vitest";
import { stopTimers, until } from "./time";

/**
 * Sends a request whose fetch the platform drops, one `seconds` later, and one a second after that. Returns the number
 * of fetches after the second one and at the end, and the last status.
 */
export async function sendDropped(name: string, call: () => Promise<Response>, seconds: number) {
  stopTimers();
  const start = Date.now();
  const at = (later: number) => vi.setSystemTime(start + later * 1000);
  const fetched = vi.spyOn(globalThis, "fetch").mockImplementationOnce(() => new Promise(() => {}));
  const count = () => fetched.mock.calls.filter(([url]) => String(url).endsWith(name)).length;
  void call();
  await until(() => count() === 1);
  at(seconds);
  void call();
  for (let i = 0; i < 10; i++) await setImmediate();
  const countThen = count();
  at(seconds + 1);
  const timers = vi.getTimerCount();
  const last = call();
  await until(() => vi.getTimerCount() > timers); // It waits for the dropped request, or sends its own.
  await vi.advanceTimersByTimeAsync(2_000); // The time for which requests wait when it may be too late.
  const { status } = await last;
  return [countThen, count(), status];
}
