// npm run fleet -- [--sizes 1,2,4,8,16] [--next 2] [--expiries 3] [--faults 4] [--markdown]
import { parseArgs } from "node:util";
import { describeLoad, describeMachine, formatPart } from "../bench/report";
import { type Found, measureExpiries } from "./expiry";
import { type Interruption, measureInterruptions } from "./faults";
import { describeFleet } from "./report";
import { buildSites, type Kind } from "./site";

const USAGE = "Usage: npm run fleet -- [--sizes 1,2,4,8,16] [--next 1,2] [--expiries 3] [--faults 4] [--markdown]";
const LISTENERS = 200; // Each server has one for the end of this process.

const { values } = parseArgs({
  options: {
    /** How many light servers. 0: none. */
    sizes: { type: "string", default: "1,2,4,8,16" },
    /** How many servers are a whole `next start`. 0: none. */
    next: { type: "string", default: "1,2" },
    expiries: { type: "string", default: "3" },
    /** How many light servers the faults have. 0: no faults. */
    faults: { type: "string", default: "4" },
    markdown: { type: "boolean", default: false },
  },
});
const sizes: Readonly<Record<Kind, readonly number[]>> = { light: readList(values.sizes), next: readList(values.next) };
const [[expiries = 1], [faulty]] = [readList(values.expiries), readList(values.faults)];

// The servers are killed on the way out, and that has to be a proper exit.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));
process.setMaxListeners(LISTENERS);

await buildSites(sizes.next.length > 0 ? ["light", "next"] : ["light"]);
console.log(describeMachine());
const found: Found[] = [];
for (const kind of ["light", "next"] as const) {
  for (const size of sizes[kind]) {
    console.error(`${size} servers, ${kind}`);
    found.push(await measureExpiries(kind, size, expiries));
  }
}
let interruptions: readonly Interruption[] = [];
if (faulty !== undefined) {
  console.error(`Faults, ${faulty} servers`);
  interruptions = await measureInterruptions("light", faulty);
}
const part = describeFleet(found, interruptions);
console.log(`\n${formatPart(part, values.markdown)}\n\n${describeLoad()} at the end`);
process.exit(part.goals.every(({ isReached }) => isReached) ? 0 : 1);

/** Without 0. */
function readList(text: string): readonly number[] {
  if (!/^\d{1,2}(,\d{1,2})*$/.test(text)) {
    console.error(USAGE);
    process.exit(2);
  }
  return text.split(",").map(Number).filter(Boolean);
}
