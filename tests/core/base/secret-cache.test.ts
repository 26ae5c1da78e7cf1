import { describe, expect, test } from "vitest";
import { SecretCache } from "@/lib/auth/core/base/secret-cache";

const END = "s".repeat(60); // Two tokens with the same signature have this in common.
const key = (i: number) => `${i}.${"x".repeat(40)}-${i}`.padStart(80, "-");

describe("the cache", () => {
  test("the cache finds an entry only by its whole key", () => {
    const memory = new SecretCache<string>();
    memory.set(`a.${END}`, "Ada");
    expect(memory.get(`a.${END}`)).toBe("Ada");
    for (const other of [`b.${END}`, END, `.${END}`, `aa.${END}`, `a.${END} `, "", "a"]) {
      expect(memory.get(other)).toBeUndefined();
    }
  });

  test("a later key with the same end replaces an entry, and never gets its value", () => {
    const memory = new SecretCache<string>();
    memory.set(`a.${END}`, "Ada");
    memory.set(`b.${END}`, "Ben");
    expect([memory.get(`a.${END}`), memory.get(`b.${END}`)]).toEqual([undefined, "Ben"]);
    memory.delete(`b.${END}`);
    expect(memory.get(`b.${END}`)).toBeUndefined();
  });

  test("DS-11 the cache keeps the latest 2,000 entries", () => {
    const memory = new SecretCache<number>();
    for (let i = 0; i < 2_001; i++) memory.set(key(i), i);
    expect([0, 1, 2_000].map((i) => memory.get(key(i)))).toEqual([undefined, 1, 2_000]);
  });

  test("DS-11 the cache keeps four million characters of keys, and not one more", () => {
    const sized = (i: number, length: number) => "y".repeat(length - 80) + key(i);
    const first = (charactersOfTheLast: number) => {
      const memory = new SecretCache<string>();
      for (let i = 0; i < 249; i++) memory.set(sized(i, 16_000), "kept");
      memory.set(sized(249, charactersOfTheLast), "kept");
      return memory.get(sized(0, 16_000));
    };
    expect([first(16_000), first(16_001)]).toEqual(["kept", undefined]);
  });

  test("DS-11 the cache keeps at most four million characters after any number of additions and deletions", () => {
    const memory = new SecretCache<number>();
    const large = (i: number) => key(i) + "y".repeat(16_000 - 80) + key(i).slice(-20);
    for (let round = 0; round < 3; round++) for (let i = 0; i < 250; i++) memory.set(large(i), i);
    const kept = Array.from({ length: 250 }, (_, i) => memory.get(large(i))).filter((it) => it !== undefined);
    expect(kept).toHaveLength(Math.floor(4_000_000 / large(0).length));
    for (let i = 0; i < 250; i++) memory.delete(large(i));
    for (let i = 0; i < 2_000; i++) memory.set(key(i), i);
    expect(memory.get(key(0))).toBe(0);
  });
});
