// The contract of SessionStore. Each adapter runs the same tests.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { SessionStore } from "@/lib/auth/session";

export interface Database {
  /**
   * A store as another process has it: with connections of its own, and the same entries. A patient store waits for an
   * answer when other programs keep the machine busy.
   */
  connect(patience?: "patient"): SessionStore | Promise<SessionStore>;
  /** The ways in which the database can be away, by name. Empty: it is part of the process. */
  readonly outages: Readonly<Record<string, Outage>>;
  close(): Promise<void>;
}

export interface Outage {
  start(): Promise<void>;
  end(): Promise<void>;
}

const WRITERS = 50;
const COUNTERS = 20;
const ROUNDS = 6;
const LARGE = 300_000;
const PATIENCE = { timeout: 20_000 };

const ODD_VALUES = {
  "quotes, braces and backslashes": `{"a":"\\"\\\\u0000'\`$\{b}"}`,
  "line ends and tabs": "\r\n\n\r\t \u2028\u2029 ",
  "control characters": "\u0000\u0001\u001f\u007f\u0085",
  "characters outside the first plane": "𝄞👩‍👩‍👧 e\u0301 \ufeff\uffff",
  "a colon at the start": ":a:b:",
  "what looks like a number": "0012",
  "markup and format characters": "<a>&amp;%s%n%00",
};

const inOneHour = () => Math.floor(Date.now() / 1000) + 3_600;
const anHourAgo = () => Math.floor(Date.now() / 1000) - 3_600;

/** Blocks this process, as a suspended function or a long computation does. */
export function standStill(ms: number): void {
  const end = Date.now() + ms;
  while (Date.now() < end);
}

let keys = 0;
const newKey = () => `${crypto.randomUUID()}-${++keys}`;

