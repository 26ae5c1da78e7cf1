import { describe, expect, test } from "vitest";
import { asRecord, decodeJson } from "@/lib/auth/core/base/json";

const encode = (value: string | Uint8Array) => Buffer.from(value).toString("base64url");

describe("JW-23 what a token or a cookie holds", () => {
  test.each([
    ["text that is not UTF-8", encode(new Uint8Array([0x22, 0xc3, 0x28, 0x22]))],
    ["no JSON", encode("{")],
    ["no base64url", "*"],
    ["nothing", ""],
  ])("is nothing when it is %s", (_what, text) => expect(decodeJson(text)).toBeUndefined());

  test("is read as UTF-8", () => expect(decodeJson(encode('"Zoë"'))).toBe("Zoë"));

  test.each([[null], [undefined], [5], ["text"], [["a", "list"]]])("has no members when it is %j", (value) =>
    expect(asRecord(value)).toEqual({}),
  );
});
