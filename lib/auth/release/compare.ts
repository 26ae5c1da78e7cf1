import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** `yours`: meant to be changed. `other`: tools, which take no part in a request. `security`: all the rest. */
export type Role = "security" | "yours" | "other";

/** What a release consists of. Paths are as in the kit: `lib/auth/…`, `app/auth/…`, `middleware.ts`. */
export interface Manifest {
  readonly version: string;
  readonly files: Readonly<Record<string, { readonly sha256: string; readonly role: Role }>>;
}

export interface Difference {
  readonly kind: "changed" | "missing" | "added";
  readonly role: Role;
  /** The path in the kit. */
  readonly path: string;
}

export interface Step {
  readonly kind: "copy" | "merge" | "delete";
  readonly role: Role;
  readonly path: string;
}

const TOP_LEVEL = "middleware.ts";
const GUARDS = ["middleware.ts", "proxy.ts", "middleware.tsx", "middleware.js", "proxy.tsx", "proxy.js"];
const FOLDERS = ["lib/auth", "app/auth"];

/** Where the manifest is, in the kit and in a copy. It cannot hold its own hash. */
export const MANIFEST_PATH = "lib/auth/release/manifest.json";

/** The manifest in a file. Throws when it is none. */
export function readManifest(path: string): Manifest {
  const json: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (!isManifest(json)) throw new Error(`${path} is not a manifest of the kit`);
  return json;
}

/** Every file of a kit or copy, by its path in the kit, with the place where it was found. */
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

/** A checkout with CRLF line ends has the same hash. */
export function hashFile(path: string): string {
  return createHash("sha256").update(readFileSync(path, "utf8").replaceAll("\r\n", "\n")).digest("hex");
}

/** How the files under `base` differ from the release that they were copied from. */
export function compareCopy(manifest: Manifest, base: string): Difference[] {
  const found = findFiles(base);
  const differences: Difference[] = [];
  for (const [path, { sha256, role }] of Object.entries(manifest.files)) {
    const place = found.get(path);
    if (place === undefined) differences.push({ kind: "missing", role, path });
    else if (hashFile(place) !== sha256) differences.push({ kind: "changed", role, path });
  }
  for (const path of found.keys()) {
    if (manifest.files[path] === undefined)
      differences.push({ kind: "added", role: roleOfAdded(path, manifest), path });
  }
  return differences;
}

/** What to do in a copy of the release `from`, to have the release `to`. */
export function compareReleases(from: Manifest, to: Manifest): Step[] {
  const steps: Step[] = [];
  for (const [path, { sha256, role }] of Object.entries(to.files)) {
    const before = from.files[path]?.sha256;
    if (before === undefined) steps.push({ kind: "copy", role, path });
    else if (before !== sha256) steps.push({ kind: role === "yours" ? "merge" : "copy", role, path });
  }
  const gone = Object.entries(from.files).filter(([path]) => to.files[path] === undefined);
  return [...steps, ...gone.map(([path, { role }]) => ({ kind: "delete", role, path }) as const)];
}

/** What can take a kit file's place: `api.tsx` comes before `api.ts`. And routes under `/auth` have no guard but theirs. */
function roleOfAdded(path: string, { files }: Manifest): Role {
  const isRival = Object.keys(files).some((known) => withoutEnding(known) === withoutEnding(path));
  return isRival || /^(lib\/auth\/core|app\/auth)\/|^(middleware|proxy)\./.test(path) ? "security" : "other";
}

const withoutEnding = (path: string) => path.replace(/\.\w+$/, "");

/** `app` and `lib` need not be side by side: one may be in `src` and the other not. */
function locate(base: string, path: string): string | undefined {
  const bases = [base, join(base, "src"), ...(basename(base) === "src" ? [dirname(base)] : [])];
  return bases.map((it) => join(it, path)).find((it) => existsSync(it));
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

function isManifest(json: unknown): json is Manifest {
  if (!isObject(json) || typeof json.version !== "string" || !isObject(json.files)) return false;
  return Object.values(json.files).every(
    (file) => isObject(file) && typeof file.sha256 === "string" && /^(security|yours|other)$/.test(String(file.role)),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
