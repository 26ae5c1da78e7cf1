// Reads the imports of a source file, and finds the kit's module that each one names.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const NAMED = /\b(?:import|export)\b(?:\s+type\b)?([\w$*{}\s,]*?)\bfrom\s*["']([^"'\n]+)["']/g;
const UNNAMED = /\b(?:import|require|[mM]ock|(?:require|import)Actual)(?:<[^>\n]*>)?[\s(]*["']([^"'\n]+)["']/g;
const AUGMENTED = /\bdeclare\s+module\s*["']([^"'\n]+)["']\s*\{((?:[^{}]|\{[^{}]*\})*)/g;
const ALIAS = /"([^"*\n]*)\*"\s*:\s*\[\s*"([^"*\n]*)\*"/g;

export interface Import {
  readonly line: number;
  readonly specifier: string;
  /** The imported or augmented names. Null when the statement imports the whole module. */
  readonly names: readonly string[] | null;
}

/** An alias of tsconfig.json such as `@/*`: the text before the star, and the path that replaces it. */
export type Alias = readonly [prefix: string, path: string];

/** Returns a file's imports, exports from other modules, mocks and `declare module`, in their order. */
export function readImports(text: string): readonly Import[] {
  const named = [...text.matchAll(NAMED)].map(({ index, 0: all, 1: clause = "", 2: specifier = "" }) => {
    return { at: index + all.length, specifier, names: readNames(clause) };
  });
  const unnamed = [...text.matchAll(UNNAMED)].map(({ index, 1: specifier = "" }) => {
    return { at: index, specifier, names: null };
  });
  const augmented = [...text.matchAll(AUGMENTED)].map(({ index, 1: specifier = "", 2: body = "" }) => {
    return { at: index, specifier, names: [...body.matchAll(/\binterface\s+(\w+)/g)].map(([, name = ""]) => name) };
  });
  const all = [...named, ...unnamed, ...augmented].sort((a, b) => a.at - b.at);
  return all.map(({ at, specifier, names }) => ({ line: text.slice(0, at).split("\n").length, specifier, names }));
}

/** The names between the braces of an import, as the module exports them. */
function readNames(clause: string): readonly string[] | null {
  const [, list] = /^\{([^{}]*)\}$/.exec(clause.trim()) ?? [];
  const names = list?.split(",").map((name) => name.trim().replace(/^type\s+/, ""));
  return names?.map((name) => name.replace(/\s[\s\S]*/, "")).filter(Boolean) ?? null;
}

/** Returns the aliases in the project's tsconfig.json or jsconfig.json. */
export function readAliases(root: string): readonly Alias[] {
  const file = ["tsconfig.json", "jsconfig.json"].map((name) => join(root, name)).find((path) => existsSync(path));
  if (!file) return [];
  return [...readFileSync(file, "utf8").matchAll(ALIAS)].map(([, prefix = "", path = ""]) => [prefix, path]);
}

/** Returns the kit's path of an imported module, such as lib/auth/core/errors. Null for every other module. */
export function toKitPath(specifier: string, place: string, kit: string, aliases: readonly Alias[]): string | null {
  const path = specifier.replace(/\.[cm]?[jt]sx?$/, "");
  if (/^\.{1,2}\//.test(path)) {
    const fromKit = relative(kit, resolve(dirname(place), path)).replaceAll("\\", "/");
    return fromKit.startsWith("..") ? null : `lib/auth/${fromKit}`;
  }
  const targets = aliases.flatMap(([prefix, to]) => (path.startsWith(prefix) ? [to + path.slice(prefix.length)] : []));
  const matches = [path, ...targets].map((it) => /(?:^|\/)(lib\/auth\/.+)$/.exec(it)?.[1]);
  return matches.find((match) => match !== undefined) ?? null;
}
