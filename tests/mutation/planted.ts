// npx tsx tests/mutation/planted.ts [--only nonce]
// Takes one protection after the other out of a copy of the kit, and tells which tests notice.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { BUGS, type Bug } from "./bugs";
import { makeCopy, ROOT, runTests } from "./copy";
import { nearestTests } from "./nearest";

const TIMEOUT_MS = 600_000;
const SHOWN = 3;

const { values: options } = parseArgs({ options: { only: { type: "string", default: "" } } });
const bugs = BUGS.filter(({ what }) => what.includes(options.only));
for (const bug of bugs) plant(bug); // That no bug has become impossible is told at once.

const folder = makeCopy("planted");
const before = await failures([]);
if (before.length > 0) throw new Error(`Without any bug these fail: ${before.join("; ")}`);
const unnoticed: string[] = [];
for (const bug of bugs) {
  const path = `${folder}/${bug.file}`;
  writeFileSync(path, plant(bug));
  const near = await failures(nearestTests(bug.file));
  const titles = near.length > 0 ? near : await failures([]);
  writeFileSync(path, readFileSync(ROOT + bug.file));
  if (titles.length === 0) unnoticed.push(bug.what);
  console.log(`\n${bug.what} (${bug.file}): caught by ${titles.length}`);
  for (const title of titles.slice(0, SHOWN)) console.log(`  ${title}`);
}
rmSync(folder, { recursive: true, force: true });
console.log(`\n${bugs.length - unnoticed.length} of ${bugs.length} planted bugs were caught`);
if (unnoticed.length > 0) throw new Error(`Nobody noticed: ${unnoticed.join("; ")}`);

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

/** The titles of the tests that fail, those first that name a rule. */
async function failures(files: readonly string[]): Promise<readonly string[]> {
  const { code, output } = await runTests(folder, ["--reporter", "json", ...files], TIMEOUT_MS);
  const report = JSON.parse(output.slice(output.indexOf('{"numTotalTestSuites"'), output.lastIndexOf("}") + 1));
  const titles = titlesOf(report);
  if (code !== 0 && titles.length === 0) throw new Error(`The tests did not run:\n${output.slice(-2_000)}`);
  return titles.sort((a, b) => Number(isRule(b)) - Number(isRule(a)));
}

function isRule(title: string): boolean {
  return /^[A-Z]{2}-\d/.test(title);
}

interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly { status: string; title: string }[] }[];
}

function titlesOf({ testResults }: Report): string[] {
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  return results.filter(({ status }) => status === "failed").map(({ title }) => title);
}
