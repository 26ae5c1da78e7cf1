import { expect, test } from "vitest";
import { runChaos } from "./chaos";
import { KILL_SESSIONS } from "./kill-row";
import { formatReport } from "./report";

const SHORT = { seconds: 12, sessions: 16, seed: 34, requests: 300 };

test("RF-03 RF-06 RF-07 nobody is signed out while servers are killed and Cognito fails in every way", {
  timeout: 120_000,
}, async () => {
  const { rows, faults } = await runChaos(SHORT);
  const text = formatReport({ rows, faults }, SHORT);
  expect(
    rows.every((row) => row.isGood),
    text,
  ).toBe(true);
  expect(
    rows.reduce((sum, row) => sum + row.requests, 0),
    text,
  ).toBeGreaterThanOrEqual(SHORT.requests);
  // The run has eyes: without grace nothing can save who waits for the answer of a server that is killed.
  expect(rows.at(-1)?.lost.length, text).toBe(KILL_SESSIONS);
});
