// Compiles the doctor once for many runs: to load it by tsx takes longer than most of its checks.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync, transformSync } from "esbuild";

const DOCTOR = fileURLToPath(new URL("../../../lib/auth/tools/doctor/index.ts", import.meta.url));
const TENANTS = "../../tenants";

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
    external: [TENANTS], // The app's own file.
    write: false,
    platform: "node",
    format: "esm",
  });
  for (const { path, text } of outputFiles) writeFileSync(path, text.replace(`"${TENANTS}"`, `"${TENANTS}.mjs"`));
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

/** Compiles the tenants of an app, beside their source: that is what the compiled doctor imports. */
export function compileTenants(kit: string): void {
  const source = join(kit, "tenants.ts");
  if (!existsSync(source)) return;
  writeFileSync(join(kit, "tenants.mjs"), transformSync(readFileSync(source, "utf8"), { loader: "ts" }).code);
}
