// With several tenants: reads lib/auth/tenants.ts, and checks what the tenants share.
import { AuthError } from "../../core/base/errors";
import { parseTenants, type Tenant } from "../../core/base/tenants";
import { type Check, type Finding, fault, note, ok, warning } from "./check";
import type { Environment } from "./environment";
import { readVariables, type Variables } from "./variables";

/** A tenant, and its variables with those of the environment that it does not name. */
export interface TenantVariables {
  readonly tenant: Tenant;
  readonly variables: Variables;
}

/** All tenants of the deployment. */
interface Deployment {
  readonly env: Environment;
  readonly isProduction: boolean;
  readonly tenants: readonly TenantVariables[];
}

const FILE = "lib/auth/tenants.ts";
/** A value of one user pool or app client. */
const OF_ONE_POOL = ["COGNITO_CLIENT_SECRET", "COGNITO_JWKS"] as const;

export const tenantChecks: readonly Check<Deployment>[] = [
  { id: "tenants", title: "Tenants", run: checkTenants },
  { id: "shared_variables", title: "Variables of the environment", needs: ["tenants"], run: checkShared },
  { id: "tenant_hosts", title: "Hosts", needs: ["tenants"], run: checkHosts },
];

/** Imports the app's tenants. The file may read process.env: the .env files must be loaded before. */
export async function loadTenants(): Promise<readonly Tenant[] | null | Finding> {
  try {
    const { tenants } = await import("../../tenants");
    return tenants;
  } catch (error) {
    const name = error instanceof Error ? error.name : "error"; // The message may quote a value.
    const fix = `Copy ${FILE} from the kit if it is missing. The file may read process.env, and must import types only`;
    return { id: "tenants", title: "Tenants", status: "fault", text: `${FILE} cannot be loaded: ${name}`, fix };
  }
}

/** Reads a tenant's variables. A variable that it names without a value is wrong: the environment's does not count. */
export function readTenant(env: Environment, tenant: Tenant): TenantVariables {
  const { name, ...own } = tenant;
  const variables = readVariables({ ...env, ...own }, name);
  const unset = Object.entries(own).filter(([, value]) => value === undefined);
  if (unset.length === 0) return { tenant, variables };
  const problems = unset.map(([variable]) => [variable, `is undefined in ${FILE}: process.env has no value for it`]);
  const all = { ...variables.problems, ...Object.fromEntries(problems) };
  return { tenant, variables: { ...variables, problems: all, config: null, poolConfig: null } };
}

/** A problem of one tenant's own variables is a finding of that tenant. */
function checkTenants({ env, tenants }: Deployment) {
  const names = tenants.map(({ tenant }) => tenant.name).join(", ");
  const list = tenants.map(({ tenant }) => tenant);
  try {
    if (tenants.every(({ variables }) => variables.config)) parseTenants(env, list);
    return ok(names);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return fault(error.message, `${FILE}: each tenant has a name, addresses and an app client of its own`);
  }
}

/** AUTH_SECRET may be shared: issuer and client id enter every key that is derived from it. */
function checkShared({ env, tenants }: Deployment) {
  const findings = OF_ONE_POOL.flatMap((name) => {
    const heirs = tenants.filter(({ tenant }) => env[name]?.trim() && !Object.hasOwn(tenant, name));
    const pools = new Set(heirs.map(({ variables }) => variables.env.COGNITO_ISSUER));
    return pools.size > 1 ? [`${name} (${heirs.map(({ tenant }) => tenant.name).join(", ")})`] : [];
  });
  if (findings.length === 0) return ok("no tenant inherits a secret or the keys of another pool");
  return warning(
    `several pools get the same ${findings.join(" and ")}`,
    `${FILE}: name it for each tenant, or set it to "" for a tenant that has none. A shared AUTH_SECRET is fine`,
  );
}

function checkHosts({ isProduction, tenants }: Deployment) {
  const origins = tenants.flatMap(originsOf);
  const shared = findSharedHost(tenants);
  if (shared) {
    return warning(
      `${shared} is a host of two tenants: browsers share cookies between ports, so a sign-in at one ends the other's session`,
      `${FILE}: take a host name for each tenant. On your machine: localhost and 127.0.0.1`,
    );
  }
  const text = `${origins.join(", ")}. Every other host gets a 404`;
  if (isProduction) {
    return note(
      text,
      "Health checks must send a listed host, or middleware.ts answers their path before authenticateRequest",
    );
  }
  if (origins.some((origin) => origin.startsWith("http:"))) return ok(text);
  return warning(
    `none is on this machine: http://localhost:3000 gets a 404`,
    "In .env.local: http://localhost:3000 for one tenant and http://127.0.0.1:3000 for another, and register both callback URLs",
  );
}

/** Those of all addresses of a tenant, when no variable is wrong. */
function originsOf({ variables: { config, otherConfigs } }: TenantVariables): readonly string[] {
  return config ? [config, ...otherConfigs].map(({ origin }) => origin) : [];
}

function findSharedHost(tenants: readonly TenantVariables[]): string | undefined {
  const hosts = tenants.flatMap((tenant) => [...new Set(originsOf(tenant).map((origin) => new URL(origin).hostname))]);
  return hosts.find((host, i) => hosts.indexOf(host) < i);
}
