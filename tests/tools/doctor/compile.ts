// Compiles the doctor once for many runs: to load it by tsx takes longer than most of its checks.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const DOCTOR = fileURLToPath(new URL("../../../lib/auth/tools/doctor/index.ts", import.meta.url));

/** Writes the doctor as JavaScript into a new folder, and returns it. Packages and dynamic imports stay imports. */
export function compileDoctor(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "compiled-doctor-"));
  buildSync({
    entryPoints: [DOCTOR],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    packages: "external",
    platform: "node",
    format: "esm",
  });
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}
