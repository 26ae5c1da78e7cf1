import { expect, test, vi } from "vitest";
import type { SessionStore } from "@/lib/auth/core/base/session-store";
import { guardStore } from "@/lib/auth/core/store/guarded-store";
import { TestStore } from "../../support/faulty-store";
import { stopTimers } from "../../support/time";

const OPTIONS = { expiresAt: Date.now() / 1000 + 600, ifVersion: null };

/** All three methods of a store. */
const callAll = ({ get, put, delete: remove }: SessionStore) => [get("k"), put("k", "v", OPTIONS), remove("k")];

test("the guarded store passes values on", async () => {
  const store = guardStore(new TestStore());
  expect(await store.get("k")).toBeNull();
  expect(await store.put("k", "v", OPTIONS)).toBe(true);
  expect(await store.get("k")).toMatchObject({ value: "v" });
  await store.delete("k");
  expect(await store.get("k")).toBeNull();
});

const reject = async () => Promise.reject(new Error("refused"));
const throwAtOnce = (): never => {
  throw new Error("refused");
};

test.each([
  ["rejects", reject],
  ["throws at once", throwAtOnce],
])("AT-12 a store that %s is an outage, and no sign-out", async (_what, method) => {
  for (const call of callAll(guardStore({ get: method, put: method, delete: method }))) {
    await expect(call).rejects.toMatchObject({ code: "store_unavailable", message: "The store failed: refused" });
  }
});

test("AT-12 a store that does not answer is an outage after 3 s", async () => {
  stopTimers();
  const store = new TestStore();
  store.hang();
  const calls = callAll(guardStore(store)).map((call) => call.then(String, (error: { code: string }) => error.code));
  const outcomes: string[] = [];
  for (const call of calls) void call.then((it) => outcomes.push(it));
  await vi.advanceTimersByTimeAsync(2_900);
  expect(outcomes).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(outcomes).toEqual(Array(3).fill("store_unavailable"));
});

test("DS-16 a store that fails after the limit leaves no unhandled rejection", async () => {
  stopTimers();
  let failLate = () => {};
  const late = new Promise<null>((_, fail) => {
    failLate = () => fail(new Error("too late"));
  });
  const { get } = guardStore({ ...new TestStore(), get: () => late, put: reject, delete: reject });
  const call = get("k").catch((error: { message: string }) => error.message);
  await vi.advanceTimersByTimeAsync(3_100);
  failLate();
  expect(await call).toBe("The store did not answer");
});
