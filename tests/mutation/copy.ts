import { spawn } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const COPIED = ["package.json", "tsconfig.json", "next.config.mjs", "middleware.ts", "lib", "app", ".env.example"];
const TESTS = ["unit", "routes", "support", "cognito", "vitest.config.ts"];

/** A copy of the project to break, inside the project: Node finds its node_modules further up. */
export function makeCopy(name: string): string {
  const folder = `${ROOT}tests/.output/mutation/${name}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(`${folder}/tests`, { recursive: true });
  for (const it of COPIED) cpSync(ROOT + it, `${folder}/${it}`, { recursive: true });
  for (const it of TESTS) cpSync(`${ROOT}tests/${it}`, `${folder}/tests/${it}`, { recursive: true });
  return folder;
}

export interface Run {
  /** Null when it took too long. */
  readonly code: number | null;
  readonly output: string;
}

/** Runs a copy's unit and route tests, on Node only. Ends no process but its own: a mutant may well loop for ever. */
export function runTests(folder: string, args: readonly string[], timeoutMs: number): Promise<Run> {
  const vitest = `${ROOT}node_modules/vitest/vitest.mjs`;
  const flags = "--config tests/vitest.config.ts --project node --silent --maxWorkers 1".split(" ");
  const child = spawn(process.execPath, [vitest, "run", ...flags, ...args], { cwd: folder, detached: true });
  let output = "";
  child.stdout.on("data", (part) => (output += part));
  child.stderr.on("data", (part) => (output += part));
  const timer = setTimeout(() => child.pid && process.kill(-child.pid, "SIGKILL"), timeoutMs);
  return new Promise((resolve) => {
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, output: stripVTControlCharacters(output) });
    });
  });
}
