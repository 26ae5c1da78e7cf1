import { afterEach, describe, expect, test, vi } from "vitest";
import { guardStore } from "@/lib/auth/core/store/guarded-store";
import { type IndexEntry, UserIndexes } from "@/lib/auth/core/store/user-index";
import { TestStore } from "../../support/faulty-store";
import { configOf, OTHER_SECRET, SECRET, settle } from "../../support/stored";
import { stopTimers } from "../../support/time";

const config = configOf();

afterEach(() => void vi.restoreAllMocks());

const ROTATED = { AUTH_SECRET: `${OTHER_SECRET},${SECRET}` };
const REORDERED = { AUTH_SECRET: `${SECRET},${OTHER_SECRET}` };

function start() {
  stopTimers();
  const database = new TestStore();
  const connect = () => {
    const store = database.connect();
    return { store, indexes: new UserIndexes(guardStore(store)) };
  };
  return { database, connect, ...connect() };
}

const entryOf = (key: string, startedAt = Date.now()): IndexEntry => {
  return { key, startedAt, endsAt: Date.now() / 1000 + 86_400, originJti: null };
};
const add = (indexes: UserIndexes, key: string, settings = config, sub = "ada") =>
  indexes.update(sub, settings, (index) => ({ ...index, entries: [...index.entries, entryOf(key)] }));
const remove = (indexes: UserIndexes, key: string, settings = config) =>
  indexes.update("ada", settings, (index) => ({ ...index, entries: index.entries.filter((it) => it.key !== key) }));
const endAll = (indexes: UserIndexes, notBefore: number, settings = config) =>
  indexes.update("ada", settings, (index) => ({ ...index, notBefore }));
const keysOf = async (indexes: UserIndexes, settings = config, sub = "ada") =>
  (await indexes.read(sub, settings)).entries.map(({ key }) => key).sort();

