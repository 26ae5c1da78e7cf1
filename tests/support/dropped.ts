import { setImmediate } from "node:timers/promises";
import { expect, vi } from "vitest";

/** Sends a request that is dropped, one `seconds` later, and one a second after that. Returns the numbers of calls and the last status. */
export async function sendDropped(name: string, call: () => Promise<Response>, seconds: number) {
  const start = Date.now();
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
