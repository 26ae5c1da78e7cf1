// Creates the manifest of a kit from its files.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findFiles } from "../../../lib/auth/tools/release/files";
import { hashFile, type Manifest, type Role } from "../../../lib/auth/tools/release/manifest";

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

const YOURS = [
  "middleware.ts",
  "lib/auth/events.ts",
  "lib/auth/sign-in.ts",
  "lib/auth/store.ts",
  "lib/auth/tenants.ts",
  "app/auth/error/page.tsx",
];

/** Returns the manifest of the kit in `root`, from its present files. */
export function createManifest(root: string): Manifest {
  const files = [...findFiles(root)].sort(([a], [b]) => (a < b ? -1 : 1));
  const entries = files.map(([path, place]) => [path, { ...hashFile(place), role: roleOf(path) }] as const);
  return { version: readVersion(root), files: Object.fromEntries(entries) };
}

function roleOf(path: string): Role {
  if (YOURS.includes(path)) return "yours";
  return /^lib\/auth\/(tools|docs)\/|\.md$/.test(path) ? "other" : "security";
}

function readVersion(root: string): string {
  const { version }: { version?: unknown } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
  if (typeof version !== "string") throw new Error("package.json has no version");
  return version;
}