describe("NW-08 the index of a user", () => {
  test("keeps the changes of servers that change it at once", async () => {
    const { connect, indexes } = start();
    const names = Array.from({ length: 8 }, (_, i) => `server ${i}`);
    await settle(Promise.all(names.map((name) => add(connect().indexes, name))));
    expect(await keysOf(indexes)).toEqual(names);
  });

  test("is another one for each user, pool and client", async () => {
    const { indexes, database } = start();
    const pool = configOf({ COGNITO_ISSUER: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Xyz789" });
    const client = configOf({ COGNITO_CLIENT_ID: "other1234567890abcdefghij" });
    await add(indexes, "a");
    await add(indexes, "b", pool);
    await add(indexes, "c", client);
    await add(indexes, "d", config, "grace");
    expect(database.keys("user")).toHaveLength(4);
    expect(JSON.stringify([...database.entries])).not.toMatch(/ada|grace/);
    expect([await keysOf(indexes), await keysOf(indexes, pool)]).toEqual([["a"], ["b"]]);
  });

  test("that somebody moves to another user is no index of that user", async () => {
    const { indexes, database } = start();
    await add(indexes, "a");
    await endAll(indexes, 5);
    const [ada] = database.entries.values();
    await add(indexes, "g", config, "grace");
    const key = database.keys("user").at(-1) ?? "";
    if (ada) database.entries.set(key, ada);
    expect(await indexes.read("grace", config)).toEqual({ notBefore: 0, entries: [] });
    await add(indexes, "new", config, "grace");
    expect(await keysOf(indexes, config, "grace")).toEqual(["new"]);
  });

  test("has no session that has expired", async () => {
    const { indexes } = start();
    await add(indexes, "a");
    vi.setSystemTime(Date.now() + 86_400_000);
    expect(await keysOf(indexes)).toEqual([]);
  });

  test("that somebody changes all the time is an outage, and no endless loop", async () => {
    const { indexes, store } = start();
    vi.spyOn(store, "put").mockResolvedValue(false);
    await expect(settle(add(indexes, "a"))).rejects.toMatchObject({ code: "store_unavailable" });
    expect(store.count("get")).toBeLessThanOrEqual(12);
  });
});

describe("NW-09 the end of all sessions of a user", () => {
  test("is remembered for 5 s, and many requests at once are one read", async () => {
    const { indexes, store, connect } = start();
    const find = () => indexes.findNotBefore("ada", config);
    expect(await Promise.all(Array.from({ length: 10 }, find))).toEqual(Array(10).fill(0));
    expect(store.count("get")).toBe(1);
    await endAll(connect().indexes, 7);
    vi.setSystemTime(Date.now() + 4_999);
    expect(await find()).toBe(0);
    vi.setSystemTime(Date.now() + 1);
    expect(await find()).toBe(7);
  });

  test("AT-12 is unknown while the store is down, or as it was before", async () => {
    const { indexes, store, connect } = start();
    const find = () => indexes.findNotBefore("ada", config);
    await endAll(indexes, 7);
    store.breakDown();
    await expect(find()).rejects.toMatchObject({ code: "store_unavailable" });
    store.repair();
    expect(await find()).toBe(7);
    await endAll(connect().indexes, 8);
    store.breakDown();
    vi.setSystemTime(Date.now() + 60_000);
    expect(await find()).toBe(7);
  });

  test("is known for ten years: as long as a refresh token can bring Bearer tokens", async () => {
    const { indexes } = start();
    await endAll(indexes, 7);
    vi.setSystemTime(Date.now() + 3_650 * 86_400_000 - 1_000);
    expect((await indexes.read("ada", config)).notBefore).toBe(7);
  });
});

describe("CF-09 after a new AUTH_SECRET before the old one", () => {
  const [rotated, reordered] = [configOf(ROTATED), configOf(REORDERED)];

  test("a user's sessions are listed once each", async () => {
    const { indexes } = start();
    for (const key of ["a", "b"]) await add(indexes, key);
    await add(indexes, "c", rotated);
    expect(await keysOf(indexes, rotated)).toEqual(["a", "b", "c"]);
    await add(indexes, "d"); // A server that has the old secret only.
    await add(indexes, "e", rotated);
    expect(await keysOf(indexes, rotated)).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("a session that has ended is listed no more", async () => {
    const { indexes } = start();
    for (const key of ["a", "b"]) await add(indexes, key);
    await remove(indexes, "a", rotated);
    expect(await keysOf(indexes, rotated)).toEqual(["b"]);
    await remove(indexes, "b", rotated);
    expect(await keysOf(indexes, rotated)).toEqual([]);
  });

  test("NW-09 the end of all sessions counts on servers with either secret", async () => {
    const { indexes } = start();
    await add(indexes, "a");
    await endAll(indexes, 7);
    expect((await indexes.read("ada", rotated)).notBefore).toBe(7);
    await endAll(indexes, 8, rotated);
    expect((await indexes.read("ada", config)).notBefore).toBe(8);
  });

  test("a move leaves nothing under the old secret, once", async () => {
    const { indexes, store } = start();
    await add(indexes, "a");
    await endAll(indexes, 7);
    await indexes.moveToNewest("ada", rotated);
    const found = await indexes.read("ada", configOf({ AUTH_SECRET: OTHER_SECRET }));
    expect(found).toMatchObject({ notBefore: 7, entries: [{ key: "a" }] });
    const puts = store.count("put");
    for (const settings of [rotated, config]) await indexes.moveToNewest("ada", settings);
    expect(store.count("put")).toBe(puts);
  });

  test("AT-12 a move waits for a later refresh while the store is down", async () => {
    const { indexes, store } = start();
    await add(indexes, "a");
    store.breakDown();
    await indexes.moveToNewest("ada", rotated);
    store.repair();
    expect(await keysOf(indexes, rotated)).toEqual(["a"]);
  });

  test("no session is lost between servers that have the secrets in another order", async () => {
    const { indexes, connect } = start();
    await add(indexes, "a");
    await add(indexes, "b", configOf({ AUTH_SECRET: OTHER_SECRET }));
    const changes = Array.from({ length: 6 }, (_, i) => add(connect().indexes, `c${i}`, i % 2 ? rotated : reordered));
    await settle(Promise.all(changes));
    const expected = ["a", "b", "c0", "c1", "c2", "c3", "c4", "c5"];
    expect([await keysOf(indexes, rotated), await keysOf(indexes, reordered)]).toEqual([expected, expected]);
  });
});
