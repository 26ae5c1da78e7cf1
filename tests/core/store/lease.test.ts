import { describe, expect, test, vi } from "vitest";
import { AuthError } from "@/lib/auth/core/base/errors";
import { guardStore } from "@/lib/auth/core/store/guarded-store";
import { refreshRecord } from "@/lib/auth/core/store/lease";
import { Records, type Refresh } from "@/lib/auth/core/store/records";
import type { IssuedTokens } from "@/lib/auth/core/tokens/issued-tokens";
import { TestStore } from "../../support/faulty-store";
import { configOf, ID, issue, recordOf, settle } from "../../support/stored";
import { stopTimers, until } from "../../support/time";

const config = configOf();

interface Server {
  readonly store: TestStore;
  /** Refreshes as a request does that found the token "old". */
  refresh(options?: Partial<Refresh>): Promise<string>;
}

/** Servers that share a store with the session "old". `ask` is their call to Cognito. */
async function startFleet(size: number, ask: (calls: number, refreshToken: string) => Promise<IssuedTokens>) {
  stopTimers();
  const database = new TestStore();
  const asked: string[] = [];
  const request: Refresh["request"] = ({ refreshToken }) => {
    asked.push(refreshToken);
    return ask(asked.length, refreshToken);
  };
  const servers = Array.from({ length: size }, (): Server => {
    const store = database.connect();
    const records = new Records(guardStore(store));
    const isFresh: Refresh["isFresh"] = ({ accessToken }) => accessToken !== "access-old";
    const shared = { records, id: ID, config, isFresh, canSkip: false, request };
    const refresh: Server["refresh"] = async (options) =>
      refreshRecord({ ...shared, ...options }).then(
        ({ accessToken }) => accessToken,
        (error: unknown) => (error instanceof AuthError ? error.code : String(error)),
      );
    return { store, refresh };
  });
  const records = new Records(database);
  await records.write(ID, recordOf("old"), null, config);
  return { servers, asked, records, database };
}

const quick = async (calls: number) => issue(`new${calls}`);
const never = () => new Promise<IssuedTokens>(() => {});
const isHeld = (database: TestStore, asked: readonly string[]) => () => asked.length > 0 && database.entries.size > 0;

/** Moves the lease of the stored record by so many seconds, as a server with another clock would write it. */
async function moveLease(records: Records, seconds: number): Promise<void> {
  const found = await records.read(ID, config);
  const { lease = null } = found?.record ?? {};
  if (!found || !lease) throw new Error("Nobody holds the lease");
  await records.write(
    ID,
    { ...found.record, lease: { ...lease, until: lease.until + seconds } },
    found.version,
    config,
  );
}

test.each([1, 2, 8])("RF-02 %i servers with 10 requests each make one token call for an expiry", async (size) => {
  const { servers, asked } = await startFleet(size, quick);
  const requests = servers.flatMap(({ refresh }) => Array.from({ length: 10 }, () => refresh()));
  expect(await settle(Promise.all(requests))).toEqual(requests.map(() => "access-new1"));
  expect(asked).toEqual(["refresh-old"]);
});

describe("a server that holds the lease and dies", () => {
  const dies = (calls: number) => (calls === 1 ? never() : quick(calls));

  test("RF-02 leaves the refresh to another one: two calls, and no request is refused", async () => {
    const { servers, asked, database } = await startFleet(3, dies);
    const [first, ...others] = servers;
    void first?.refresh();
    await until(isHeld(database, asked));
    const requests = others.flatMap(({ refresh }) => Array.from({ length: 10 }, () => refresh()));
    await vi.advanceTimersByTimeAsync(8_000);
    expect(asked).toHaveLength(1);
    expect(await settle(Promise.all(requests))).toEqual(requests.map(() => "access-new2"));
    expect(asked).toHaveLength(2);
  });

  test("RF-02 with a clock that is 5 s ahead delays no other server for more than 10 s", async () => {
    const { servers, asked, database, records } = await startFleet(2, dies);
    const [first, second] = servers;
    void first?.refresh();
    await until(isHeld(database, asked));
    await moveLease(records, 5);
    expect(await settle(Promise.resolve(second?.refresh()))).toBe("access-new2");
  });

  test("keeps no request waiting whose token is still valid", async () => {
    const { servers, asked, database } = await startFleet(2, dies);
    const [first, second] = servers;
    void first?.refresh({ canSkip: true });
    await until(isHeld(database, asked));
    expect(await second?.refresh({ canSkip: true })).toBe("access-old"); // Timers stand still.
    expect(asked).toHaveLength(1);
  });
});

