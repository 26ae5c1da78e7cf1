// Finds the kit's files in a project, and the project's own files.
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FORMER_MANIFEST_PATH } from "./former";
import { MANIFEST_PATH } from "./manifest";

const TOP_LEVEL = "middleware.ts";
const GUARDS = ["ts", "tsx", "js", "jsx", "mjs"].flatMap((ending) => [`middleware.${ending}`, `proxy.${ending}`]);
const FOLDERS = ["lib/auth", "app/auth"];
const OUTPUT = new Set(["build", "coverage", "dist", "out"]);
const LARGEST_SOURCE_BYTES = 1_000_000; // A larger file is generated.

/** Returns every file of a kit or of a copy: its path in the kit, and its place. */
export function findFiles(base: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const folder of FOLDERS) {
    const place = locate(base, folder);
    for (const path of place ? listFiles(place) : []) found.set(`${folder}/${path}`, join(place ?? "", path));
  }
  found.delete(MANIFEST_PATH);
  const [guard, ...rivals] = GUARDS.flatMap((name) => locate(base, name) ?? []);
  if (guard) found.set(TOP_LEVEL, guard);
  for (const rival of rivals) found.set(basename(rival), rival);
  return found;
}

/** Returns the place of one of the kit's paths. `app` and `lib` may be apart: one in `src`, the other in the root. */
export function locate(base: string, path: string): string | undefined {
  const bases = [base, join(base, "src"), ...(basename(base) === "src" ? [dirname(base)] : [])];
  return bases.map((it) => join(it, path)).find((it) => existsSync(it));
}

/** Returns the project's root for `base`, which is the root or its `src` folder. */
export function findRoot(base: string): string {
  return basename(base) === "src" && !existsSync(join(base, "package.json")) ? dirname(base) : base;
}

/** Returns the places of all source files below a folder, without packages, output and clones of the kit. */
export function findSources(folder: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !/^\.|^node_modules$/.test(name));
  return entries.flatMap((entry) => {
    const place = join(folder, entry.name);
    if (entry.isDirectory()) return OUTPUT.has(entry.name) || isKit(place) ? [] : findSources(place);
    return entry.isFile() && isSource(place) ? [place] : [];
  });
}

function isSource(place: string): boolean {
  return /\.[cm]?[jt]sx?$/.test(place) && statSync(place).size <= LARGEST_SOURCE_BYTES;
}

/** The `src` folder of the project itself has the kit, too. */
function isKit(folder: string): boolean {
  const hasManifest = [MANIFEST_PATH, FORMER_MANIFEST_PATH].some((path) => existsSync(join(folder, path)));
  return hasManifest && basename(folder) !== "src";
}

function listFiles(folder: string, prefix = ""): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith("."))
    .flatMap((entry) => {
      const path = prefix + entry.name;
      return entry.isDirectory() ? listFiles(join(folder, entry.name), `${path}/`) : [path];
    })
    .sort();
}
