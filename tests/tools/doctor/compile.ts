// Compiles the doctor once for many runs: to load it by tsx takes longer than most of its checks.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync, transformSync } from "esbuild";

const DOCTOR = fileURLToPath(new URL("../../../lib/auth/tools/doctor/index.ts", import.meta.url));
const OWN = ["tenants", "store"];

/** Writes the doctor as JavaScript into a new folder, and returns it. Packages and dynamic imports stay imports. */
export function compileDoctor(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "compiled-doctor-"));
  const { outputFiles } = buildSync({
    entryPoints: [DOCTOR],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    packages: "external",
    external: OWN.map((name) => `../../${name}`), // The app's own files.
    write: false,
    platform: "node",
    format: "esm",
  });
  const pattern = new RegExp(`"(\\.\\./\\.\\./(${OWN.join("|")}))"`, "g");
  for (const { path, text } of outputFiles) writeFileSync(path, text.replace(pattern, '"$1.mjs"'));
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

/** Compiles the tenants and the store of an app, beside their source: that is what the compiled doctor imports. */
export function compileOwnFiles(kit: string): void {
  for (const name of OWN) {
    const source = join(kit, `${name}.ts`);
    if (!existsSync(source)) continue;
    writeFileSync(join(kit, `${name}.mjs`), transformSync(readFileSync(source, "utf8"), { loader: "ts" }).code);
  }
}