test("AT-12 a request that waits 12 s for other servers gets store_unavailable, and the session is kept", async () => {
  const { servers, database, records, asked } = await startFleet(2, never);
  const [first, second] = servers;
  void first?.refresh();
  await until(isHeld(database, asked));
  const request = second?.refresh();
  const outcome = settle(Promise.resolve(request));
  for (let i = 0; i < 4; i++) {
    await until(() => vi.getTimerCount() > 0);
    const found = await records.read(ID, config); // Each time another server has the lease.
    const lease = { holder: `server ${i}`, until: Date.now() / 1000 + 10 };
    if (found) await records.write(ID, { ...found.record, lease }, found.version, config);
    await vi.advanceTimersByTimeAsync(3_000);
  }
  expect(await outcome).toBe("store_unavailable");
  expect((await records.read(ID, config))?.record.accessToken).toBe("access-old");
});

test("a process that stood still for 15 s looks once more before it gives up", async () => {
  const { servers, asked, database } = await startFleet(2, (calls) => (calls === 1 ? never() : quick(calls)));
  const [first, second] = servers;
  void first?.refresh();
  await until(isHeld(database, asked));
  const timers = vi.getTimerCount();
  const request = Promise.resolve(second?.refresh());
  await until(() => vi.getTimerCount() > timers); // It waits.
  vi.setSystemTime(Date.now() + 15_000);
  expect(await settle(request)).toBe("access-new2");
});

describe("RF-02 one token call, although", () => {
  test.each(["lose", "loseAnswer"] as const)("the store has a fault (%s) when the lease is taken", async (fault) => {
    const { servers, asked } = await startFleet(2, quick);
    for (const { store } of servers) store[fault]("put", "session");
    const requests = servers.map(({ refresh }) => refresh());
    expect(await settle(Promise.all(requests))).toEqual(["access-new1", "access-new1"]);
    expect(asked).toHaveLength(1);
  });

  test("the clocks of the servers differ by 3 s", async () => {
    const { servers, asked, database, records } = await startFleet(2, async (calls) => {
      await moveLease(records, -3);
      return quick(calls);
    });
    const requests = servers.map(({ refresh }) => refresh());
    expect(await settle(Promise.all(requests))).toEqual(["access-new1", "access-new1"]);
    expect(asked).toHaveLength(1);
    expect(database.keys("session")).toHaveLength(1);
  });
});

test("AT-12 a store that always says that the version is another one ends no process", async () => {
  const { servers, database } = await startFleet(1, quick);
  const [server] = servers;
  const put = vi.spyOn(TestStore.prototype, "put").mockImplementation(async () => {
    await vi.advanceTimersByTimeAsync(100);
    return false;
  });
  expect(await settle(Promise.resolve(server?.refresh()))).toBe("store_unavailable");
  put.mockRestore();
  expect(database.keys("session")).toHaveLength(1);
});

test.each([
  ["loses each write and says that it is stored", true],
  ["always says that the version is another one", false],
])("AT-12 a store that %s gets few calls in the 12 s of a request", async (_what, answer) => {
  const { servers, asked } = await startFleet(1, quick);
  const [server] = servers;
  const put = vi.spyOn(TestStore.prototype, "put").mockResolvedValue(answer);
  expect(await settle(Promise.resolve(server?.refresh()))).toBe("store_unavailable");
  expect(put.mock.calls.length).toBeLessThan(70);
  put.mockRestore();
  expect(asked).toEqual([]);
  expect(server?.store.count("get")).toBeLessThan(70);
});

test("NW-08 a session that is not in the store costs one read, and no token call", async () => {
  const { servers, asked } = await startFleet(1, quick);
  const [server] = servers;
  expect(await server?.refresh({ id: "x".repeat(43) })).toBe("token_invalid");
  expect(server?.store.calls).toEqual(["get"]);
  expect(asked).toEqual([]);
});

test("a session without a refresh token stays as it is", async () => {
  const { servers, asked, records, database } = await startFleet(1, quick);
  const [server] = servers;
  database.entries.clear();
  await records.write(ID, recordOf("old", null), null, config);
  expect(await server?.refresh()).toBe("access-old");
  expect(asked).toEqual([]);
});
