import { parseArgs } from "node:util";
import { buildVariant } from "../e2e/support/variants";
import { runChaos } from "./chaos";
import { formatReport } from "./report";

const FULL_RUN = { seconds: 180, requests: 20_000 };
const OVERTIME_S = 120;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: String(FULL_RUN.seconds) },
    sessions: { type: "string", default: "48" },
    seed: { type: "string", default: "1" },
  },
});
const seconds = readNumber(values.seconds);
const sessions = readNumber(values.sessions);
const seed = readNumber(values.seed);
const wanted = Math.round((FULL_RUN.requests * seconds) / FULL_RUN.seconds);
const options = { seconds, sessions, seed, requests: wanted };

// The servers are killed on the way out, and that has to be a proper exit.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));

await buildVariant("middleware");
setTimeout(
  () => {
    console.error("The run did not end in time");
    process.exit(1);
  },
  (1.5 * seconds + OVERTIME_S) * 1000,
).unref();

const report = await runChaos(options);
const requests = report.rows.reduce((sum, row) => sum + row.requests, 0);
const isGood = report.rows.every((row) => row.isGood);
const isEnough = requests >= wanted;
console.log(`${formatReport(report, options)}\n`);
console.log(isGood ? "No session was lost." : "Not good: see above.");
if (!isEnough) console.log(`Too few requests: ${wanted} were wanted.`);
process.exit(isGood && isEnough ? 0 : 1);

function readNumber(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  console.error("Usage: npm run chaos -- [--seconds N] [--sessions N] [--seed N]");
  process.exit(2);
}
