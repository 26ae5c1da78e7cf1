// npm run bench: what the kit costs, beside nothing at all and beside others, in one run. On Linux: it reads /proc.
import { parseArgs } from "node:util";
import { runBundle } from "./bundle";
import { runCold } from "./cold";
import { runCosts } from "./costs";
import { runHttp } from "./http";
import { runMicro } from "./micro";
import { runRefresh } from "./refresh";
import { describeLoad, describeMachine, formatPart, type Part } from "./report";

const PARTS: Readonly<Record<string, (isQuick: boolean) => Promise<Part>>> = {
  micro: runMicro,
  http: runHttp,
  costs: runCosts,
  refresh: runRefresh,
  cold: runCold,
  bundle: runBundle,
};

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: Object.keys(PARTS) },
    quick: { type: "boolean", default: false },
    markdown: { type: "boolean", default: false },
  },
});
const unknown = values.only.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  console.error(`Usage: npm run bench -- [--only ${Object.keys(PARTS).join("|")}] [--quick] [--markdown]`);
  process.exit(2);
}

// The servers are killed on the way out, and that has to be a proper exit.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));

console.log(describeMachine());
for (const name of values.only) {
  const part = await PARTS[name]?.(values.quick);
  if (part) console.log(`\n${formatPart(part, values.markdown)}`);
}
console.log(`\n${describeLoad()} at the end`);
process.exit(0);
