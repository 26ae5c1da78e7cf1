import { arch, cpus } from "node:os";
import type { ChaosOptions, ChaosReport } from "./chaos";
import type { Tally } from "./tally";

type Column = readonly [title: string, value: (rows: readonly Tally[]) => string];

const sum = (rows: readonly Tally[], value: (row: Tally) => number) =>
  rows.reduce((total, row) => total + value(row), 0);
const whole = (value: (row: Tally) => number) => (rows: readonly Tally[]) => sum(rows, value).toLocaleString("en");
const status = (code: number) => whole((row) => row.statuses.get(code) ?? 0);

const COLUMNS: readonly Column[] = [
  ["requests", whole((row) => row.requests)],
  ["aborted", whole((row) => row.aborted)],
  ["401", status(401)],
  ["502", status(502)],
  ["503", status(503)],
  ["no answer", status(0)],
  ["refreshes", whole((row) => row.refreshes)],
  ["token calls", whole((row) => row.tokenCalls)],
  ["per expiry", (rows) => (sum(rows, (row) => row.tokenCalls) / sum(rows, (row) => row.expiries)).toFixed(2)],
  ["shut out", whole((row) => row.shutOut.length)],
  ["lost", countLost],
];

const LEGEND = `requests: all that browsers sent; aborted: broken off by the browser at once; no answer: in as long as the user waited
refreshes: new refresh tokens that reached a browser; per expiry: token calls for each refresh token that was brought
shut out: 503 for a good access token while the keys were in reach
lost: reached the login page or the error page, or changed its auth_time, while Cognito would still have refreshed it`;

/** The figures as plain text, and what led to the first of what must not be. */
export function formatReport(
  { rows, faults }: ChaosReport,
  { sessions, seconds, seed }: ChaosOptions,
  load = "",
): string {
  const head = `Chaos: ${sessions} sessions, ${seconds} s, seed ${seed}, Node ${process.version} on ${cpus().length} cores (${arch()})${load && `, ${load}`}`;
  const figures = align([
    ["", ...COLUMNS.map(([title]) => title)],
    ...rows.map((row) => [row.name, ...COLUMNS.map(([, value]) => value([row]))]),
    ["all", ...COLUMNS.map(([, value]) => value(rows))],
  ]);
  const hits = align([
    ["fault", "times", "requests hit"],
    ...[...faults].sort().map(([name, { times, hits: hit }]) => [name, String(times), hit ? String(hit) : ""]),
  ]);
  const notes = rows
    .filter((row) => row.excuse && row.lost.length > 0)
    .map(({ name, excuse }) => `* ${name}: ${excuse}`);
  const wrongs = rows.filter((row) => !row.isGood).flatMap((row) => [...countReasons(row), ...describe(row)]);
  return [head, figures, ...notes, LEGEND, hits, ...wrongs].join("\n\n");
}

/** How often sessions were lost in which way. */
function countReasons({ name, lost }: Tally): string[] {
  const reasons = lost.map(reasonOf);
  const lines = [...new Set(reasons)].map((it) => `${name}: ${reasons.filter((other) => other === it).length} ${it}`);
  return lines.length > 0 ? [lines.join("\n")] : [];
}

/** The first line, without the user. */
function reasonOf(text: string): string {
  return text.split("\n", 1)[0]?.replace(/^\S+ /, "") ?? "";
}

/** One text for each reason. */
function firstOfEach(texts: readonly string[]): readonly string[] {
  return [...new Map(texts.toReversed().map((text) => [reasonOf(text), text])).values()];
}

/** With an asterisk, and in no sum, when nothing could have kept them. */
function countLost(rows: readonly Tally[]): string {
  const isExcused = rows.every(({ excuse }) => excuse !== null);
  const counted = isExcused ? rows : rows.filter(({ excuse }) => excuse === null);
  return `${sum(counted, (row) => row.lost.length)}${isExcused ? "*" : ""}`;
}

function describe(row: Tally): string[] {
  const kinds = [row.excuse === null ? row.lost : [], row.shutOut, row.odd];
  return kinds.flatMap((kind) => firstOfEach(kind)).map((text) => `${row.name}: ${text}`);
}

/** The first column to the left, the others to the right. */
function align(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  const pad = (cell: string, i: number) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0));
  return lines.map((line) => line.map(pad).join("  ").trimEnd()).join("\n");
}
