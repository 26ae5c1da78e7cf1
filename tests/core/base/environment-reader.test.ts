import { describe, expect, test } from "vitest";
import { EnvironmentReader } from "@/lib/auth/core/base/environment-reader";

describe("a list of values", () => {
  const read = (value: string | undefined, fallback?: string) => {
    const env = new EnvironmentReader({ LIST: value });
    const list = env.readList("LIST", /^\w+$/, "is wrong", fallback);
    return () => {
      env.check();
      return list;
    };
  };

  test("CF-01 is separated by commas, and spaces do not count", () => {
    expect(read(" a , b,c ")()).toEqual(["a", "b", "c"]);
    expect(read("", "")()).toEqual([]);
  });

  test.each(["a,", ",", "a b", "undefined"])(
    "CF-01 with a wrong entry is an error that names the variable: %j",
    (value) => {
      expect(read(value, value === "undefined" ? undefined : "")).toThrow("LIST is wrong");
    },
  );

  test("CF-01 that is required must not be missing", () => expect(read(undefined)).toThrow("LIST is missing"));
});

test("CF-01 only the first problem of a variable is named, and all variables with a problem are", () => {
  const env = new EnvironmentReader({ A: "x", B: "0" });
  env.readUrl("A", /./, "");
  env.addProblem("A", "is wrong again");
  expect(env.readNumber("B", "must be whole seconds")).toBe(0);
  expect(() => env.check()).toThrow(/^A must be https \(or http on loopback\), no query; B must be whole seconds\. /);
});
