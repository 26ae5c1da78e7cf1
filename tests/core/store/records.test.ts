import { afterEach, describe, expect, test, vi } from "vitest";
import { guardStore } from "@/lib/auth/core/store/guarded-store";
import { recordKey } from "@/lib/auth/core/store/record";
import { Records, type StoredRecord } from "@/lib/auth/core/store/records";
import { TestStore } from "../../support/faulty-store";
import { configOf, ID, recordOf, settle } from "../../support/stored";
import { stopTimers, until } from "../../support/time";

const config = configOf();

afterEach(() => void vi.restoreAllMocks());

const NONE: StoredRecord = { record: recordOf("none"), version: "" };

/** A server, and another one that has written the session "old". */
async function start() {
  stopTimers();
  const store = new TestStore();
  const other = new Records(store.connect());
  await other.write(ID, recordOf("old"), null, config);
  const server = new Records(guardStore(store));
  const find = async (id = ID) => (await server.find(id, config))?.accessToken ?? null;
  const change = async (name: string) =>
    other.write(ID, recordOf(name), (await other.read(ID, config))?.version ?? null, config);
  return { store, other, server, find, change };
}

const endByKey = async (records: Records) =>
  records.endByKey(await recordKey(ID, config), recordOf("old").sessionEndsAt);
const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

describe("a record is remembered", () => {
  test("NW-09 for 5 s, and not longer", async () => {
    const { store, find, change, other } = await start();
    expect(await find()).toBe("access-old");
    await change("new");
    pass(4_999);
    expect(await find()).toBe("access-old");
    expect(store.count("get")).toBe(1);
    pass(1);
    expect(await find()).toBe("access-new");
    await endByKey(other);
    pass(5_000);
    expect(await find()).toBeNull();
  });

  test("NW-09 5 s from the start of a slow read, not from its end", async () => {
    const { store, find, change } = await start();
    const held = store.hold("get", "session");
    const first = find();
    await until(held.isHeld);
    pass(2_000);
    held.release();
    expect(await first).toBe("access-old");
    await change("new");
    pass(3_000);
    expect(await find()).toBe("access-new");
  });

  test("NW-09 and forgotten at once by the server that ends it", async () => {
    const { server, find } = await start();
    const found = await server.read(ID, config);
    expect(await server.end(ID, found ?? NONE, config)).toBe(true);
    expect(await find()).toBeNull();
  });

  test("NW-06 for one configuration only", async () => {
    const { server, find } = await start();
    expect(await find()).toBe("access-old");
    const tenant = configOf({ COGNITO_CLIENT_ID: "other1234567890abcdefghij" });
    expect(await server.find(ID, tenant)).toBeNull();
  });

  test("DS-11 within bounds: 3,000 sessions, or large ones, push old ones out", async () => {
    const { store, server, find } = await start();
    expect(await find()).toBe("access-old");
    for (let i = 0; i < 40; i++) {
      const record = { ...recordOf(`${i}`), idToken: "x".repeat(120_000) };
      await server.write(`${i}`.padStart(43, "-"), record, null, config);
    }
    store.calls.length = 0;
    await find(`${39}`.padStart(43, "-"));
    expect(store.count("get")).toBe(0);
    await find();
    expect(store.count("get")).toBe(1);
  });
});

describe("reads", () => {
  test("that come together are one read", async () => {
    const { store, find } = await start();
    expect(await Promise.all(Array.from({ length: 10 }, () => find()))).toEqual(Array(10).fill("access-old"));
    expect(store.count("get")).toBe(1);
  });

  test("NW-08 of an invented id cost one read of the store each, and leave nothing in memory", async () => {
    const { store, find } = await start();
    for (let i = 0; i < 20; i++) expect(await find(`${i}`.padStart(43, "x"))).toBeNull();
    expect(store.calls).toEqual(Array(20).fill("get"));
  });

  test("NW-08 give no session when the store answers with a value of another key", async () => {
    const { store, find } = await start();
    const [value] = store.entries.values();
    for (const text of ["", "ended", "null", "{}", "x".repeat(300_000), `${value?.value}A`]) {
      vi.spyOn(store, "get").mockResolvedValue({ value: text, version: "1" });
      expect(await find()).toBeNull();
    }
  });

  test("give no session after its end, also when the store still has it", async () => {
    const { store, server, find } = await start();
    const found = await server.read(ID, config);
    pass(31 * 86_400_000);
    const [value] = store.entries.values();
    vi.spyOn(store, "get").mockResolvedValue({ value: value?.value ?? "", version: "1" });
    expect(found).not.toBeNull();
    expect(await find()).toBeNull();
  });
});