export function describeStore(name: string, start: () => Promise<Database>, outages: readonly string[]): void {
  describe(`${name}:`, () => {
    let database: Database;
    let store: SessionStore;
    let other: SessionStore;
    beforeAll(async () => {
      database = await start();
      store = await database.connect("patient");
      other = await database.connect("patient");
    });
    afterAll(() => database?.close());

    const create = (key: string, value = "first", by = store) =>
      by.put(key, value, { expiresAt: inOneHour(), ifVersion: null });
    const replace = (key: string, ifVersion: string | null, value = "second", by = store) =>
      by.put(key, value, { expiresAt: inOneHour(), ifVersion });
    const readValue = async (key: string, by = store) => (await by.get(key))?.value ?? null;
    const versionOf = async (key: string, by = store) => {
      const entry = await by.get(key);
      if (!entry) throw new Error("There is no entry");
      return entry.version;
    };

    test("a key without an entry has no value, and can be deleted", async () => {
      const key = newKey();
      expect(await store.get(key)).toBeNull();
      await store.delete(key);
      expect(await store.get(key)).toBeNull();
    });

    test("a value that one process stores is the value that every process reads", async () => {
      const key = newKey();
      expect(await create(key)).toBe(true);
      expect(await other.get(key)).toEqual({ value: "first", version: expect.any(String) });
      expect(await other.get(key)).toEqual(await store.get(key));
      expect(await replace(key, await versionOf(key, other), "second", other)).toBe(true);
      expect(await readValue(key)).toBe("second");
      await other.delete(key);
      expect(await store.get(key)).toBeNull();
    });

    test("each entry has a key of its own", async () => {
      const [key, longer] = [newKey(), newKey()].map((it) => it.slice(0, 30));
      const names = [`${key}`, `${key}.`, `${key}_`, `${key}-`, `${key}${longer}`, `${key}`.toUpperCase()];
      names.push("a".repeat(128 - 30) + key, "_", ".", "..", "-");
      for (const name of names) expect(await create(name, `of ${name}`)).toBe(true);
      for (const name of names) expect(await readValue(name, other)).toBe(`of ${name}`);
      for (const name of names) await store.delete(name);
    });

    test("a put for a key that must be absent changes no entry", async () => {
      const key = newKey();
      expect(await create(key)).toBe(true);
      expect(await create(key, "second", other)).toBe(false);
      expect(await readValue(key)).toBe("first");
    });

    test("a put with a version changes only the entry that has this version", async () => {
      const key = newKey();
      expect(await replace(key, crypto.randomUUID())).toBe(false);
      expect(await store.get(key)).toBeNull();
      await create(key);
      const version = await versionOf(key);
      for (const wrong of [
        crypto.randomUUID(),
        "",
        version.slice(0, -1),
        `${version}0`,
        version.toUpperCase(),
        "first",
      ]) {
        if (wrong !== version) expect(await replace(key, wrong)).toBe(false);
      }
      expect(await store.get(key)).toEqual({ value: "first", version });
      expect(await replace(key, version)).toBe(true);
      expect(await readValue(key)).toBe("second");
    });

    test("a put is rejected when somebody else has changed the value, also when it is the same value again", async () => {
      const key = newKey();
      await create(key);
      const version = await versionOf(key);
      expect(await replace(key, version, "theirs", other)).toBe(true);
      expect(await replace(key, version)).toBe(false);
      expect(await readValue(key)).toBe("theirs");
      expect(await replace(key, await versionOf(key, other), "first", other)).toBe(true);
      expect(await replace(key, version)).toBe(false);
      expect(await readValue(key)).toBe("first");
    });

    test("a put is rejected when somebody else has deleted the entry", async () => {
      const key = newKey();
      await create(key);
      const version = await versionOf(key);
      await other.delete(key);
      expect(await replace(key, version)).toBe(false);
      expect(await store.get(key)).toBeNull();
    });

    test("a key never gets a version again, also after its entry was deleted or has expired", async () => {
      const key = newKey();
      const versions = new Set<string>();
      for (let round = 0; round < ROUNDS; round++) {
        const by = round % 2 ? store : other;
        expect(await create(key, "same", by)).toBe(true);
        const version = await versionOf(key);
        for (const old of versions) expect(await replace(key, old)).toBe(false);
        versions.add(version);
        if (round % 3 === 0) await by.delete(key);
        else await by.put(key, "same", { expiresAt: anHourAgo(), ifVersion: version });
      }
      expect(versions.size).toBe(ROUNDS);
    });

    test("of 50 processes that create an entry at once, exactly one succeeds, each time", async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const key = newKey();
        const stored = await Promise.all(writers().map((by, i) => create(key, `by ${i}`, by)));
        expect(stored.filter(Boolean)).toHaveLength(1);
        expect(await readValue(key)).toBe(`by ${stored.indexOf(true)}`);
      }
    });

    test("of 50 processes that replace one version at once, exactly one succeeds, each time", async () => {
      const key = newKey();
      await create(key);
      for (let round = 0; round < ROUNDS; round++) {
        const version = await versionOf(key);
        const stored = await Promise.all(writers().map((by, i) => replace(key, version, `${round} by ${i}`, by)));
        expect(stored.filter(Boolean)).toHaveLength(1);
        expect(await readValue(key)).toBe(`${round} by ${stored.indexOf(true)}`);
      }
    });

    test("20 processes that count in one entry at once lose no count", async () => {
      const key = newKey();
      await create(key, "0");
      const count = async (by: SessionStore): Promise<void> => {
        const entry = await by.get(key);
        const isStored = await replace(key, entry?.version ?? null, String(Number(entry?.value) + 1), by);
        return isStored ? undefined : count(by);
      };
      await Promise.all(writers().slice(0, COUNTERS).map(count));
      expect(await readValue(key)).toBe(String(COUNTERS));
    });

    const writers = () => Array.from({ length: WRITERS }, (_, i) => (i % 2 ? store : other));

    test("an expired entry is absent for every get and put", async () => {
      const key = newKey();
      await create(key);
      const version = await versionOf(key);
      expect(await store.put(key, "expired", { expiresAt: anHourAgo(), ifVersion: version })).toBe(true);
      expect(await other.get(key)).toBeNull();
      expect(await replace(key, version)).toBe(false);
      expect(await create(key, "new", other)).toBe(true);
      expect(await readValue(key)).toBe("new");
    });

    test("an entry expires at its time, and its version with it", async () => {
      const key = newKey();
      const expiresAt = Math.floor(Date.now() / 1000) + 2;
      expect(await store.put(key, "short", { expiresAt, ifVersion: null })).toBe(true);
      const version = await versionOf(key);
      await vi.waitFor(async () => expect(await other.get(key)).toBeNull(), { timeout: 30_000 });
      expect(Date.now() / 1000).toBeGreaterThanOrEqual(expiresAt - 0.1); // Redis has a clock of its own.
      expect(await replace(key, version)).toBe(false);
      expect(await create(key)).toBe(true);
    });

    test("a put extends or shortens the life of an entry", async () => {
      const key = newKey();
      const expiresAt = Math.floor(Date.now() / 1000) + 2;
      await store.put(key, "short", { expiresAt, ifVersion: null });
      expect(await replace(key, await versionOf(key), "long")).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, expiresAt * 1000 - Date.now() + 500));
      expect(await readValue(key, other)).toBe("long");
    });

    test("an expiry between two seconds works", async () => {
      const key = newKey();
      expect(await store.put(key, "a", { expiresAt: inOneHour() + 0.5, ifVersion: null })).toBe(true);
      expect(await readValue(key)).toBe("a");
    });

    test("a value of 300 kB comes back as it was, in every alphabet", async () => {
      for (const part of ["0123456789abcdef", "é", "𝄞"]) {
        const key = newKey();
        const value = part.repeat(Math.floor(LARGE / new TextEncoder().encode(part).length));
        expect(await create(key, value)).toBe(true);
        expect((await readValue(key, other)) === value).toBe(true); // A difference would fill the screen.
        expect(await replace(key, await versionOf(key), `${value.slice(0, -2)}z`)).toBe(true);
        expect((await readValue(key, other)) === `${value.slice(0, -2)}z`).toBe(true);
      }
    });

    test.each(Object.entries(ODD_VALUES))("a value with %s comes back as it was", async (_what, value) => {
      const key = newKey();
      expect(await create(key, value)).toBe(true);
      expect(await readValue(key, other)).toBe(value);
    });

    describe.skipIf(outages.length === 0).each(outages)("while the database %s,", (outage) => {
      test("each call throws instead of waiting, and works again afterwards", { timeout: 60_000 }, async () => {
        const { start, end } = findOutage(outage);
        const by = await database.connect();
        const key = newKey();
        await create(key);
        const entry = await vi.waitFor(() => by.get(key), PATIENCE);
        await start();
        try {
          const calls = [
            by.get(key),
            replace(key, entry?.version ?? null, "a", by),
            create(newKey(), "a", by),
            by.delete(newKey()),
          ];
          const settled = await Promise.allSettled(calls);
          expect(settled.map(({ status }) => status)).toEqual(calls.map(() => "rejected"));
          await expect(by.get(key)).rejects.toThrow(); // The next call does not wait in a queue, either.
        } finally {
          await end();
        }
        await vi.waitFor(() => by.get(key), PATIENCE);
        await vi.waitFor(async () => expect(await create(newKey(), "a", by)).toBe(true), PATIENCE);
        await vi.waitFor(() => store.get(key), PATIENCE);
      });

      test("a store that is used for the first time throws, and works afterwards", { timeout: 60_000 }, async () => {
        const { start, end } = findOutage(outage);
        const late = await database.connect();
        await start();
        try {
          await expect(late.get(newKey())).rejects.toThrow();
        } finally {
          await end();
        }
        await vi.waitFor(async () => expect(await create(newKey(), "late", late)).toBe(true), PATIENCE);
      });
    });

    function findOutage(name: string): Outage {
      const outage = database.outages[name];
      if (!outage) throw new Error(`The database has no outage ${name}`);
      return outage;
    }
  });
}
