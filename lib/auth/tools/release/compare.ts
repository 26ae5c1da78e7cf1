// Compares a copy of the kit with its release, and one release with another.
import { findFiles } from "./files";
import { isFormer } from "./former";
import { hashFile, type Manifest, type ManifestFile, type Role } from "./manifest";

export interface Difference {
  /** `formatted`: only the layout of the code differs. `stale`: a file of the layout of 0.1.0, to delete. */
  readonly kind: "changed" | "formatted" | "missing" | "added" | "stale";
  readonly role: Role;
  /** The path in the kit. */
  readonly path: string;
}

export interface Step {
  readonly kind: "copy" | "merge" | "delete";
  readonly role: Role;
  readonly path: string;
}

/** Returns the differences between the files under `base` and the release that they were copied from. */
export function compareCopy(manifest: Manifest, base: string): Difference[] {
  const found = findFiles(base);
  const differences: Difference[] = [];
  for (const [path, file] of Object.entries(manifest.files)) {
    const kind = compareFile(file, found.get(path));
    if (kind !== "same") differences.push({ kind, role: file.role, path });
  }
  for (const path of found.keys()) {
    if (manifest.files[path] === undefined) differences.push(describeExtra(path, manifest));
  }
  return differences;
}

function compareFile(file: ManifestFile, place: string | undefined): "same" | "changed" | "formatted" | "missing" {
  if (place === undefined) return "missing";
  const { sha256, code } = hashFile(place);
  if (sha256 === file.sha256) return "same";
  return code !== undefined && code === file.code ? "formatted" : "changed";
}

/**
 * Returns the steps that turn a copy of the release `from` into the release `to`. `found` holds the paths of the copy's
 * files. Files to delete come first: a stale file can take the place of a new one.
 */
export function planSteps(from: Manifest, to: Manifest, found: Iterable<string>): Step[] {
  const present = new Set(found);
  const gone = [...present].filter((path) => to.files[path] === undefined);
  const deletions = gone.flatMap((path): Step[] => {
    const role = isFormer(path) ? "security" : from.files[path]?.role;
    return role ? [{ kind: "delete", role, path }] : []; // Without a role it is the app's own file.
  });
  const others = Object.entries(to.files).flatMap(([path, { sha256, role }]): Step[] => {
    const before = from.files[path]?.sha256;
    if (before === sha256) return [];
    // Your own file may have this path already, although the release did not.
    return [{ kind: role === "yours" && present.has(path) ? "merge" : "copy", role, path }];
  });
  return [...deletions, ...others];
}

/** Stale tools touch security, too: the doctor of 0.1.0 can send the client secret to a domain of another pool. */
function describeExtra(path: string, manifest: Manifest): Difference {
  if (isFormer(path)) return { kind: "stale", role: "security", path };
  return { kind: "added", role: roleOfAdded(path, manifest), path };
}

/** An added file can replace one of the kit's: `api.tsx` replaces `api.ts`. No middleware guards routes in app/auth. */
function roleOfAdded(path: string, { files }: Manifest): Role {
  const isRival = Object.keys(files).some((known) => withoutEnding(known) === withoutEnding(path));
  return isRival || /^(lib\/auth\/core|app\/auth)\/|^(middleware|proxy)\./.test(path) ? "security" : "other";
}

const withoutEnding = (path: string) => path.replace(/\.\w+$/, "");
