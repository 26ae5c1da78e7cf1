// npx tsx tests/mutation/run.ts [--max 120] [--seed 1] [--minutes 30] [--at verify,keys.ts:80] [--workers 2] [--quick]
// Changes lib/auth/core in one place at a time, in copies of the project, and tells which changes no test notices.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { makeCopy, ROOT, runTests } from "./copy";
import { createMutants, type Mutant } from "./mutants";
import { nearestTests } from "./nearest";
import { isEquivalent } from "./survivors";

type Verdict = "killed" | "timed out" | "survived" | "invalid";
type Outcome = { verdict: Verdict; by: string };

const CORE = "lib/auth/core";
const TIMEOUT_MS = { nearest: 180_000, all: 900_000 };

const { values: options } = parseArgs({
  options: {
    max: { type: "string", default: "120" },
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "30" },
    workers: { type: "string", default: "2" },
    at: { type: "string", default: "" },
    quick: { type: "boolean", default: false },
  },
});

const end = Date.now() + Number(options.minutes) * 60_000;
const places = options.at.split(",");
const all = readdirSync(ROOT + CORE)
  .flatMap((name) => createMutants(name, readFileSync(`${ROOT}${CORE}/${name}`, "utf8")))
  .filter((mutant) => !isEquivalent(mutant))
  .filter(({ file, line }) => !options.at || [`${file}:${line}`, file.slice(0, -3)].some((it) => places.includes(it)));
const queue = shuffle(all, Number(options.seed)).slice(0, Number(options.max));
const verdicts: Record<Verdict, Mutant[]> = { killed: [], "timed out": [], survived: [], invalid: [] };

console.log(`${queue.length} of ${all.length} mutants, seed ${options.seed}`);
await Promise.all(Array.from({ length: Number(options.workers) }, (_, i) => work(makeCopy(String(i)))));
report();

async function work(folder: string): Promise<void> {
  const usual = options.quick ? [...new Set(queue.flatMap(nearest))] : [];
  if (queue.length === 0 || (await test(folder, usual)).verdict !== "survived")
    throw new Error("The tests fail without any change");
  for (let mutant = queue.shift(); mutant && Date.now() < end; mutant = queue.shift()) {
    const path = `${folder}/${CORE}/${mutant.file}`;
    writeFileSync(path, mutant.text);
    const { verdict, by } = await judge(folder, mutant);
    writeFileSync(path, readFileSync(`${ROOT}${CORE}/${mutant.file}`));
    verdicts[verdict].push(mutant);
    console.log(`${verdict}  ${describe(mutant)}  ${by}`);
  }
  rmSync(folder, { recursive: true, force: true });
}

/** One test file after the other: most mutants are noticed by the first. */
async function judge(folder: string, mutant: Mutant): Promise<Outcome> {
  for (const file of nearest(mutant)) {
    const outcome = await test(folder, [file]);
    if (outcome.verdict !== "survived") return outcome;
  }
  return options.quick ? { verdict: "survived", by: "" } : test(folder, []);
}

function nearest({ file }: Mutant): readonly string[] {
  return nearestTests(`${CORE}/${file}`);
}

async function test(folder: string, files: readonly string[]): Promise<Outcome> {
  const limit = files.length > 0 ? TIMEOUT_MS.nearest : TIMEOUT_MS.all;
  const { code, output } = await runTests(folder, ["--bail", "1", ...files], limit);
  const by = /FAIL.*?(tests\/.*)/.exec(output)?.[1] ?? "";
  if (code === null) return { verdict: "timed out", by };
  if (code === 0) return { verdict: "survived", by };
  return { verdict: /Transform failed|PARSE_ERROR|No test files found/.test(output) ? "invalid" : "killed", by };
}

function report(): void {
  const { killed, survived, invalid, "timed out": late } = verdicts;
  const rate = ((100 * killed.length) / Math.max(1, killed.length + survived.length + late.length)).toFixed(1);
  const counts = `${killed.length} killed, ${survived.length} survived, ${late.length} timed out, ${invalid.length} no code`;
  console.log(`\n${counts}: ${rate} % killed for sure`);
  for (const mutant of [...survived, ...late]) console.log(describe(mutant));
}

function describe({ file, line, before, after }: Mutant): string {
  return `${file}:${line}  ${before}  →  ${after}`;
}

/** The same order for the same seed (mulberry32). */
function shuffle<T>(items: readonly T[], seed: number): T[] {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return items
    .map((item) => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}
