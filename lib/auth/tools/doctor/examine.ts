// Runs every check of the doctor for one app, and groups the findings.
import type { Tenant } from "../../core/base/tenants";
import { addressChecks } from "./address";
import { type Finding, runChecks } from "./check";
import { clientChecks, urlChecks } from "./client";
import { cookieChecks } from "./cookies";
import { type Environment, loadEnvFiles } from "./environment";
import { poolChecks } from "./pool";
import { createProbe } from "./probe";
import { projectChecks } from "./project";
import { examineStore } from "./store";
import { loadTenants, readTenant, tenantChecks } from "./tenants";
import { hasNoPool, readVariables, type Variables, variableChecks, withoutPool } from "./variables";

export interface Report {
  /** The .env files that were read. */
  readonly files: readonly string[];
  readonly groups: readonly { readonly title: string; readonly findings: readonly Finding[] }[];
}

/** Runs every check for the app in `root`. `env` is process.env, which also gets the variables of the .env files. */
export async function examine(root: string, env: Environment): Promise<Report> {
  const isProduction = env.NODE_ENV === "production";
  const files = loadEnvFiles(root, { isProduction });
  const tenants = await loadTenants();
  const project = { title: "Project", findings: await runChecks(projectChecks, root) };
  const storeGroup = async (variables: readonly Variables[]) => {
    return { title: "Store", findings: await examineStore(isProduction, variables) };
  };
  if (tenants === null) {
    const variables = readVariables(env);
    return {
      files,
      groups: [...(await examineOne(variables, root, isProduction)), await storeGroup([variables]), project],
    };
  }
  if (!isList(tenants)) return { files, groups: [{ title: "Tenants", findings: [tenants] }, project] };
  const all = tenants.map((tenant) => readTenant(env, tenant));
  const groups = [{ title: "Tenants", findings: await runChecks(tenantChecks, { env, isProduction, tenants: all }) }];
  for (const { tenant, variables } of all) {
    const { name } = tenant;
    for (const { title, findings } of await examineOne(variables, root, isProduction)) {
      groups.push({ title: `${title} of tenant ${name}`, findings: findings.map((it) => ({ ...it, tenant: name })) });
    }
  }
  return { files, groups: [...groups, await storeGroup(all.map(({ variables }) => variables)), project] };
}

const isList = (value: readonly Tenant[] | Finding): value is readonly Tenant[] => Array.isArray(value);

/** Runs the checks of one configuration: that of the environment, or a tenant's. */
async function examineOne(variables: Variables, root: string, isProduction: boolean): Promise<Report["groups"]> {
  const { config, poolConfig, otherConfigs } = variables;
  const findings = await runChecks(variableChecks, variables);
  if (hasNoPool(variables)) return [{ title: "Variables", findings: withoutPool(variables, findings) }];
  const asked = [...(await runChecks([...poolChecks, ...clientChecks], poolConfig && createProbe(poolConfig)))];
  const hasClient = asked.some(({ id, status }) => id === "client" && status !== "fault" && status !== "unchecked");
  for (const it of hasClient ? otherConfigs : []) asked.push(...(await runChecks(urlChecks, createProbe(it))));
  const address = poolConfig && { config: poolConfig, otherConfigs, root, isProduction };
  return [
    { title: "Variables", findings },
    { title: "User pool", findings: asked.slice(0, poolChecks.length) },
    { title: "App client", findings: asked.slice(poolChecks.length) },
    { title: "Session", findings: await runChecks(cookieChecks, config) },
    { title: "Address", findings: await runChecks(addressChecks, address) },
  ];
}
