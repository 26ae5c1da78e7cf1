// npx tsx tests/lab/mutation/planted.ts [--only nonce] [--part 1/3]
// Takes one protection after the other out of a copy of the kit, and tells which test notices first. Parts may run at
// once.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { BUGS, type Bug } from "./bugs";
import { makeCopy, ROOT, type Run, runTests } from "./copy";
import { orderTests } from "./order";

const TIMEOUT_MS = 900_000;

const { values: options } = parseArgs({
  options: { only: { type: "string", default: "" }, part: { type: "string", default: "1/1" } },
});
const [part = 1, parts = 1] = options.part.split("/").map(Number);
const bugs = BUGS.filter(({ what }) => what.includes(options.only)).filter((_, i) => i % parts === part - 1);
if (bugs.length === 0) throw new Error("No planted bug is of this name and part");
for (const bug of bugs) plant(bug); // That no bug has become impossible is told at once.

// The tests are killed on the way out, and that has to be a proper exit.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));

const folder = makeCopy(`planted-${process.pid}`);
const { failures, tests, ...before } = await runTests(folder, [], { timeoutMs: TIMEOUT_MS, bail: 0 });
if (before.hasFailed) {
  throw new Error(`Without any bug these fail: ${titlesOf(failures).join("; ") || before.output.slice(-2_000)}`);
}
const unnoticed: string[] = [];
for (const bug of bugs) {
  const path = `${folder}/${bug.file}`;
  writeFileSync(path, plant(bug));
  const run = await runTests(folder, orderTests(bug.file, tests), { timeoutMs: TIMEOUT_MS, bail: 1 });
  writeFileSync(path, readFileSync(ROOT + bug.file));
  if (run.hasFailed && run.failures.length === 0)
    throw new Error(`The tests did not run:\n${run.output.slice(-2_000)}`);
  if (!run.hasFailed) unnoticed.push(bug.what);
  console.log(`\n${bug.what} (${bug.file}): ${run.hasFailed ? "caught by" : "not caught"}`);
  for (const title of titlesOf(run.failures)) console.log(`  ${title}`);
}
rmSync(folder, { recursive: true, force: true });
console.log(`\n${bugs.length - unnoticed.length} of ${bugs.length} planted bugs were caught`);
if (unnoticed.length > 0) throw new Error(`No test noticed: ${unnoticed.join("; ")}`);

/** The file with the bug. */
function plant({ what, file, changes }: Bug): string {
  return changes.reduce(
    (text, [before, after]) => {
      if (text.split(before).length !== 2) throw new Error(`"${what}" does not fit ${file} any more: ${before}`);
      return text.replace(before, () => after);
    },
    readFileSync(ROOT + file, "utf8"),
  );
}

/** Those first that name a rule. */
function titlesOf(failures: Run["failures"]): readonly string[] {
  const isRule = (title: string) => /^[A-Z]{2}-\d/.test(title);
  return failures.map(({ title }) => title).sort((a, b) => Number(isRule(b)) - Number(isRule(a)));
}
