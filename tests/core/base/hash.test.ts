import { describe, expect, test } from "vitest";
import { createSecret, fingerprint, isEqual, sha256 } from "@/lib/auth/core/base/hash";

const encode = (value: string | Uint8Array) => Buffer.from(value).toString("base64url");

describe("CB-01 two states", () => {
  test.each([
    ["", ""],
    ["s", "s"],
    ["a state", "a state"],
  ])("%j and %j are equal", (a, b) => expect(isEqual(a, b)).toBe(true));

  test.each([
    ["the first character differs", "a state", "b state"],
    ["the last character differs", "state a", "state `"],
    ["the case differs", "state", "State"],
    ["one goes on", "state", "state1"],
    ["the other goes on", "state1", "state"],
    ["one is empty", "", "s"],
    ["the other is empty", "s", ""],
  ])("two states are not equal when %s", (_what, a, b) => expect(isEqual(a, b)).toBe(false));
});

describe("secrets", () => {
  test("AR-03 a secret has 256 bits, and two secrets never repeat", () => {
    const secrets = new Set(Array.from({ length: 100 }, createSecret));
    expect(secrets.size).toBe(100);
    for (const secret of secrets) expect(Buffer.from(secret, "base64url")).toHaveLength(32);
  });

  test("the fingerprint of a secret is always the same 132 bits of its hash", async () => {
    const hash = encode(await sha256('["a secret",1]'));
    for (const _time of [1, 2]) expect(await fingerprint("a secret", 1)).toBe(hash.slice(0, 22));
  });
});
