import { afterEach, describe, expect, test, vi } from "vitest";
import { UserSessions } from "@/lib/auth/core/store/user-sessions";
import { TestStore } from "../../support/faulty-store";
import { configOf, factsOf, issue, OTHER_SECRET, SECRET, settle } from "../../support/stored";
import { stopTimers, until } from "../../support/time";

const config = configOf();

afterEach(() => void vi.restoreAllMocks());

const idOf = (i: number | string) => `${i}`.padStart(43, "-");

function start() {
  stopTimers();
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(null));
  const store = new TestStore();
  const connect = () => new UserSessions(store.connect());
  return { store, users: new UserSessions(store), connect };
}

const signIn = (users: UserSessions, i: number | string, settings = config, sub = "ada") =>
  users.create(idOf(i), issue(`${i}`, `refresh-${i}`, sub), factsOf(sub), Date.now(), settings);
const isLive = async (users: UserSessions, i: number | string, settings = config) =>
  (await users.records.read(idOf(i), settings)) !== null;
const outcome = (call: Promise<unknown>) =>
  call.then(
    () => "done",
    (error: { code: string }) => error.code,
  );
const revoked = () =>
  vi.mocked(fetch).mock.calls.map(([, init]) => new URLSearchParams(String(init?.body)).get("token"));

describe("the sessions of one user", () => {
  test.each([0, 10])("NW-08 are all in the index after 50 sign-ins at once (store calls of %i ms)", async (ms) => {
    const { users, store } = start();
    vi.useRealTimers(); // Fake time would pass faster than cryptography works, so the pauses would not separate them.
    const server = () => {
      const connection = store.connect();
      connection.fault = () => new Promise((resolve) => setTimeout(resolve, ms));
      return new UserSessions(connection);
    };
    const signIns = Array.from({ length: 50 }, (_, i) => outcome(signIn(server(), i)));
    expect(await Promise.all(signIns)).toEqual(signIns.map(() => "done"));
    expect(await users.list("ada", config)).toHaveLength(50);
  });

  test("are at most 100: the oldest ends", async () => {
    const { users, store } = start();
    for (let i = 0; i < 100; i++) {
      await signIn(users, i);
      vi.setSystemTime(Date.now() + 1_000);
    }
    expect(await isLive(users, 0)).toBe(true);
    await signIn(users, 100);
    expect(await isLive(users, 0)).toBe(false);
    expect(await isLive(users, 1)).toBe(true);
    expect(await users.list("ada", config)).toHaveLength(100);
    expect(store.keys("session")).toHaveLength(100);
  });

  test("CF-09 all stay at a new AUTH_SECRET, also 60 of them", async () => {
    const { users } = start();
    for (let i = 0; i < 60; i++) await signIn(users, i);
    const rotated = configOf({ AUTH_SECRET: `${OTHER_SECRET},${SECRET}` });
    vi.setSystemTime(Date.now() + 1_000);
    await signIn(users, "new", rotated);
    await signIn(users, "newest", rotated);
    for (let i = 0; i < 60; i++) expect(await isLive(users, i, rotated)).toBe(true);
    expect(await users.list("ada", rotated)).toHaveLength(62);
  });

  test("NW-09 are still in the index when the oldest could not be deleted", async () => {
    const { users, store } = start();
    for (let i = 0; i < 100; i++) await signIn(users, i);
    store.lose("put", "session", 1);
    expect(await outcome(signIn(users, 100))).toBe("store_unavailable");
    await users.endAll("ada", config);
    expect(store.keys("session")).toEqual([]);
  });

  test("that one browser moves into the store from many servers are one session", async () => {
    const { users, store, connect } = start();
    const moves = Array.from({ length: 8 }, () => outcome(signIn(connect(), "moved")));
    expect(await settle(Promise.all(moves))).toEqual(moves.map(() => "done"));
    expect(store.keys("session")).toHaveLength(1);
    expect(await users.list("ada", config)).toHaveLength(1);
  });
});

