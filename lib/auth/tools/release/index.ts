// Lists the differences between this copy of the kit and its release, or plans an upgrade. It changes nothing.
//
//   npx -y tsx lib/auth/tools/release                              the differences
//   npx -y tsx <newer kit>/lib/auth/tools/release --upgrade .      the plan of an upgrade; run it in the project's root
//   npx -y tsx lib/auth/tools/release --against <newer kit>        the same plan, made by the tool of this copy
//
// Exit code 0: no difference touches security. 1: a difference does. 2: the command could not compare. Changes of a
// formatter (Prettier or Biome, with semicolons) are no differences.
import { statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { compareCopy, type Difference, planSteps } from "./compare";
import { findFiles, locate } from "./files";
import { FORMER_FOLDERS, FORMER_MANIFEST_PATH, isFormer } from "./former";
import { MANIFEST_PATH, type Manifest, readManifest } from "./manifest";
import { findCommands, findImports, type Reference } from "./references";

const here = dirname(fileURLToPath(import.meta.url));
const ownBase = join(here, "../../../..");
const USAGE =
  "Usage: npx -y tsx lib/auth/tools/release [--against <newer kit, or its manifest.json> | --upgrade <app>]";

type Row = readonly [kind: string, role: string, text: string];

function main([option, target]: readonly string[]): void {
  const own = readManifest(join(here, "manifest.json"));
  if (!own) fail(`${shorten(join(here, "manifest.json"))} is not a manifest of the kit`);
  else if (option === undefined) report(own);
  else if (option === "--against" && target !== undefined) upgradeAgainst(own, target);
  else if (option === "--upgrade" && target !== undefined) upgradeApp(own, target);
  else fail(USAGE);
}

function report(own: Manifest): void {
  const all = compareCopy(own, ownBase);
  const found = all.filter(({ kind }) => kind !== "formatted");
  const places = findFiles(ownBase);
  const rows = found.map(({ kind, role, path }): Row => {
    const place = shorten(places.get(path) ?? join(ownBase, path));
    return kind === "stale" ? ["delete", role, `${place}  (of the layout of 0.1.0)`] : [kind, role, place];
  });
  const unchanged = Object.keys(own.files).length - all.filter(({ kind }) => !isExtra(kind)).length;
  const formatted = all.length - found.length;
  const note = formatted > 0 ? ` In ${formatted} more only the formatting differs.` : "";
  const title = `Copied from ${own.version}: ${unchanged} files unchanged, ${found.length} differ.${note}`;
  finish(title, [...rows, ...listReferences(ownBase, [own], editedPaths(all))]);
}

const isExtra = (kind: string) => kind === "added" || kind === "stale";

function upgradeAgainst(own: Manifest, path: string): void {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
  const next = readManifest(isFolder ? join(path, MANIFEST_PATH) : path);
  if (next) plan(own, next, ownBase);
  else fail(`${path} is not a manifest of the kit`);
}

function upgradeApp(own: Manifest, base: string): void {
  const paths = [MANIFEST_PATH, FORMER_MANIFEST_PATH];
  const [from] = paths.flatMap((path) => readManifest(locate(base, path) ?? "") ?? []);
  if (from) plan(from, own, base);
  else fail(`${base} has no copy of the kit: none of ${paths.join(", ")} is a manifest`);
}

function plan(from: Manifest, to: Manifest, base: string): void {
  const places = findFiles(base);
  const isAdded = (path: string) => from.files[path] === undefined && to.files[path]?.role === "yours";
  const edited = new Set([...editedPaths(compareCopy(from, base)), ...[...places.keys()].filter(isAdded)]);
  const steps = planSteps(from, to, places.keys());
  const rows = steps.map(({ kind, role, path }): Row => {
    const place = kind === "copy" ? path : shorten(places.get(path) ?? path);
    if (!edited.has(path)) return [kind === "merge" ? "copy" : kind, role, place];
    return [kind, role, kind === "merge" ? place : `${place}  (changed here: look before you ${kind} it)`];
  });
  const references = listReferences(base, [from, to], edited);
  const title = `From ${from.version} to ${to.version}: ${steps.length} files, ${references.length} lines of the app.`;
  finish(title, [...rows, ...references], adviseOnFolders(base));
}

const editedPaths = (differences: readonly Difference[]): ReadonlySet<string> =>
  new Set(differences.filter(({ kind }) => kind === "changed").map(({ path }) => path));

/** Names the folders of 0.1.0 to delete, as long as no new file is in them. */
function adviseOnFolders(base: string): readonly string[] {
  if (locate(base, MANIFEST_PATH)) return [];
  const folders = FORMER_FOLDERS.flatMap((path) => locate(base, path) ?? []);
  return folders.length > 0 ? [`Before you copy: rm -r ${folders.map(shorten).join(" ")}`] : [];
}

/** Lists the lines to rewrite, in the app's files and in files of the role `yours` that the app has changed. */
function listReferences(base: string, releases: readonly Manifest[], edited: ReadonlySet<string>): Row[] {
  const isOfKit = (path: string) => isFormer(path) || releases.some(({ files }) => files[path] !== undefined);
  const isYours = (path: string) => edited.has(path) && releases.some(({ files }) => files[path]?.role === "yours");
  const imports = findImports(base, releases.at(-1), (path) => isOfKit(path) && !isYours(path));
  const isStandIn = ({ place }: Reference) => /(?:^|[\\/])tests[\\/]cognito[\\/]/.test(place);
  const own = [...imports.filter((it) => !isStandIn(it)), ...findCommands(base)];
  const rows = own.map(({ place, line, from, to }): Row => {
    return ["rewrite", "yours", `${shorten(place)}:${line}  ${from} -> ${to}`];
  });
  const standIn = imports.find(isStandIn);
  return standIn ? [["copy", "other", `${shorten(dirname(standIn.place))}  (the test pool)`], ...rows] : rows;
}

function finish(title: string, rows: readonly Row[], advice: readonly string[] = []): void {
  const touching = rows.filter(([, role]) => role === "security").length;
  const lines = rows.map(([kind, role, text]) => `  ${kind.padEnd(8)} ${role.padEnd(9)} ${text}`);
  const all = [title, ...lines, ...advice, `Security files among them: ${touching}.`];
  process.stdout.write(`${all.map(printable).join("\n")}\n`);
  process.exitCode = touching > 0 ? 1 : 0;
}

/** Another person may have written the manifest: no line break or escape sequence in it reaches the terminal. */
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
