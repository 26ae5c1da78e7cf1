// npm run chaos -- [--short] [--load] [--seconds 180] [--sessions 48] [--seed 1] [--rows <pattern>]
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { buildVariant } from "../../e2e/support/variants";
import { runChaos, STORED_ROW } from "./chaos";
import { startLoad } from "./load";
import { formatReport } from "./report";

const FULL_RUN = { seconds: 180, requests: 10_000 };
/** A minute, without the rows that need a server to be stopped for long. */
const SHORT_RUN = {
  seconds: 16,
  sessions: 16,
  requests: 300,
  stopSeconds: [2, 3],
  rows: /grace 60 s, another|1 server|killed|sticky/,
} as const;
/** Every kit loses its sessions in this row: a run that reports none does not see losses. */
const LOSING_ROW = /^killed .* no grace$/;
const LOADED_SHARE = 0.15; // Of the requests, when other processes take most of the time.
const OVERTIME_S = 180;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: String(FULL_RUN.seconds) },
    sessions: { type: "string", default: "48" },
    seed: { type: "string", default: "1" },
    rows: { type: "string" },
    load: { type: "boolean", default: false },
    short: { type: "boolean", default: false },
  },
});
const seconds = readNumber(values.seconds);
const sessions = readNumber(values.sessions);
const seed = readNumber(values.seed);
const full = Math.round((FULL_RUN.requests * seconds * (values.load ? LOADED_SHARE : 1)) / FULL_RUN.seconds);
const rows = values.rows === undefined ? {} : { rows: new RegExp(values.rows) };
const options = {
  seconds,
  sessions,
  seed,
  requests: full,
  stopSeconds: [12, 20],
  isLoaded: values.load,
  ...(values.short && SHORT_RUN),
  ...rows,
} as const;
const wanted = values.rows === undefined ? options.requests : 0;

// The servers and the load are killed on the way out, and that has to be a proper exit.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));

await buildVariant("middleware");
if (options.rows?.test(STORED_ROW) ?? true) await buildVariant("stored");
const stopLoad = values.load ? startLoad() : null;
setTimeout(
  () => {
    console.error("The run did not end in time");
    process.exit(1);
  },
  ((values.load ? 3 : 1.5) * options.seconds + OVERTIME_S) * 1000,
).unref();

const report = await runChaos(options);
const average = loadavg()[0]?.toFixed(1);
stopLoad?.();
const requests = report.rows.reduce((sum, row) => sum + row.requests, 0);
const isGood = report.rows.every((row) => row.isGood);
const isEnough = requests >= wanted;
const seesLosses = report.rows.every(({ name, lost }) => !LOSING_ROW.test(name) || lost.length > 0);
console.log(`${formatReport(report, options, values.load ? `all busy, load average ${average}` : "")}\n`);
console.log(isGood ? "No session was lost." : "Not good: see above.");
if (!isEnough) console.log(`Too few requests: ${wanted} were wanted.`);
if (!seesLosses) console.log("No session was lost without a grace period: the run does not see losses.");
process.exit(isGood && isEnough && seesLosses ? 0 : 1);

function readNumber(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  console.error("Usage: npm run chaos -- [--short] [--load] [--seconds N] [--sessions N] [--seed N] [--rows PATTERN]");
  process.exit(2);
}
