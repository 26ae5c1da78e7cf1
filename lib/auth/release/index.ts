// npx tsx lib/auth/release: which files of the kit differ from the release that they were copied from.
// npx tsx lib/auth/release --against <newer kit, or its manifest.json>: which files to copy again.
// Exits with 1 when a difference touches security.
import { statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { compareCopy, compareReleases, type Difference, findFiles, MANIFEST_PATH, readManifest } from "./compare";

const here = dirname(fileURLToPath(import.meta.url));
const base = join(here, "../../..");
const own = readManifest(join(here, "manifest.json"));
const differences = compareCopy(own, base);
const [option, target] = process.argv.slice(2);

if (option === undefined) report(differences);
else if (option === "--against" && target !== undefined) planUpgrade(target);
else fail("Usage: npx tsx lib/auth/release [--against <newer kit, or its manifest.json>]");

function report(found: readonly Difference[]): void {
  const places = findFiles(base);
  const lines = found.map(({ kind, role, path }) => [kind, role, shorten(places.get(path) ?? join(base, path))]);
  const unchanged = Object.keys(own.files).length - found.filter(({ kind }) => kind !== "added").length;
  finish(`Copied from ${own.version}: ${unchanged} files unchanged, ${found.length} differ.`, lines);
}

function planUpgrade(path: string): void {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
  const next = readManifest(isFolder ? join(path, MANIFEST_PATH) : path);
  const mine = new Map(differences.map((difference) => [difference.path, difference.kind]));
  const lines = compareReleases(own, next).map(({ kind, role, path: file }) => {
    const isEdited = kind !== "merge" && mine.get(file) === "changed";
    return [kind, role, isEdited ? `${file}  (changed here: look before you ${kind} it)` : file];
  });
  finish(`From ${own.version} to ${next.version}: ${lines.length} files.`, lines);
}

function finish(title: string, lines: readonly (readonly string[])[]): void {
  const touching = lines.filter(([, role]) => role === "security").length;
  const rows = lines.map(([kind = "", role = "", file = ""]) => `  ${kind.padEnd(8)} ${role.padEnd(9)} ${file}\n`);
  process.stdout.write(`${title}\n${rows.join("")}Security files among them: ${touching}.\n`);
  process.exitCode = touching > 0 ? 1 : 0;
}

function shorten(path: string): string {
  return relative(process.cwd(), path).replaceAll("\\", "/");
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
}