describe("AT-12 while the store is down", () => {
  test("a remembered record serves, and a read in a second asks the store again", async () => {
    const { store, find, change } = await start();
    await find();
    await change("new");
    store.breakDown();
    pass(60_000);
    store.calls.length = 0;
    for (let i = 0; i < 10; i++) expect(await find()).toBe("access-old");
    expect(store.count("get")).toBe(1);
    pass(1_000);
    await find();
    expect(store.count("get")).toBe(2);
    store.repair();
    pass(1_000);
    expect(await find()).toBe("access-new");
  });

  test("a remembered record does not serve after the end of its session", async () => {
    const { store, find } = await start();
    await find();
    store.breakDown();
    pass(31 * 86_400_000);
    await expect(find()).rejects.toMatchObject({ code: "store_unavailable" });
  });

  test("a record that this process does not remember is unknown, not absent", async () => {
    const { store, find } = await start();
    store.breakDown();
    await expect(find()).rejects.toMatchObject({ code: "store_unavailable" });
  });

  test("only one request in a second waits for a store that does not answer", async () => {
    const { store, find } = await start();
    await find();
    store.hang();
    pass(60_000);
    expect(await settle(find(), 5)).toBe("access-old");
    expect(await find()).toBe("access-old"); // Timers stand still.
  });
});

describe("RF-04 a write or an end", () => {
  test("needs the version that was read", async () => {
    const { server, find, change } = await start();
    const found = await server.read(ID, config);
    await change("new");
    expect(await server.write(ID, recordOf("late"), found?.version ?? "", config)).toBe(false);
    expect(await server.end(ID, found ?? NONE, config)).toBe(false);
    expect(await find()).toBe("access-new");
  });

  test("AT-02 never brings an ended session back", async () => {
    const { server, other, find } = await start();
    const found = await server.read(ID, config);
    expect(await other.end(ID, found ?? NONE, config)).toBe(true);
    expect(await server.write(ID, recordOf("late"), found?.version ?? "", config)).toBe(false);
    expect(await find()).toBeNull();
  });

  test("AT-02 leaves a mark until the session's end, so that nobody creates it again, and no longer", async () => {
    const { store, server, other } = await start();
    const found = await server.read(ID, config);
    expect(await server.end(ID, found ?? NONE, config)).toBe(true);
    pass(30 * 86_400_000 - 60_000);
    expect(await other.write(ID, recordOf("late"), null, config)).toBe(false);
    expect(await other.read(ID, config)).toBeNull();
    expect([...store.entries.values()].map(({ value }) => value)).toEqual(["ended"]);
    pass(120_000);
    expect(await other.write(ID, recordOf("new"), null, config)).toBe(true);
  });

  test("AT-02 by its key ends a session whose record is not there yet", async () => {
    const { other, server, store } = await start();
    store.entries.clear();
    await endByKey(server);
    await endByKey(server);
    expect(await other.write(ID, recordOf("late"), null, config)).toBe(false);
    expect(store.count("put")).toBe(1);
  });

  test("by its key is an outage after five tries when the store always says that the version is another one", async () => {
    const { server, store } = await start();
    const put = vi.spyOn(store, "put").mockResolvedValue(false);
    await expect(endByKey(server)).rejects.toMatchObject({ code: "store_unavailable" });
    expect(put).toHaveBeenCalledTimes(5);
  });
});
