// Finds the app's folders, packages and configuration, and reads its .env files.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { isRecord } from "../../core/base/json";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the path to which the app in `root` resolves a module, or null. */
export function resolveFromApp(root: string, specifier: string): string | null {
  try {
    return createRequire(join(root, "package.json")).resolve(specifier);
  } catch {
    return null;
  }
}

/** Returns the folder that has `app`: the root ("") or "src". Next looks in the root first. */
export function findAppFolder(root: string): "" | "src" {
  return !existsSync(join(root, "app")) && existsSync(join(root, "src", "app")) ? "src" : "";
}

/** Returns the app's next.config, or null. */
export function findNextConfig(root: string): { readonly name: string; readonly source: string } | null {
  const names = ["js", "mjs", "ts", "mts"].map((extension) => `next.config.${extension}`);
  const name = names.find((it) => existsSync(join(root, it)));
  return name ? { name, source: readFileSync(join(root, name), "utf8") } : null;
}

/**
 * Reads the .env files into process.env and returns their names. It calls Next's own loader, `@next/env`, from Next's
 * folder: with pnpm no other package can import it.
 */
export function loadEnvFiles(root: string, { isProduction }: { isProduction: boolean }): readonly string[] {
  const next = resolveFromApp(root, "next/package.json");
  const loader: unknown = next ? createRequire(next)("@next/env") : null;
  if (!isRecord(loader) || typeof loader.loadEnvConfig !== "function") return [];
  const silent = { info: () => {}, error: () => {} };
  const loaded: unknown = loader.loadEnvConfig(root, !isProduction, silent);
  const files: unknown[] = isRecord(loaded) && Array.isArray(loaded.loadedEnvFiles) ? loaded.loadedEnvFiles : [];
  return files.filter(isRecord).map(({ path }) => relative(root, join(root, String(path))));
}
