import { describe, expect, test } from "vitest";
import { readKeys } from "@/lib/auth/core/base/jwks";

const KEY = { kty: "RSA", alg: "RS256", use: "sig", kid: "1", n: "n".repeat(342), e: "AQAB" };
const read = (change: object) => [...readKeys({ keys: [{ ...KEY, ...change }] }).values()];

describe("a key of a JWKS", () => {
  test("a key keeps the members that a signature needs, and no others", () => {
    expect(read({ x5c: ["MII"], more: 1 })).toEqual([{ kty: "RSA", alg: "RS256", kid: "1", n: KEY.n, e: "AQAB" }]);
  });

  test.each([
    ["2,048 bits", "taken", { n: "n".repeat(342) }],
    ["fewer than 2,048 bits", "left out", { n: "n".repeat(341) }],
    ["8,192 bits", "taken", { n: "n".repeat(1366) }],
    ["more than 8,192 bits", "left out", { n: "n".repeat(1367) }],
    ["a modulus that starts with an odd character", "left out", { n: `!${KEY.n}` }],
    ["a modulus that ends with an odd character", "left out", { n: `${KEY.n}=` }],
    ["a modulus that is no text", "left out", { n: 5 }],
    ["an exponent of one character", "taken", { e: "D" }],
    ["an empty exponent", "left out", { e: "" }],
    ["an exponent of six characters", "taken", { e: "AQABAA" }],
    ["an exponent of seven characters", "left out", { e: "AQABAAA" }],
    ["an exponent that starts with an odd character", "left out", { e: "!AQAB" }],
    ["an exponent that ends with an odd character", "left out", { e: "AQAB=" }],
    ["an exponent that is no text", "left out", { e: 3 }],
    ["a key id that is no text", "left out", { kid: 5 }],
    ["a key id of no characters", "left out", { kid: "" }],
    ["another type", "left out", { kty: "EC" }],
    ["another algorithm", "left out", { alg: "RS384" }],
    ["another use", "left out", { use: "enc" }],
    ["a private member", "left out", { d: "AQAB" }],
  ])("KS-12 a key with %s is %s", (_what, verdict, change) => {
    expect(read(change)).toHaveLength(verdict === "taken" ? 1 : 0);
  });

  test("an unchanged key stays the same object, so it is imported once", () => {
    const known = readKeys({ keys: [KEY] });
    const again = (change: object) => readKeys({ keys: [{ ...KEY, ...change }] }, known).get("1") === known.get("1");
    expect(again({})).toBe(true);
    expect([again({ n: "m".repeat(342) }), again({ e: "Aw" })]).toEqual([false, false]);
  });
});

test("KS-12 the kit rejects a key whose exponent is not short base64url", () => {
  const exponents = ["AQAB", "", "AAAAAAB", "AQAB=", "=AQAB", "AQ AB", 65_537, undefined];
  const key = { kty: "RSA", alg: "RS256", use: "sig", n: "A".repeat(342) };
  const keys = exponents.map((e, i) => ({ ...key, e, kid: `${i}` }));
  expect([...readKeys({ keys }).keys()]).toEqual(["0"]);
});
