import { afterEach, expect, test, vi } from "vitest";
import { now } from "@/lib/auth/core/base/clock";

afterEach(() => void vi.useRealTimers());

test.each([
  ["2026-06-01T12:00:00.000Z", 1_780_315_200],
  ["2026-06-01T12:00:00.999Z", 1_780_315_200],
  ["2026-06-01T12:00:01.000Z", 1_780_315_201],
])("at %s the clock returns whole seconds since the epoch, as a JWT does: %i", (time, seconds) => {
  vi.setSystemTime(time);
  expect(now()).toBe(seconds);
});
