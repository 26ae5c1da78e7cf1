import { setImmediate } from "node:timers/promises";
import { onTestFinished, vi } from "vitest";

/**
 * Lets pauses below 200 ms end at once, until the end of the test. Calls that wait for a turn in short pauses then give
 * up without real time. Time limits of requests are longer and stay as they are.
 */
export function shortenPauses(): void {
  const wait = globalThis.setTimeout;
  // With all arguments: Node's own fetch hands some to its timers.
  const shorten = (callback: () => void, ms = 0, ...others: []) => wait(callback, ms < 200 ? 0 : ms, ...others);
  vi.stubGlobal("setTimeout", shorten);
  onTestFinished(() => void vi.unstubAllGlobals());
}

/** Stops the clock and all timers, until the test moves them. Requests go on in real time. */
export function stopTimers(): void {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now: Date.now() });
  onTestFinished(() => void vi.useRealTimers());
}

/** Waits until `isTrue`, also while timers are stopped. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await setImmediate();
}
