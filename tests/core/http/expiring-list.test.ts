import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Kit, LONG_TEXTS, TYPED, usePool } from "../../support/kit";

const START = Date.parse("2026-06-01T12:00:00Z");
const NOW = START / 1000;

const pool = usePool();

let kit: Kit;
beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.setSystemTime(START);
  kit = await pool.load();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const jarOf = (cookie = "") => new kit.core.CookieJar(new Headers({ cookie }), kit.config());
const encode = (text: string) => Buffer.from(text).toString("base64url");

test("the kit reads a list as it was written, and the cookie lives as long as the entry that expires last", async () => {
  const { readEntries, writeEntries } = kit.core.expiringList;
  const jar = jarOf();
  await writeEntries(jar, "spent", [
    ["one", NOW + 600],
    ["two", NOW + 60],
  ]);
  expect(jar.changes.map(({ maxAge }) => maxAge)).toEqual([600]);
  const sent = jarOf(jar.applyToHeader(""));
  const keys = async () => (await readEntries(sent, "spent")).map(([key]) => key);
  expect(await keys()).toEqual(["one", "two"]);
  vi.setSystemTime(START + 60_000);
  expect(await keys()).toEqual(["one"]);
  vi.setSystemTime(START + 600_000);
  expect(await keys()).toEqual([]);
});

test("the kit does not write a list of expired entries", async () => {
  const jar = jarOf();
  await kit.core.expiringList.writeEntries(jar, "spent", [["one", NOW]]);
  expect(jar.changes).toEqual([]);
});

test.each(["", "one", "one.", ".1", "one.x", "one.-1", `one.${NOW}`, "~~~", "{}"])(
  "CK-18 the kit finds no entries in %j",
  (text) => expect(kit.core.expiringList.parseEntries(text)).toEqual([]),
);

test.each(LONG_TEXTS)(
  "DS-08 two hundred thousand %s as a list of ended sessions get an answer",
  async (_what, text) => {
    const facts = encode(JSON.stringify({ iss: pool.cognito.issuer, sub: "nobody", exp: 4_102_444_800 }));
    const cookie = `__Host-auth.refresh=${facts}.made-up; __Host-auth.ended=${text}`;
    const request = pool.browser(kit).request("/dashboard", { ...TYPED, cookie });
    expect((await kit.middleware.default(request)).status).toBe(303);
  },
);
