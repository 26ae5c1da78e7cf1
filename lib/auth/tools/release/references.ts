// Finds the app's imports and commands that name files which the kit no longer has.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findFiles, findRoot, findSources, locate } from "./files";
import { FORMER_TOOL, isFormer } from "./former";
import { readAliases, readImports, toKitPath } from "./imports";
import type { Manifest } from "./manifest";

/** A line of the app to rewrite. */
export interface Reference {
  readonly place: string;
  readonly line: number;
  readonly from: string;
  readonly to: string;
}

/** The types and values of core that the door `lib/auth/session` exports. */
export const DOOR_NAMES: readonly string[] = [
  "AccessTokenClaims",
  "AuthError",
  "AuthErrorCode",
  "AuthEvent",
  "GroupName",
  "GroupNames",
  "IdTokenClaims",
  "Requirement",
  "Session",
  "User",
];

/** Returns the imports of gone modules in the app's files. `isKitFile` is true for the paths of the kit's files. */
export function findImports(
  base: string,
  current: Manifest | undefined,
  isKitFile: (path: string) => boolean,
): readonly Reference[] {
  const kit = locate(base, "lib/auth");
  if (!kit || !current) return [];
  const root = findRoot(base);
  const aliases = readAliases(root);
  const kitPlaces = new Set([...findFiles(base)].flatMap(([path, place]) => (isKitFile(path) ? [place] : [])));
  const sources = findSources(root).filter((place) => !kitPlaces.has(place));
  return sources.flatMap((place) =>
    readImports(readFileSync(place, "utf8")).flatMap(({ line, specifier, names }) => {
      const path = toKitPath(specifier, place, kit, aliases);
      if (path === null || !isGone(path, current)) return [];
      return [{ place, line, from: specifier, to: advise(specifier, path, names) }];
    }),
  );
}

/** Returns the scripts of package.json and the lines of GitHub workflows that run a tool at its place in 0.1.0. */
export function findCommands(base: string): readonly Reference[] {
  const root = findRoot(base);
  const workflows = join(root, ".github/workflows");
  const names = existsSync(workflows) ? readdirSync(workflows).filter((name) => /\.ya?ml$/.test(name)) : [];
  const places = [join(root, "package.json"), ...names.map((name) => join(workflows, name))];
  return places.filter(existsSync).flatMap((place) => {
    const lines = readFileSync(place, "utf8").split("\n");
    return lines.flatMap((text, i) => {
      const [from, tool] = FORMER_TOOL.exec(text) ?? [];
      return from === undefined ? [] : [{ place, line: i + 1, from, to: `lib/auth/tools/${tool}` }];
    });
  });
}

/** Every module of the flat core counts as gone. Only authenticate has kept its path, and its exports are new. */
function isGone(path: string, { files }: Manifest): boolean {
  if (isFormer(path)) return true;
  const exists = [".ts", ".tsx", "/index.ts"].some((ending) => files[path + ending] !== undefined);
  return path.startsWith("lib/auth/core/") && !exists;
}

/** The new specifier, or the names that no door exports. */
function advise(specifier: string, path: string, names: readonly string[] | null): string {
  if (!path.startsWith("lib/auth/core/")) return path.replace(FORMER_TOOL, "lib/auth/tools/$1");
  const own = specifier.replace(/\/core\/.*$/, "/session");
  const door = own === specifier ? "@/lib/auth/session" : own;
  if (names === null) return `${door}  (which exports a part of core)`;
  const internal = names.filter((name) => !DOOR_NAMES.includes(name));
  if (internal.length === 0) return door;
  const note = `no door: only the kit may use ${internal.join(", ")}`;
  return internal.length === names.length ? note : `${door} and ${note}`;
}
