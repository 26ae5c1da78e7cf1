import { expect, test, vi } from "vitest";
import { createMemoryStore } from "@/lib/auth-extras/stores/memory";
import { describeStore } from "./contract";

/** A store of a module graph of its own, as middleware and routes have it. */
async function connect() {
  vi.resetModules();
  const { createMemoryStore } = await import("@/lib/auth-extras/stores/memory");
  return createMemoryStore();
}

describeStore("the memory store", async () => ({ connect, outages: {}, close: async () => {} }), []);

test("the memory store frees the memory of expired entries", async () => {
  vi.useFakeTimers();
  const store = createMemoryStore();
  const expiresAt = Date.now() / 1000 + 10;
  await store.put("a-short-session", "a", { expiresAt, ifVersion: null });
  vi.setSystemTime(Date.now() + 3_600_000);
  await store.put("another-session", "b", { expiresAt: expiresAt + 7_200, ifVersion: null });
  vi.setSystemTime(Date.now() - 3_600_000); // At this time a kept entry would count again.
  expect(await store.get("a-short-session")).toBeNull();
  expect(await store.get("another-session")).not.toBeNull();
  vi.useRealTimers();
});
