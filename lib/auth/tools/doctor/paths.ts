// Checks that the import alias `@/lib/auth` leads to the kit.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { asRecord, isRecord, parseJson } from "../../core/base/json";
import { fault, note, ok, type Verdict } from "./check";
import { findNextConfig, resolveFromApp } from "./environment";

/** The import options of a tsconfig, including those that it extends. */
interface ImportOptions {
  readonly paths?: Readonly<Record<string, unknown>>;
  /** The folder that the targets of `paths` start from. */
  readonly folder?: string;
  readonly baseUrl?: string;
}

const IMPORT = "@/lib/auth/middleware";
const MAX_DEPTH = 10;

/** The kit's files import `@/lib/auth/…`. An app with another alias, such as `~/*`, needs one more entry. */
export function checkAlias(root: string): Verdict {
  const file = ["tsconfig.json", "jsconfig.json"].find((name) => existsSync(join(root, name)));
  const { paths = {}, folder = root, baseUrl } = file ? readOptions(join(root, file), root) : {};
  const start = baseUrl ?? folder;
  const targets = findTargets(paths).map((target) => resolve(start, target.replace(/^\$\{configDir\}/, root)));
  const target = targets.find((path) => [".ts", ".tsx", ".js"].some((ending) => existsSync(path + ending)));
  if (target) return ok(`@/lib/auth leads to ${relative(root, dirname(target))}`);
  const kit = existsSync(join(root, "src/lib/auth")) ? "src/lib/auth" : "lib/auth";
  const entry = `"@/lib/auth/*": ["./${relative(start, join(root, kit))}/*"]`;
  const fix = `${file ?? "tsconfig.json"} → compilerOptions → paths: add ${entry}`;
  const config = findNextConfig(root);
  if (config && /\b(resolveAlias|alias)\b/.test(config.source))
    return note(`unknown: ${config.name} sets aliases`, fix);
  return fault(`"${IMPORT}" leads to no file`, fix);
}

function readOptions(file: string, root: string, depth = 0): ImportOptions {
  if (!existsSync(file) || depth > MAX_DEPTH) return {};
  const json = asRecord(parseJson(toStrictJson(readFileSync(file, "utf8"))));
  const { paths, baseUrl } = asRecord(json.compilerOptions);
  const bases = [json.extends].flat().filter((base) => typeof base === "string");
  let inherited: ImportOptions = {};
  for (const base of bases) {
    inherited = { ...inherited, ...readOptions(locateBase(base, dirname(file), root), root, depth + 1) };
  }
  return {
    ...inherited,
    ...(isRecord(paths) && { paths, folder: dirname(file) }),
    ...(typeof baseUrl === "string" && { baseUrl: resolve(dirname(file), baseUrl) }),
  };
}

function locateBase(base: string, folder: string, root: string): string {
  if (!/^\.{0,2}\//.test(base)) {
    const names = [base, `${base}.json`, `${base}/tsconfig.json`];
    return names.map((name) => resolveFromApp(root, name)).find((path) => path?.endsWith(".json")) ?? "";
  }
  const path = resolve(folder, base);
  return path.endsWith(".json") ? path : `${path}.json`;
}

/** Chooses as TypeScript does: a pattern without a star, or else the one with the longest text before its star. */
function findTargets(paths: Readonly<Record<string, unknown>>): readonly string[] {
  const matches = Object.entries(paths).flatMap(([pattern, targets]) => {
    const [before = "", after] = pattern.split("*");
    const isMatch = after === undefined ? pattern === IMPORT : IMPORT.startsWith(before) && IMPORT.endsWith(after);
    if (!isMatch || !Array.isArray(targets)) return [];
    const star = after === undefined ? "" : IMPORT.slice(before.length, IMPORT.length - after.length);
    const rank = after === undefined ? Number.POSITIVE_INFINITY : before.length;
    return [{ rank, targets: targets.map((target) => String(target).replace("*", star)) }];
  });
  return matches.sort((a, b) => b.rank - a.rank)[0]?.targets ?? [];
}

/** Removes comments, and commas before a closing bracket: a tsconfig may have both. */
function toStrictJson(text: string): string {
  const withoutComments = text.replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, "$1");
  return withoutComments.replace(/("(?:\\.|[^"\\])*")|,(?=\s*[\]}])/g, "$1");
}
