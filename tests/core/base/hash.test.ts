import { describe, expect, test } from "vitest";
import { createSecret, fingerprint, isEqual, sha256 } from "@/lib/auth/core/base/hash";

const encode = (value: string | Uint8Array) => Buffer.from(value).toString("base64url");

describe("CB-01 two states are equal", () => {
  test.each([
    ["", ""],
    ["s", "s"],
    ["a state", "a state"],
  ])("when nothing differs: %j and %j", (a, b) => expect(isEqual(a, b)).toBe(true));

  test.each([
    ["the first character differs", "a state", "b state"],
    ["the last character differs", "state a", "state `"],
    ["the case differs", "state", "State"],
    ["one goes on", "state", "state1"],
    ["the other goes on", "state1", "state"],
    ["one is empty", "", "s"],
    ["the other is empty", "s", ""],
  ])("and not when %s", (_what, a, b) => expect(isEqual(a, b)).toBe(false));
});

describe("secrets", () => {
  test("AR-03 a secret has 256 bits, and no two are alike", () => {
    const secrets = new Set(Array.from({ length: 100 }, createSecret));
    expect(secrets.size).toBe(100);
    for (const secret of secrets) expect(Buffer.from(secret, "base64url")).toHaveLength(32);
  });

  test("a secret is named by 132 bits of its hash, at the first time and later", async () => {
    const hash = encode(await sha256('["a secret",1]'));
    for (const _time of [1, 2]) expect(await fingerprint("a secret", 1)).toBe(hash.slice(0, 22));
  });
});
