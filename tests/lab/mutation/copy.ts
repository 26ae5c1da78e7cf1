import { spawn } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

const COPIED = [
  "package.json",
  "tsconfig.json",
  "next.config.mjs",
  "middleware.ts",
  "lib",
  "app",
  ".env.example",
  ".biome.json",
];
export const TESTS = ["core", "routes", "support", "cognito", "vitest.config.ts"];

/** A copy of the project to break, inside the project: Node finds its node_modules further up. */
export function makeCopy(name: string): string {
  const folder = `${ROOT}tests/.output/mutation/${name}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(`${folder}/tests`, { recursive: true });
  for (const it of COPIED) cpSync(ROOT + it, `${folder}/${it}`, { recursive: true });
  for (const it of TESTS) cpSync(`${ROOT}tests/${it}`, `${folder}/tests/${it}`, { recursive: true });
  cpSync(`${ROOT}tests/lab/mutation/vitest.config.ts`, `${folder}/tests/lab/mutation/vitest.config.ts`);
  return folder;
}

export interface Run {
  /** False when it took too long. */
  readonly isOver: boolean;
  /** What failed before the tests could: no title then tells. */
  readonly hasFailed: boolean;
  readonly failures: readonly Failure[];
  readonly tests: readonly TestFile[];
  readonly output: string;
}

interface Failure {
  readonly title: string;
  readonly file: string;
}

export interface TestFile {
  readonly path: string;
  readonly milliseconds: number;
}

interface Limits {
  readonly timeoutMs: number;
  /** Ends after so many failures; 0: never. */
  readonly bail: number;
}

/**
 * Runs a copy's unit and route tests in this order, on Node only. Ends no process but its own: a mutant may well loop for
 * ever.
 */
export async function runTests(folder: string, order: readonly string[], { timeoutMs, bail }: Limits): Promise<Run> {
  const vitest = `${ROOT}node_modules/vitest/vitest.mjs`;
  const flags =
    "--config tests/lab/mutation/vitest.config.ts --project node --silent --maxWorkers 1 --testTimeout 60000 --reporter json";
  const args = [vitest, "run", ...flags.split(" "), "--bail", String(bail)];
  const env = { ...process.env, TEST_ORDER: order.join(",") };
  const child = spawn(process.execPath, args, { cwd: folder, detached: true, env });
  const kill = () => {
    if (child.pid) process.kill(-child.pid, "SIGKILL");
  };
  process.once("exit", kill);
  let output = "";
  child.stdout.on("data", (part) => (output += part));
  child.stderr.on("data", (part) => (output += part));
  const timer = setTimeout(kill, timeoutMs);
  const code = await new Promise((resolve) => child.on("close", resolve));
  clearTimeout(timer);
  process.off("exit", kill);
  output = stripVTControlCharacters(output);
  return { isOver: code !== null, hasFailed: code !== 0, output, ...readReport(folder, output) };
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly status: string;
    /** Why none of its tests could run. */
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly title: string }[];
  }[];
}

function readReport(folder: string, output: string): Pick<Run, "failures" | "tests"> {
  const start = output.indexOf('{"numTotalTestSuites"');
  if (start < 0) return { failures: [], tests: [] };
  const { testResults }: Report = JSON.parse(output.slice(start, output.lastIndexOf("}") + 1));
  const pathOf = (name: string) => name.slice(name.indexOf(folder) + folder.length + 1);
  const failures = testResults.flatMap(({ name, status, message, assertionResults }) => {
    const titles = assertionResults.filter((test) => test.status === "failed").map(({ title }) => title);
    const all = titles.length === 0 && status === "failed" ? [message.split("\n", 1)[0] ?? ""] : titles;
    return all.map((title) => ({ title, file: pathOf(name) }));
  });
  const tests = testResults.map(({ name, startTime, endTime }) => ({
    path: pathOf(name),
    milliseconds: endTime - startTime,
  }));
  return { failures, tests };
}
