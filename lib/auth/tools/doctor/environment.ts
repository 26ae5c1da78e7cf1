import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { isRecord } from "../../core/base/json";

/** The path of a module as the app in `root` finds it, or null. */
export function resolveFromApp(root: string, specifier: string): string | null {
  try {
    return createRequire(join(root, "package.json")).resolve(specifier);
  } catch {
    return null;
  }
}

/** Where the app folder is, as Next looks for it: in the root ("") before "src". */
export function findAppFolder(root: string): "" | "src" {
  return !existsSync(join(root, "app")) && existsSync(join(root, "src", "app")) ? "src" : "";
}

/** The app's next.config, or null. */
export function findNextConfig(root: string): { readonly name: string; readonly source: string } | null {
  const names = ["js", "mjs", "ts", "mts"].map((extension) => `next.config.${extension}`);
  const name = names.find((it) => existsSync(join(root, it)));
  return name ? { name, source: readFileSync(join(root, name), "utf8") } : null;
}

/**
 * Reads .env files into process.env as Next does, by Next's own code, and names them. From Next's folder, because pnpm
 * shows `@next/env` to nobody else.
 */
export function loadEnvFiles(root: string, isProduction: boolean): readonly string[] {
  const next = resolveFromApp(root, "next/package.json");
  const loader: unknown = next ? createRequire(next)("@next/env") : null;
  if (!isRecord(loader) || typeof loader.loadEnvConfig !== "function") return [];
  const silent = { info: () => {}, error: () => {} };
  const loaded: unknown = loader.loadEnvConfig(root, !isProduction, silent);
  const files: unknown[] = isRecord(loaded) && Array.isArray(loaded.loadedEnvFiles) ? loaded.loadedEnvFiles : [];
  return files.filter(isRecord).map(({ path }) => relative(root, join(root, String(path))));
}
