import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { isRecord } from "../core/encoding";

/** The path of a module as the app in `root` finds it, or null. */
export function resolveFromApp(root: string, specifier: string): string | null {
  try {
    return createRequire(join(root, "package.json")).resolve(specifier);
  } catch {
    return null;
  }
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
