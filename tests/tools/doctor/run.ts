// Makes projects with a copy of the kit, and runs the doctor in them.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Finding } from "../../../lib/auth/tools/doctor/check";
import { compileDoctor, compileOwnFiles } from "./compile";

export type Environment = Readonly<Record<string, string>>;

export interface AppOptions {
  /** The package.json's "type". */
  readonly type?: "module" | undefined;
  /** The folder of the kit: "" or "src". */
  readonly folder?: string;
  /** Files to write over those of the copy. Null deletes a file. */
  readonly files?: Readonly<Record<string, string | null>>;
  /** The version of a fake Next, instead of the installed one. */
  readonly nextVersion?: string;
  /** A package to leave out of node_modules. */
  readonly without?: "jose";
}

export interface Run {
  readonly code: number | null;
  /** Standard output, then standard error. */
  readonly output: string;
}

export interface Report {
  readonly ok: boolean;
  readonly files: readonly string[];
  readonly findings: readonly Finding[];
}

const project = fileURLToPath(new URL("../../..", import.meta.url));
const resolve = createRequire(import.meta.url).resolve;
const apps: string[] = [];
const compiled = compileDoctor();

export const LAYOUT = "export default ({ children }) => (\n  <html>\n    <body>{children}</body>\n  </html>\n);\n";
const TSCONFIG = `{
  // As create-next-app writes it, with a comment and a trailing comma.
  "compilerOptions": { "strict": true, "paths": { "@/*": ["./*"], }, },
  "include": ["**/*.ts", /* and */ "**/*.tsx"],
}`;

/** Creates a project with a copy of the kit, outside this one. */
export function createApp({ type, folder = "", files = {}, nextVersion, without }: AppOptions = {}): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "doctor-")));
  apps.push(root);
  for (const path of ["lib/auth", "app/auth", "middleware.ts"]) {
    cpSync(join(project, path), join(root, folder, path), { recursive: true });
  }
  cpSync(compiled.folder, join(root, folder, "lib/auth/tools/doctor"), { recursive: true });
  const all = {
    "package.json": JSON.stringify({ name: "app", type, dependencies: { next: "*" } }),
    "next.config.mjs": "export default {};",
    "tsconfig.json": TSCONFIG.replace("./*", `./${join(folder, "*")}`),
    [join(folder, "app/layout.tsx")]: LAYOUT,
    ...files,
  };
  for (const [name, contents] of Object.entries(all)) {
    if (contents === null) rmSync(join(root, name), { force: true });
    else writeFile(join(root, name), contents);
  }
  compileOwnFiles(join(root, folder, "lib/auth"));
  const modules = nextVersion === undefined ? ["jose", "@next", "next"] : ["jose", "@next"];
  mkdirSync(join(root, "node_modules"));
  for (const name of modules.filter((it) => it !== without))
    symlinkSync(join(project, "node_modules", name), join(root, "node_modules", name));
  if (nextVersion !== undefined) {
    writeFile(join(root, "node_modules/next/package.json"), JSON.stringify({ name: "next", version: nextVersion }));
  }
  return root;
}

function writeFile(path: string, contents: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}

export function removeApps(): void {
  for (const root of apps.splice(0)) rmSync(root, { recursive: true });
  compiled.remove();
}

/** Runs the compiled doctor in a process of its own. `env` has the kit's variables. */
export function runDoctor(root: string, env: Environment, ...options: readonly string[]): Promise<Run> {
  return run(root, env, ["lib/auth/tools/doctor/index.mjs", ...options]);
}

/** Runs a path as `npx -y tsx <path>` does, without npx. */
export function runByTsx(root: string, env: Environment, path: string): Promise<Run> {
  return run(root, env, [resolve("tsx/cli"), path]);
}

async function run(root: string, env: Environment, options: readonly string[]): Promise<Run> {
  const child = spawn(process.execPath, options, {
    cwd: root,
    env: { PATH: process.env.PATH, NODE_ENV: "development", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = new Promise<number | null>((settle) => child.on("exit", settle));
  const [code, stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  return { code, output: stdout + stderr };
}

export async function examine(root: string, env: Environment): Promise<Run & { report: Report }> {
  const result = await runDoctor(root, env, "--json");
  return { ...result, report: JSON.parse(result.output) };
}

/** Calls `work` for every item, two at a time. */
export async function byTwo<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Map<Item, Result>> {
  const results = new Map<Item, Result>();
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) results.set(item, await work(item));
  };
  await Promise.all([worker(), worker()]);
  return results;
}
