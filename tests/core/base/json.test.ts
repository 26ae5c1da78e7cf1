import { describe, expect, test } from "vitest";
import { asRecord, decodeJson } from "@/lib/auth/core/base/json";

const encode = (value: string | Uint8Array) => Buffer.from(value).toString("base64url");

describe("JW-23 the JSON in a token or a cookie", () => {
  test.each([
    ["text that is not UTF-8", encode(new Uint8Array([0x22, 0xc3, 0x28, 0x22]))],
    ["no JSON", encode("{")],
    ["no base64url", "*"],
    ["nothing", ""],
  ])("decodeJson returns undefined for %s", (_what, text) => expect(decodeJson(text)).toBeUndefined());

  test("decodeJson reads UTF-8", () => expect(decodeJson(encode('"Zoë"'))).toBe("Zoë"));

  test.each([[null], [undefined], [5], ["text"], [["a", "list"]]])("asRecord returns no members for %j", (value) =>
    expect(asRecord(value)).toEqual({}),
  );
});
