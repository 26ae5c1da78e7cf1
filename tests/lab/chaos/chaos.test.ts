import { expect, test } from "vitest";
import { runChaos } from "./chaos";
import { KILL_SESSIONS } from "./kill-row";
import { formatReport } from "./report";

const SHORT = {
  seconds: 16,
  sessions: 16,
  seed: 34,
  requests: 300,
  stopSeconds: [2, 3],
  rows: /grace 60 s, another|1 server|killed|sticky/,
} as const;

test("RF-03 RF-06 RF-07 nobody is signed out while servers are killed or stopped and Cognito fails in every way", {
  timeout: 180_000,
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
  expect(rows.find(({ excuse }) => excuse !== null)?.lost.length, text).toBe(KILL_SESSIONS);
});
