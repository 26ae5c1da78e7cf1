import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { IDLE_MIDDLEWARE, nextCommand } from "../../e2e/support/variants";

/** One small app, guarded in four ways: not at all, by nothing but a look at a cookie, with jose by hand, by the kit. */
export const APPS = ["no-auth", "empty", "jose", "kit"] as const;

export type AppName = (typeof APPS)[number];

const PROJECT = fileURLToPath(new URL("../../../", import.meta.url));
const STAMP = ".built-from";

const run = promisify(execFile);

/** Inside the project: Node and Turbopack find its node_modules further up. */
export function appFolder(name: AppName): string {
  return join(PROJECT, "tests/.output/bench", name);
}

/** Builds an app for production; not again when nothing has changed since. */
export async function buildApp(name: AppName): Promise<void> {
  const folder = appFolder(name);
  const sources = await collectSources(name);
  const hash = createHash("sha256").update(process.version);
  for (const [path, text] of sources) hash.update(`${path}\n${text}\n`);
  const stamp = hash.update(await readFile(join(PROJECT, "package-lock.json"))).digest("hex");
  if ((await readFile(join(folder, STAMP), "utf8").catch(() => "")) === stamp) return;
  await rm(folder, { recursive: true, force: true });
  for (const [path, text] of sources) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await cp(join(PROJECT, "tsconfig.json"), join(folder, "tsconfig.json"));
  const { file, args, env } = nextCommand(["build"]);
  await run(file, args, { cwd: folder, env }).catch(({ stdout, stderr }: { stdout: string; stderr: string }) => {
    throw new Error(`next build of ${name} failed:\n${stdout}\n${stderr}`);
  });
  await writeFile(join(folder, STAMP), stamp);
}

/** The template, what the app has in place of it, and with the kit what the README says to copy. */
async function collectSources(name: AppName): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>([["package.json", '{ "private": true, "type": "module" }\n']]);
  const add = async (source: string, prefix = "") => {
    const entries = await readdir(join(PROJECT, source), { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries.filter((it) => it.isFile())) {
      const path = join(entry.parentPath ?? entry.path, entry.name);
      files.set(join(prefix, path.slice(join(PROJECT, source).length + 1)), await readFile(path, "utf8"));
    }
  };
  await add("tests/lab/bench/app");
  await add(`tests/lab/bench/variants/${name}`);
  if (name === "no-auth") files.set("middleware.ts", IDLE_MIDDLEWARE);
  if (name !== "kit") return files;
  await add("lib/auth", "lib/auth");
  await add("app/auth", "app/auth");
  return files.set("middleware.ts", await readFile(join(PROJECT, "middleware.ts"), "utf8"));
}