describe("NW-09 a sign-out everywhere", () => {
  test("ends all sessions of one user, and none of another", async () => {
    const { users } = start();
    await signIn(users, 1);
    await signIn(users, 2);
    await signIn(users, "g", config, "grace");
    await users.endAll("ada", config);
    expect([await isLive(users, 1), await isLive(users, 2), await isLive(users, "g")]).toEqual([false, false, true]);
    expect(await users.list("ada", config)).toEqual([]);
    vi.setSystemTime(Date.now() + 1);
    await signIn(users, 3);
    expect(await users.list("ada", config)).toHaveLength(1);
  });

  test.each([
    ["before its entry", "get", "user"],
    ["between its entry and its record", "put", "session"],
  ] as const)("ends a sign-in that is under way, %s", async (_when, method, kind) => {
    const { users, store, connect } = start();
    const held = store.hold(method, kind);
    const late = outcome(signIn(users, 1));
    await until(held.isHeld);
    await connect().endAll("ada", config);
    held.release();
    expect(await settle(late)).toBe("grant_rejected");
    expect(store.keys("session")).toEqual([]);
    expect(await users.list("ada", config)).toEqual([]);
  });

  test("ends a sign-in that is under way at its last read", async () => {
    const { users, store, connect } = start();
    const late = outcome(signIn(users, 1));
    await until(() => store.keys("session").length === 1);
    await connect().endAll("ada", config);
    await settle(late);
    expect(store.keys("session")).toEqual([]);
    expect(await isLive(users, 1)).toBe(false);
  });

  test("ends sessions whose server has a clock that is 3 s ahead, and lists them no more", async () => {
    const { users, store } = start();
    vi.setSystemTime(Date.now() + 3_000);
    await signIn(users, 1);
    vi.setSystemTime(Date.now() - 3_000);
    await users.endAll("ada", config);
    expect(store.keys("session")).toEqual([]);
    expect(await users.list("ada", config)).toEqual([]);
  });

  test("ends a sign-in under way on a server whose clock is 10 s ahead", async () => {
    const { users, store, connect } = start();
    vi.setSystemTime(Date.now() + 10_000);
    const held = store.hold("put", "session");
    const late = outcome(signIn(users, 1));
    await until(held.isHeld);
    vi.setSystemTime(Date.now() - 10_000);
    await connect().endAll("ada", config);
    const { notBefore } = await users.indexes.read("ada", config);
    expect(notBefore).toBeGreaterThanOrEqual(Date.now() + 9_000);
    held.release();
    expect(await settle(late)).toBe("grant_rejected");
  });

  test("is never undone by a second one on a server whose clock is behind", async () => {
    const { users } = start();
    await users.endAll("ada", config);
    const { notBefore } = await users.indexes.read("ada", config);
    vi.setSystemTime(Date.now() - 3_000);
    await users.endAll("ada", config);
    expect((await users.indexes.read("ada", config)).notBefore).toBe(notBefore);
  });

  test.each([
    ["lose", "put", "user"],
    ["loseAnswer", "put", "user"],
    ["lose", "get", "session"],
    ["lose", "put", "session"],
    ["loseAnswer", "put", "session"],
  ] as const)("that the store fails (%s, %s of a %s) is complete at the second try", async (fault, method, kind) => {
    const { users, store } = start();
    for (const i of [1, 2]) await signIn(users, i);
    store[fault](method, kind);
    expect(await outcome(users.endAll("ada", config))).toBe("store_unavailable");
    await users.endAll("ada", config);
    expect(store.keys("session")).toEqual([]);
    expect(await users.list("ada", config)).toEqual([]);
  });
});

