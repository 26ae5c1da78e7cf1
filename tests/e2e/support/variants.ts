import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/**
 * The project as it is, with its middleware under Next 16's new name, with middleware taken away, and under a path of
 * its host, with slashes at the end of its addresses and with the locales of the Pages Router.
 */
export const VARIANTS = ["middleware", "proxy", "no-middleware", "base-path"] as const;

/** "stored", of the laboratories only: "middleware" with the store that its environment names. */
export type Variant = (typeof VARIANTS)[number] | "stored";

/** Next's `basePath`. */
export const basePathOf = (variant: Variant): string => (variant === "base-path" ? "/app" : "");

const PROJECT = fileURLToPath(new URL("../../../", import.meta.url));
const SOURCES = ["app", "lib", "public", "middleware.ts", "next.config.mjs", "package.json", "tsconfig.json"];
const NEXT = join(PROJECT, "node_modules/next/dist/bin/next");
const FIXTURES = "tests/e2e/fixtures";
/** The copier's files of the variants. Without their variables they hold null, as shipped. */
const OWN_FILES = {
  "lib/auth/tenants.ts": "tests/e2e/support/two-tenants.ts",
  "lib/auth/store.ts": "tests/e2e/support/variant-store.ts",
};
const STORE = "tests/lab/fleet/store.ts";
// Uncompressed, so that the tests can read along.
const SETTINGS = 'compress: false,\n  rewrites: () => [{ source: "/old-vault", destination: "/vault" }],';
const BASE_PATH =
  'basePath: "/app",\n  trailingSlash: true,\n  i18n: { locales: ["en", "de"], defaultLocale: "en", localeDetection: false },';
const STAMP = ".built-from";

// Not just no file: then Next finds the project's own, further up.
export const IDLE_MIDDLEWARE = `import { NextResponse } from "next/server";
export default function middleware() {
  return NextResponse.next();
}
export const config = { matcher: ["/no-page-is-here"] };
`;

const run = promisify(execFile);

/** A copy of the project inside the project: Node and Turbopack find its node_modules further up. */
export function variantFolder(variant: Variant): string {
  return join(PROJECT, "tests/.output", variant);
}

/** Runs `next <args>` with these variables and, of our own, only what every program needs. */
export function nextCommand(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { PATH = "", HOME = "" } = process.env;
  const environment: Record<string, string> = { PATH, HOME, NEXT_TELEMETRY_DISABLED: "1", ...env };
  return { file: process.execPath, args: [NEXT, ...args], env: environment as NodeJS.ProcessEnv };
}

/** Builds a variant without a single variable of the kit's; not again when nothing has changed since. */
export async function buildVariant(variant: Variant): Promise<void> {
  const folder = variantFolder(variant);
  const stamp = await fingerprintSources();
  if ((await readFile(join(folder, STAMP), "utf8").catch(() => "")) === stamp) return;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const source of await existingSources()) {
    await cp(join(PROJECT, source), join(folder, source), { recursive: true });
  }
  await addFixtures(folder, variant === "base-path" ? `${SETTINGS}\n  ${BASE_PATH}` : SETTINGS);
  if (variant === "proxy") await rename(join(folder, "middleware.ts"), join(folder, "proxy.ts"));
  if (variant === "no-middleware") await writeFile(join(folder, "middleware.ts"), IDLE_MIDDLEWARE);
  if (variant === "base-path") await addPagesRouter(folder);
  if (variant === "stored") await cp(join(PROJECT, STORE), join(folder, "lib/auth/store.ts"));
  else if (variant !== "middleware") {
    // The build of "middleware" shows what a copy without tenants and without a store weighs.
    for (const [path, source] of Object.entries(OWN_FILES)) await cp(join(PROJECT, source), join(folder, path));
  }
  const { file, args, env } = nextCommand(["build"]);
  await run(file, args, { cwd: folder, env }).catch(({ stdout, stderr }: { stdout: string; stderr: string }) => {
    throw new Error(`next build of ${variant} failed:\n${stdout}\n${stderr}`);
  });
  await writeFile(join(folder, STAMP), stamp);
}

/** Pages that a test needs and a demo does not: some that only middleware guards, some public ones, and a rewrite. */
async function addFixtures(folder: string, settings: string): Promise<void> {
  await cp(join(PROJECT, FIXTURES), folder, { recursive: true });
  const edit = async (file: string, before: string, after: string) => {
    const text = await readFile(join(folder, file), "utf8");
    if (!text.includes(before)) throw new Error(`${file} has no ${before}`);
    await writeFile(join(folder, file), text.replace(before, after));
  };
  await edit("middleware.ts", 'PUBLIC_PATHS = ["/"', 'PUBLIC_PATHS = ["/", "/pub", "/draft"');
  await edit("next.config.mjs", "export default {", `export default {\n  ${settings}`);
}

/** Without a page of the Pages Router there is no build with `i18n`. */
async function addPagesRouter(folder: string): Promise<void> {
  await mkdir(join(folder, "pages"));
  await writeFile(join(folder, "pages/older.tsx"), "export default () => <p>private-canary of the Pages Router</p>;");
}

async function existingSources(): Promise<readonly string[]> {
  const present = await readdir(PROJECT);
  return SOURCES.filter((source) => present.includes(source));
}

async function fingerprintSources(): Promise<string> {
  const hash = createHash("sha256").update(process.version);
  for (const source of [
    ...(await existingSources()),
    FIXTURES,
    ...Object.values(OWN_FILES),
    STORE,
    "package-lock.json",
  ]) {
    for (const path of await filesOf(source)) hash.update(path).update(await readFile(join(PROJECT, path)));
  }
  return hash.digest("hex");
}

async function filesOf(source: string): Promise<readonly string[]> {
  const entries = await readdir(join(PROJECT, source), { recursive: true, withFileTypes: true }).catch(() => null);
  if (!entries) return [source];
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(PROJECT.length)).sort();
}
