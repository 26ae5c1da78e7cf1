// npx tsx lib/auth/doctor [--json]: asks the environment, the user pool and the project what is wrong with the set-up.
// Reads only, and prints no secret. Exit code 1: a ✘. NODE_ENV=production reads .env.production instead.
import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { addressChecks } from "./address";
import { type Finding, runChecks } from "./check";
import { clientChecks } from "./client";
import { cookieChecks } from "./cookies";
import { loadEnvFiles } from "./environment";
import { poolChecks } from "./pool";
import { createProbe } from "./probe";
import { projectChecks } from "./project";
import { readVariables, variableChecks } from "./variables";

interface Group {
  readonly title: string;
  readonly findings: readonly Finding[];
}

const SYMBOLS = { ok: "✔", fault: "✘", warning: "!", unchecked: "–" } as const;

async function examine(root: string, isProduction: boolean): Promise<readonly Group[]> {
  const variables = readVariables(process.env);
  const { config } = variables;
  const asked = await runChecks([...poolChecks, ...clientChecks], config && createProbe(config));
  return [
    { title: "Variables", findings: await runChecks(variableChecks, variables) },
    { title: "User pool", findings: asked.slice(0, poolChecks.length) },
    { title: "App client", findings: asked.slice(poolChecks.length) },
    { title: "Session", findings: await runChecks(cookieChecks, config) },
    { title: "Address", findings: await runChecks(addressChecks, config && { config, root, isProduction }) },
    { title: "Project", findings: await runChecks(projectChecks, root) },
  ];
}

function toText(groups: readonly Group[], files: readonly string[]): string {
  const lines = groups.flatMap(({ title, findings }) => [
    `\n${title}`,
    ...findings.flatMap(({ status, title: check, text, mend }) => [
      `${SYMBOLS[status]} ${check.padEnd(32)} ${text}`,
      ...(mend ? [`  → ${mend}`] : []),
    ]),
  ]);
  return [`Variables from ${["the environment", ...files].join(", ")}`, ...lines].join("\n");
}

async function main(): Promise<void> {
  const isInSource = basename(process.cwd()) === "src" && !existsSync("package.json");
  const root = isInSource ? dirname(process.cwd()) : process.cwd();
  const isProduction = process.env.NODE_ENV === "production";
  const files = loadEnvFiles(root, isProduction);
  const groups = await examine(root, isProduction);
  const findings = groups.flatMap((group) => group.findings);
  const count = (status: Finding["status"]) => findings.filter((finding) => finding.status === status).length;
  const isOk = count("fault") === 0;
  const summary = `${count("fault")} at fault, ${count("warning")} to look at, ${count("unchecked")} not checked`;
  const isJson = process.argv.includes("--json");
  console.log(
    isJson ? JSON.stringify({ ok: isOk, files, findings }, null, 2) : `${toText(groups, files)}\n\n${summary}`,
  );
  process.exitCode = isOk ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(`The doctor failed: ${error instanceof Error ? error.name : "error"}`);
  process.exitCode = 2;
});
