import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import type { Spread } from "./statistics";

/** What one part of the benchmarks found. */
export interface Part {
  readonly tables: readonly Table[];
  readonly goals: readonly Goal[];
}

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly notes?: readonly string[];
}

export interface Goal {
  readonly claim: string;
  readonly found: string;
  readonly isReached: boolean;
}

export function fixed(value: number, digits: number): string {
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** The median, and in parentheses where the middle half lies. */
export function formatSpread({ median, low, high }: Spread, digits: number): string {
  return `${fixed(median, digits)} (${fixed(low, digits)}–${fixed(high, digits)})`;
}

export function describeMachine(): string {
  const kernel = execFileSync("uname", ["-sr"], { encoding: "utf8" }).trim();
  const [cpu] = cpus();
  return `${cpu?.model} with ${cpus().length} cores, ${kernel}, Node ${process.version}, ${versionsOf("next")}; ${describeLoad()}`;
}

/** What is installed here, or in the project itself. */
export function versionsOf(...packages: readonly string[]): string {
  const folders = ["node_modules/", "../../../node_modules/"].map((path) => new URL(path, import.meta.url));
  const versions = packages.map((name) => {
    const files = folders.map((folder) => new URL(`${name}/package.json`, folder));
    const file = files.find((it) => existsSync(it));
    return `${name} ${file ? JSON.parse(readFileSync(file, "utf8")).version : "is not installed"}`;
  });
  return versions.join(", ");
}

export function describeLoad(): string {
  return `load average ${loadavg()
    .map((load) => load.toFixed(2))
    .join(" ")}`;
}

export function formatPart({ tables, goals }: Part, asMarkdown: boolean): string {
  const lines = goals.map(
    ({ claim, found, isReached }) => `${isReached ? "reached" : "NOT REACHED"}: ${claim} (${found})`,
  );
  const list = asMarkdown ? lines.map((line) => `- ${line}`).join("\n") : lines.join("\n");
  return [...tables.map((table) => formatTable(table, asMarkdown)), list].filter(Boolean).join("\n\n");
}

function formatTable({ title, head, rows, notes = [] }: Table, asMarkdown: boolean): string {
  if (!asMarkdown) return [title, align([head, ...rows]), ...notes].join("\n");
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = `|---|${head
    .slice(1)
    .map(() => "---:|")
    .join("")}`;
  return [`**${title}**`, [line(head), rule, ...rows.map(line)].join("\n"), ...notes].join("\n\n");
}

/** The first column to the left, the others to the right. */
function align(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  const pad = (cell: string, i: number) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0));
  return lines.map((line) => line.map(pad).join("  ").trimEnd()).join("\n");
}
