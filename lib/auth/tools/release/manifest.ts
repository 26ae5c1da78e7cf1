// The manifest: the list of a release's files with their hashes. `release` compares a copy with it.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hashCode } from "./tokens";

/** `yours`: change it as you like. `other`: documents and tools, which no request runs. `security`: all other files. */
export type Role = "security" | "yours" | "other";

/** The files of a release. Paths are as in the kit: `lib/auth/…`, `app/auth/…`, `middleware.ts`. */
export interface Manifest {
  readonly version: string;
  readonly files: Readonly<Record<string, ManifestFile>>;
}

export interface ManifestFile {
  readonly sha256: string;
  /** For TypeScript: a hash of the code that does not depend on its layout. */
  readonly code?: string;
  readonly role: Role;
}

/** The place of the manifest, in the kit and in a copy. The manifest cannot hold its own hash. */
export const MANIFEST_PATH = "lib/auth/tools/release/manifest.json";

/** Returns the manifest in a file, or null when the file is missing or is not a manifest. */
export function readManifest(path: string): Manifest | null {
  try {
    const json: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isManifest(json) ? json : null;
  } catch {
    return null; // The error could quote the file.
  }
}

/** Returns the hashes of a file. A checkout with CRLF line ends has the same hashes. */
export function hashFile(path: string): Pick<ManifestFile, "sha256" | "code"> {
  const text = readFileSync(path, "utf8").replaceAll("\r\n", "\n");
  const code = /\.tsx?$/.test(path) ? hashCode(text) : null;
  return { sha256: createHash("sha256").update(text).digest("hex"), ...(code !== null && { code }) };
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
