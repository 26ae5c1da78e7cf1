import { describe, expect, test } from "vitest";
import { readKeys } from "@/lib/auth/core/base/jwks";

const KEY = { kty: "RSA", alg: "RS256", use: "sig", kid: "1", n: "n".repeat(342), e: "AQAB" };
const read = (change: object) => [...readKeys({ keys: [{ ...KEY, ...change }] }).values()];

describe("a key of a JWKS", () => {
  test("is kept with what a signature takes, and nothing else", () => {
    expect(read({ x5c: ["MII"], more: 1 })).toEqual([{ kty: "RSA", alg: "RS256", kid: "1", n: KEY.n, e: "AQAB" }]);
  });

  test.each([
    ["2,048 bits", "taken", { n: "n".repeat(342) }],
    ["less", "left out", { n: "n".repeat(341) }],
    ["8,192 bits", "taken", { n: "n".repeat(1366) }],
    ["more", "left out", { n: "n".repeat(1367) }],
    ["a modulus that starts with an odd character", "left out", { n: `!${KEY.n}` }],
    ["a modulus that ends with an odd character", "left out", { n: `${KEY.n}=` }],
    ["a modulus that is no text", "left out", { n: 5 }],
    ["an exponent of one character", "taken", { e: "D" }],
    ["an exponent of none", "left out", { e: "" }],
    ["an exponent of six", "taken", { e: "AQABAA" }],
    ["an exponent of seven", "left out", { e: "AQABAAA" }],
    ["an exponent that starts with an odd character", "left out", { e: "!AQAB" }],
    ["an exponent that ends with an odd character", "left out", { e: "AQAB=" }],
    ["an exponent that is no text", "left out", { e: 3 }],
    ["a key id that is no text", "left out", { kid: 5 }],
    ["a key id of no characters", "left out", { kid: "" }],
    ["another type", "left out", { kty: "EC" }],
    ["another algorithm", "left out", { alg: "RS384" }],
    ["another use", "left out", { use: "enc" }],
    ["a private member", "left out", { d: "AQAB" }],
  ])("KS-12 with %s is %s", (_what, verdict, change) => {
    expect(read(change)).toHaveLength(verdict === "taken" ? 1 : 0);
  });

  test("stays the same object for as long as it is the same key, so that nobody imports it again", () => {
    const known = readKeys({ keys: [KEY] });
    const again = (change: object) => readKeys({ keys: [{ ...KEY, ...change }] }, known).get("1") === known.get("1");
    expect(again({})).toBe(true);
    expect([again({ n: "m".repeat(342) }), again({ e: "Aw" })]).toEqual([false, false]);
  });
});

test("KS-12 a key with an exponent that is no short base64url is unusable", () => {
  const exponents = ["AQAB", "", "AAAAAAB", "AQAB=", "=AQAB", "AQ AB", 65_537, undefined];
  const key = { kty: "RSA", alg: "RS256", use: "sig", n: "A".repeat(342) };
  const keys = exponents.map((e, i) => ({ ...key, e, kid: `${i}` }));
  expect([...readKeys({ keys }).keys()]).toEqual(["0"]);
});
