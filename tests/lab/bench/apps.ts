import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { IDLE_MIDDLEWARE, nextCommand } from "../../e2e/support/variants";

type Middleware = "none" | "empty" | "own" | "kit";

interface AppPlan {
  /** Where the page takes the user from: a folder of `variants`, or the template's own look at a cookie. */
  readonly viewer?: "no-auth" | "jose" | "kit";
  readonly middleware: Middleware;
  /** The file that holds the middleware: `middleware.ts` runs at the edge, `proxy.ts` in Node. */
  readonly file?: "middleware.ts" | "proxy.ts";
}

/** One small app, guarded in several ways. */
const PLANS = {
  "no-auth": { viewer: "no-auth", middleware: "none" },
  empty: { middleware: "empty" },
  jose: { viewer: "jose", middleware: "own" },
  kit: { viewer: "kit", middleware: "kit" },
  "page-only": { viewer: "kit", middleware: "none" },
  "page-empty-proxy": { viewer: "kit", middleware: "empty", file: "proxy.ts" },
  "page-empty-middleware": { viewer: "kit", middleware: "empty" },
  "kit-proxy": { viewer: "kit", middleware: "kit", file: "proxy.ts" },
} as const satisfies Readonly<Record<string, AppPlan>>;

export type AppName = keyof typeof PLANS;

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
  const { viewer, middleware, file = "middleware.ts" }: AppPlan = PLANS[name];
  const files = new Map<string, string>([["package.json", '{ "private": true, "type": "module" }\n']]);
  const add = async (source: string, prefix = "") => {
    const entries = await readdir(join(PROJECT, source), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((it) => it.isFile())) {
      const path = join(entry.parentPath ?? entry.path, entry.name);
      files.set(join(prefix, path.slice(join(PROJECT, source).length + 1)), await readFile(path, "utf8"));
    }
  };
  await add("tests/lab/bench/app");
  if (viewer) await add(`tests/lab/bench/variants/${viewer}`);
  if (viewer === "kit") {
    await add("lib/auth", "lib/auth");
    await add("app/auth", "app/auth");
  }
  const text = await readMiddleware(middleware, files.get("middleware.ts") ?? "");
  files.delete("middleware.ts");
  return files.set(file, text);
}

/** The text of the middleware file. `own` is what the template or the variant has. */
async function readMiddleware(middleware: Middleware, own: string): Promise<string> {
  if (middleware === "none") return IDLE_MIDDLEWARE;
  if (middleware !== "kit") return own;
  const text = await readFile(join(PROJECT, "middleware.ts"), "utf8");
  const edited = text.replace('PUBLIC_PATHS = ["/"', 'PUBLIC_PATHS = ["/", "/about"');
  if (edited === text) throw new Error("middleware.ts has no PUBLIC_PATHS that begin with /");
  return edited;
}
