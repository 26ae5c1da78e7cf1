// Runs every check of the doctor for one app, and groups the findings.
import { addressChecks } from "./address";
import { type Finding, runChecks } from "./check";
import { clientChecks, urlChecks } from "./client";
import { cookieChecks } from "./cookies";
import { type Environment, loadEnvFiles } from "./environment";
import { poolChecks } from "./pool";
import { createProbe } from "./probe";
import { projectChecks } from "./project";
import { hasNoPool, readVariables, variableChecks, withoutPool } from "./variables";

export interface Report {
  /** The .env files that were read. */
  readonly files: readonly string[];
  readonly groups: readonly { readonly title: string; readonly findings: readonly Finding[] }[];
}

/** Runs every check for the app in `root`. `env` is process.env, which also gets the variables of the .env files. */
export async function examine(root: string, env: Environment): Promise<Report> {
  const isProduction = env.NODE_ENV === "production";
  const files = loadEnvFiles(root, { isProduction });
  const variables = readVariables(env);
  const { config, poolConfig, otherConfigs } = variables;
  const findings = await runChecks(variableChecks, variables);
  const project = { title: "Project", findings: await runChecks(projectChecks, root) };
  if (hasNoPool(variables)) {
    return { files, groups: [{ title: "Variables", findings: withoutPool(variables, findings) }, project] };
  }
  const asked = [...(await runChecks([...poolChecks, ...clientChecks], poolConfig && createProbe(poolConfig)))];
  const hasClient = asked.some(({ id, status }) => id === "client" && status !== "fault" && status !== "unchecked");
  for (const it of hasClient ? otherConfigs : []) asked.push(...(await runChecks(urlChecks, createProbe(it))));
  const address = poolConfig && { config: poolConfig, otherConfigs, root, isProduction };
  const groups = [
    { title: "Variables", findings },
    { title: "User pool", findings: asked.slice(0, poolChecks.length) },
    { title: "App client", findings: asked.slice(poolChecks.length) },
    { title: "Session", findings: await runChecks(cookieChecks, config) },
    { title: "Address", findings: await runChecks(addressChecks, address) },
    project,
  ];
  return { files, groups };
}
