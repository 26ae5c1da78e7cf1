// npx -y tsx lib/auth/tools/release: which files of the kit differ from the release that they were copied from.
// npx -y tsx lib/auth/tools/release --against <newer kit, or its manifest.json>: which files to copy again.
// Exit code 0: no difference touches security. 1: one does. 2: it could not compare. What a formatter does (Prettier,
// Biome, with semicolons) is no difference; put lib/auth and app/auth into .prettierignore and an upgrade is easier.
import { statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { compareCopy, compareReleases, findFiles, MANIFEST_PATH, type Manifest, readManifest } from "./compare";

const here = dirname(fileURLToPath(import.meta.url));
const base = join(here, "../../../..");
const USAGE = "Usage: npx -y tsx lib/auth/tools/release [--against <newer kit, or its manifest.json>]";

function main([option, target]: readonly string[]): void {
  const own = readManifest(join(here, "manifest.json"));
  if (!own) fail(`${shorten(join(here, "manifest.json"))} is not a manifest of the kit`);
  else if (option === undefined) report(own);
  else if (option === "--against" && target !== undefined) planUpgrade(own, target);
  else fail(USAGE);
}

function report(own: Manifest): void {
  const all = compareCopy(own, base);
  const found = all.filter(({ kind }) => kind !== "formatted");
  const places = findFiles(base);
  const lines = found.map(({ kind, role, path }) => [kind, role, shorten(places.get(path) ?? join(base, path))]);
  const unchanged = Object.keys(own.files).length - all.filter(({ kind }) => kind !== "added").length;
  const formatted = all.length - found.length;
  const note = formatted > 0 ? ` In ${formatted} more only the formatting differs.` : "";
  finish(`Copied from ${own.version}: ${unchanged} files unchanged, ${found.length} differ.${note}`, lines);
}

function planUpgrade(own: Manifest, path: string): void {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
  const next = readManifest(isFolder ? join(path, MANIFEST_PATH) : path);
  if (!next) {
    fail(`${path} is not a manifest of the kit`);
    return;
  }
  const mine = new Map(compareCopy(own, base).map((difference) => [difference.path, difference.kind]));
  const lines = compareReleases(own, next).map(({ kind, role, path: file }) => {
    const isEdited = kind !== "merge" && mine.get(file) === "changed";
    return [kind, role, isEdited ? `${file}  (changed here: look before you ${kind} it)` : file];
  });
  finish(`From ${own.version} to ${next.version}: ${lines.length} files.`, lines);
}

function finish(title: string, lines: readonly (readonly string[])[]): void {
  const touching = lines.filter(([, role]) => role === "security").length;
  const rows = lines.map(([kind = "", role = "", file = ""]) => `  ${kind.padEnd(8)} ${role.padEnd(9)} ${file}`);
  const all = [title, ...rows, `Security files among them: ${touching}.`];
  process.stdout.write(`${all.map(printable).join("\n")}\n`);
  process.exitCode = touching > 0 ? 1 : 0;
}

/** Names come from a manifest of somebody else's: no line break or escape sequence of theirs reaches the terminal. */
function printable(line: string): string {
  return line.replace(/[^\x20-\x7e]/g, "?");
}

function shorten(path: string): string {
  return relative(process.cwd(), path).replaceAll("\\", "/");
}

function fail(message: string): void {
  process.stderr.write(`${printable(message)}\n`);
  process.exitCode = 2;
}

main(process.argv.slice(2));