describe("the end of one session", () => {
  test("AT-07 revokes its refresh token, once", async () => {
    const { users, store } = start();
    await signIn(users, "e1");
    expect(await users.end(idOf("e1"), config)).toMatchObject({ signIn: { sub: "ada" }, isRevoked: true });
    expect(await users.end(idOf("e1"), config)).toBeNull();
    expect(revoked()).toEqual(["refresh-e1"]);
    expect(store.keys("session")).toEqual([]);
    expect(await users.list("ada", config)).toEqual([]);
  });

  test("AT-07 revokes also the refresh token that a server stores at this moment", async () => {
    const { users, store, connect } = start();
    await signIn(users, "e2");
    const held = store.hold("put", "session");
    const end = users.end(idOf("e2"), config);
    await until(held.isHeld);
    const { records } = connect();
    const found = await records.read(idOf("e2"), config);
    const renewed = found && { ...found.record, accessToken: "access-e3", refreshToken: "refresh-e3" };
    if (renewed) await records.write(idOf("e2"), renewed, found.version, config);
    held.release();
    expect(await settle(end)).toMatchObject({ isRevoked: true });
    expect(revoked()).toContain("refresh-e3");
    expect(store.keys("session")).toEqual([]);
  });

  test.each(["lose", "loseAnswer"] as const)(
    "AT-07 revokes the refresh token when the store fails (%s)",
    async (fault) => {
      const { users, store } = start();
      await signIn(users, fault);
      store[fault]("put", "session");
      expect(await outcome(users.end(idOf(fault), config))).toBe("store_unavailable");
      expect(revoked()).toEqual([`refresh-${fault}`]);
      await users.end(idOf(fault), config);
      expect(await isLive(users, fault)).toBe(false);
    },
  );

  test("is an outage after five tries when the store never accepts it, and its refresh token is revoked", async () => {
    const { users, store } = start();
    await signIn(users, "e5");
    store.calls.length = 0;
    const put = vi.spyOn(store, "put").mockResolvedValue(false);
    expect(await outcome(users.end(idOf("e5"), config))).toBe("store_unavailable");
    expect([put.mock.calls.length, store.count("get")]).toEqual([5, 5]);
    expect(revoked()).toContain("refresh-e5");
  });

  test("is complete for the user when the index cannot be changed", async () => {
    const { users, store } = start();
    await signIn(users, "e4");
    store.lose("put", "user");
    expect(await users.end(idOf("e4"), config)).toMatchObject({ isRevoked: true });
    expect(store.keys("session")).toEqual([]);
  });

  test("NW-08 needs the user's own index: a record in its place is none", async () => {
    const { users, store } = start();
    await signIn(users, 5);
    const [record] = store.keys("session").map((key) => store.entries.get(key));
    const [index] = store.keys("user").map((key) => store.entries.get(key));
    const [[sessionKey = ""], [userKey = ""]] = [store.keys("session"), store.keys("user")];
    if (record && index) store.entries.set(userKey, record).set(sessionKey, index);
    expect(await users.list("ada", config)).toEqual([]);
    expect(await isLive(users, 5)).toBe(false);
  });

  test("by its key ends no session of another user", async () => {
    const { users } = start();
    await signIn(users, 1);
    await signIn(users, 2, config, "grace");
    const [grace] = await users.list("grace", config);
    expect(await users.endOne("ada", grace?.key ?? "", config)).toBe(false);
    expect(await isLive(users, 2)).toBe(true);
    const [ada] = await users.list("ada", config);
    expect(await users.endOne("ada", ada?.key ?? "", config)).toBe(true);
    expect([await isLive(users, 1), await isLive(users, 2)]).toEqual([false, true]);
  });
});

describe("a store that fails during a sign-in leaves", () => {
  test.each([
    ["lose", "get", "user", 0],
    ["lose", "put", "user", 0],
    ["loseAnswer", "put", "user", 0],
    ["lose", "put", "session", 0],
    ["lose", "get", "user", 1],
  ] as const)("no session outside the index (%s, %s of a %s, after %i)", async (fault, method, kind, skip) => {
    const { users, store } = start();
    store[fault](method, kind, skip);
    expect(await outcome(signIn(users, 1))).toBe("store_unavailable");
    await users.endAll("ada", config);
    expect(store.keys("session")).toEqual([]);
  });
});
