import { describe, expect, test } from "vitest";
import { createTables, readChanges } from "../lab/scaling";
import { findDocument } from "./documents";

const { text } = findDocument("lib/auth/docs/scaling.md");

/** The cells of a row of a table, without its name. */
const cells = (table: string, name: string) =>
  table
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .find((row) => row[1] === name)
    ?.slice(2, -1);

test("the tables of scaling.md are those that npm run scaling prints", async () => {
  const { load, limits } = await createTables();
  expect(text).toContain(`\n\n${load}\n\n`);
  expect(text).toContain(`\n\n${limits}\n\n`);
});

test("scaling.md names the size of a record that the kit's own code has", async () => {
  const { recordBytes } = await createTables();
  const units = `${Math.ceil(recordBytes / 4096)} read units, ${Math.ceil(recordBytes / 1024)} write units`;
  expect(text).toContain(`${recordBytes.toLocaleString("en")} bytes: ${units}`);
});

describe("npm run scaling", () => {
  test("counts one call for each visit when tokens live an hour", async () => {
    const { load, limits } = await createTables({ visits: 1, peak: 1, sessionDays: 1e9 });
    expect(cells(load, "token calls, busiest second: one for each expiry")).toEqual(["0.12", "12", "1,160"]);
    expect(cells(limits, "token calls, by default (can be raised)")?.[2]).toBe("10 million"); // 120 × 86,400 users.
  });

  test("adds the costs when it knows the prices, and says so when it does not", async () => {
    const { load } = await createTables({ userPrice: 0.01 });
    expect(cells(load, "Cognito, a month")).toEqual(["$100", "$10,000", "$1 million"]);
    expect(cells(load, "DynamoDB, a month")).toEqual(["no price given", "no price given", "no price given"]);
  });

  test.each(["price=1", "visits", "visits=", "visits=many"])("rejects %s", (argument) => {
    expect(() => readChanges([argument])).toThrow("with one of: visits, ");
  });
});
