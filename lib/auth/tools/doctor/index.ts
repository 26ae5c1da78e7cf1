// The doctor checks the variables, the user pool and the project, and says how to fix each problem. In the root:
//
//   npx -y tsx lib/auth/tools/doctor [--json]     with src: npx -y tsx src/lib/auth/tools/doctor
//
// It changes nothing but an entry of its own in a session store, and prints no secret. With NODE_ENV=production it reads .env.production. Exit code 0: no ✘. 1: at
// least one ✘. 2: the doctor itself failed. This file imports Node only, so that it can name a package that is missing.
import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { Finding } from "./check";
import type { Report } from "./examine";
import { findObstacle } from "./start";

const SYMBOLS = { ok: "✔", fault: "✘", warning: "!", note: "·", unchecked: "–" } as const;

function toText({ groups, files }: Report): string {
  const isSkipped = ({ findings }: Report["groups"][number]) => findings.every(({ status }) => status === "unchecked");
  const skipped = groups.filter(isSkipped).map(({ title }) => title);
  const examined = groups.filter((group) => !isSkipped(group));
  const lines = examined.flatMap(({ title, findings }) => [
    `\n${title}`,
    ...findings.flatMap(({ status, title: check, text, fix }) => [
      `${SYMBOLS[status]} ${check.padEnd(32)} ${text}`,
      ...(fix ? [`  → ${fix}`] : []),
    ]),
  ]);
  if (skipped.length > 0) lines.push(`\n${SYMBOLS.unchecked} Not checked until you fix the ✘: ${skipped.join(", ")}`);
  return [`Variables from ${["the environment", ...files].join(", ")}`, ...lines].join("\n");
}

async function createReport(root: string): Promise<Report> {
  const obstacle = findObstacle(root);
  if (obstacle) return { files: [], groups: [{ title: "Project", findings: [obstacle] }] };
  const { examine } = await import("./examine");
  return examine(root, process.env);
}

async function main(): Promise<void> {
  const isInSource = basename(process.cwd()) === "src" && !existsSync("package.json");
  const report = await createReport(isInSource ? dirname(process.cwd()) : process.cwd());
  const findings = report.groups.flatMap((group) => group.findings);
  const count = (status: Finding["status"]) => findings.filter((finding) => finding.status === status).length;
  const isOk = count("fault") === 0;
  const summary = `Faults: ${count("fault")}. Warnings: ${count("warning")}. Not checked: ${count("unchecked")}.`;
  const isJson = process.argv.includes("--json");
  console.log(
    isJson ? JSON.stringify({ ok: isOk, files: report.files, findings }, null, 2) : `${toText(report)}\n\n${summary}`,
  );
  process.exitCode = isOk ? 0 : 1;
  process.stdout.write("", () => process.exit()); // A store can keep a connection open.
}

main().catch((error: unknown) => {
  console.error(`The doctor failed: ${error instanceof Error ? error.name : "error"}`);
  process.exitCode = 2;
});
