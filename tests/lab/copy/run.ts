// npm run test:copy [-- --keep] [layout ...]: copies the kit into new projects as the README says, and tries each.
import { type Result, tryLayout } from "./check";
import { findLayout, LAYOUTS } from "./layouts";

const names = process.argv.slice(2).filter((argument) => argument !== "--keep");
const layouts = names.length === 0 ? LAYOUTS : names.map(findLayout);

const results: Result[] = [];
for (const layout of layouts) {
  const result = await tryLayout(layout, process.argv.includes("--keep"));
  results.push(result);
  console.log(`${result.failures.length === 0 ? "passed" : "FAILED"}  ${layout.name}`);
  for (const failure of result.failures) console.log(`\n${failure}\n`);
}
printTable(results);
process.exit(results.every(({ failures }) => failures.length === 0) ? 0 : 1);

function printTable(rows: readonly Result[]): void {
  const cells = rows.map(({ name, next, ran, failures, seconds }) => [
    name,
    next,
    ran,
    failures.length === 0 ? "passed" : `${failures.length} failed`,
    String(seconds),
  ]);
  const table = [["layout", "Next", "what ran", "result", "s"], ...cells];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  console.log();
  for (const row of table) console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  for (const { name, root } of rows) if (root) console.log(`\n${name} is in ${root}`);
}
