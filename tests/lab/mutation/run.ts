// npx tsx tests/lab/mutation/run.ts [--max 120] [--seed 1] [--minutes 30] [--at api,logout/route,core/tokens/keys.ts:80]
//   [--workers 2] [--out tests/.output/mutation/verdicts.jsonl]
// Changes the kit in one place at a time, in copies of the project, and tells which changes no test notices. What `--out`
// already holds is not judged again, so that several runs add up; `--max 0` prints what is known.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { makeCopy, ROOT, runTests, type TestFile } from "./copy";
import { createMutants, type Mutant } from "./mutants";
import { orderTests } from "./order";
import { isEquivalent } from "./survivors";
import { describe, type Verdict, Verdicts } from "./verdicts";

const FOLDERS = [
  "lib/auth",
  "lib/auth/core",
  ...["base", "http", "tokens", "session", "sign-in"].map((layer) => `lib/auth/core/${layer}`),
  "app/auth/login",
  "app/auth/callback",
  "app/auth/logout",
  "app/auth/error",
];
const IN_BROWSERS_ONLY = ["lib/auth/session-watch-client.tsx"]; // tests/e2e has what it must do.
const LIMIT_MS = 900_000;

const { values: options } = parseArgs({
  options: {
    max: { type: "string", default: "120" },
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "30" },
    workers: { type: "string", default: "2" },
    at: { type: "string", default: "" },
    out: { type: "string", default: `${ROOT}tests/.output/mutation/verdicts.jsonl` },
  },
});

// The tests are killed on the way out, and that has to be a proper exit.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));

const end = Date.now() + Number(options.minutes) * 60_000;
const places = options.at.split(",").filter(Boolean);
const verdicts = new Verdicts(options.out);
const all = FOLDERS.flatMap((folder) => readdirSync(ROOT + folder).map((name) => `${folder}/${name}`))
  .filter((file) => /\.tsx?$/.test(file) && !IN_BROWSERS_ONLY.includes(file))
  .flatMap((file) => createMutants(file, readFileSync(ROOT + file, "utf8")))
  .filter((mutant) => !isEquivalent(mutant) && isWanted(mutant));
const open = all.filter((mutant) => !verdicts.find(mutant));
const queue = shuffle(open, Number(options.seed)).slice(0, Number(options.max));

console.log(
  `${all.length} mutants, ${all.length - open.length} judged before; now ${queue.length}, seed ${options.seed}`,
);
if (queue.length > 0) {
  const copies = Array.from({ length: Number(options.workers) }, (_, i) => makeCopy(String(i)));
  const tests = await tryWithoutChange(copies[0] ?? "");
  await Promise.all(copies.map((folder) => work(folder, tests)));
}
report();

async function tryWithoutChange(folder: string): Promise<readonly TestFile[]> {
  const { hasFailed, failures, tests, output } = await runTests(folder, [], { timeoutMs: LIMIT_MS, bail: 0 });
  const titles = failures.map(({ title }) => title).join("\n");
  if (hasFailed) throw new Error(`Without any change these fail:\n${titles || output.slice(-2_000)}`);
  return tests;
}

async function work(folder: string, tests: readonly TestFile[]): Promise<void> {
  const usualMs = tests.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  for (let mutant = queue.shift(); mutant && Date.now() < end; mutant = queue.shift()) {
    const { file, text } = mutant;
    writeFileSync(`${folder}/${file}`, text);
    const run = await runTests(folder, orderTests(file, tests), { timeoutMs: 120_000 + 3 * usualMs, bail: 1 });
    writeFileSync(`${folder}/${file}`, readFileSync(ROOT + file));
    const isCode = !/Transform failed|PARSE_ERROR|No test files found/.test(run.output);
    const failed: Verdict = isCode ? "killed" : "invalid";
    const verdict = run.isOver ? (run.hasFailed ? failed : "survived") : "timed out";
    const by = run.failures[0]?.file ?? "";
    verdicts.add(mutant, verdict, by);
    console.log(`${verdict}  ${describe(mutant)}  ${by}`);
  }
  rmSync(folder, { recursive: true, force: true });
}

/** Of this run and those before. */
function report(): void {
  const judged = all.map((mutant) => ({ mutant, verdict: verdicts.find(mutant)?.verdict ?? "not judged" }));
  const count = (verdict: string) => judged.filter((it) => it.verdict === verdict).length;
  const [killed, survived, late] = [count("killed"), count("survived"), count("timed out")];
  const rate = ((100 * killed) / Math.max(1, killed + survived + late)).toFixed(1);
  const others = `${count("invalid")} no code, ${count("not judged")} not judged`;
  console.log(`\n${killed} killed, ${survived} survived, ${late} timed out, ${others}: ${rate} % killed for sure`);
  for (const { mutant, verdict } of judged) {
    if (verdict === "survived" || verdict === "timed out") console.log(`${verdict}  ${describe(mutant)}`);
  }
}

/** A place is a file, a folder, or a line: `core/keys`, `app/auth`, `core/tokens/keys.ts:80`. */
function isWanted({ file, line }: Mutant): boolean {
  const names = [`/${file}:${line}`, `/${file.replace(/\.tsx?$/, "")}`];
  const isAt = (place: string) => names.some((it) => it.endsWith(`/${place}`) || it.startsWith(`/${place}/`));
  return places.length === 0 || places.some(isAt);
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
