import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { hashCode } from "./tokens";

/** `yours`: meant to be changed. `other`: tools, which take no part in a request. `security`: all the rest. */
export type Role = "security" | "yours" | "other";

/** What a release consists of. Paths are as in the kit: `lib/auth/…`, `app/auth/…`, `middleware.ts`. */
export interface Manifest {
  readonly version: string;
  readonly files: Readonly<Record<string, ManifestFile>>;
}

interface ManifestFile {
  readonly sha256: string;
  /** Of TypeScript, the hash of what it says, whatever its layout. */
  readonly code?: string;
  readonly role: Role;
}

export interface Difference {
  /** `formatted`: changed by a formatter, and it says the same. */
  readonly kind: "changed" | "formatted" | "missing" | "added";
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
const GUARDS = ["ts", "tsx", "js", "jsx", "mjs"].flatMap((ending) => [`middleware.${ending}`, `proxy.${ending}`]);
const FOLDERS = ["lib/auth", "app/auth"];

/** Where the manifest is, in the kit and in a copy. It cannot hold its own hash. */
export const MANIFEST_PATH = "lib/auth/tools/release/manifest.json";

/** The manifest in a file, or null when there is none. */
export function readManifest(path: string): Manifest | null {
  try {
    const json: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isManifest(json) ? json : null;
  } catch {
    return null; // The error could quote the file.
  }
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

/** The hashes of a file. A checkout with CRLF line ends has the same ones. */
export function hashFile(path: string): Pick<ManifestFile, "sha256" | "code"> {
  const text = readFileSync(path, "utf8").replaceAll("\r\n", "\n");
  const code = /\.tsx?$/.test(path) ? hashCode(text) : null;
  return { sha256: createHash("sha256").update(text).digest("hex"), ...(code !== null && { code }) };
}

/** How the files under `base` differ from the release that they were copied from. */
export function compareCopy(manifest: Manifest, base: string): Difference[] {
  const found = findFiles(base);
  const differences: Difference[] = [];
  for (const [path, file] of Object.entries(manifest.files)) {
    const kind = compareFile(file, found.get(path));
    if (kind !== "same") differences.push({ kind, role: file.role, path });
  }
  for (const path of found.keys()) {
    if (manifest.files[path] === undefined)
      differences.push({ kind: "added", role: roleOfAdded(path, manifest), path });
  }
  return differences;
}

function compareFile(file: ManifestFile, place: string | undefined): Difference["kind"] | "same" {
  if (place === undefined) return "missing";
  const { sha256, code } = hashFile(place);
  if (sha256 === file.sha256) return "same";
  return code !== undefined && code === file.code ? "formatted" : "changed";
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
    (file) =>
      isObject(file) &&
      typeof file.sha256 === "string" &&
      (file.code === undefined || typeof file.code === "string") &&
      (file.role === "security" || file.role === "yours" || file.role === "other"),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
