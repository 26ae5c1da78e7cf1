// Several tenants in one deployment: each has its own addresses and its own user pool.
import { ADDRESS_RULE, type AuthConfigs, isAlike, parseConfigs } from "./config";
import type { Environment } from "./environment-reader";
import { AuthError } from "./errors";

type TenantVariable =
  | "COGNITO_ISSUER"
  | "COGNITO_DOMAIN"
  | "COGNITO_CLIENT_ID"
  | "COGNITO_CLIENT_SECRET"
  | "COGNITO_API_CLIENT_IDS"
  | "COGNITO_SCOPE"
  | "COGNITO_RESOURCE"
  | "COGNITO_JWKS"
  | "AUTH_SECRET";

/** A tenant: its name, and the variables that differ from those of the environment. `.env.example` explains them. */
export interface Tenant extends Readonly<Partial<Record<TenantVariable, string | undefined>>> {
  readonly name: string;
  readonly APP_BASE_URL: string | undefined;
}

/**
 * Parses the configurations of all tenants. Throws `config_invalid`, which names the tenant, for a wrong variable, for an
 * address of two tenants, and for an app client of two tenants: its tokens would be valid for both.
 */
export function parseTenants(environment: Environment, tenants: readonly Tenant[]): AuthConfigs {
  const [first, ...others] = tenants.flatMap((tenant) => parseTenant(environment, tenant));
  if (!first) throw new AuthError("config_invalid", "lib/auth/tenants.ts lists no tenant");
  if (new Set(tenants.map(({ name }) => name)).size < tenants.length)
    throw invalid(first.tenant, "or another name is listed twice");
  checkOwners([first, ...others]);
  return [first, ...others];
}

/** Checks that an address and an app client belong to one tenant only, and that all addresses can be one app's. */
function checkOwners(configs: AuthConfigs): void {
  const owners = new Map<string, string | null>();
  for (const { tenant, baseUrl, origin, issuer, bearerClientIds } of configs) {
    if (!isAlike(new URL(baseUrl), new URL(configs[0].baseUrl))) throw invalid(tenant, `APP_BASE_URL ${ADDRESS_RULE}`);
    for (const thing of [origin, ...bearerClientIds.map((id) => `client ${id} of ${issuer}`)]) {
      const owner = owners.get(thing) ?? tenant;
      if (owner !== tenant) throw invalid(tenant, `shares ${thing} with tenant "${owner}"`);
      owners.set(thing, tenant);
    }
  }
}

function parseTenant(environment: Environment, { name, ...variables }: Tenant): AuthConfigs {
  if (typeof name !== "string" || !name)
    throw new AuthError("config_invalid", "lib/auth/tenants.ts lists a tenant without a name");
  // Another value must not take the place of one that was forgotten: the client secret, for example.
  const named = Object.entries<unknown>(Object.assign({ APP_BASE_URL: undefined }, variables));
  const unset = named.find(([, value]) => typeof value !== "string"); // A list can come from JSON.
  if (unset) throw invalid(name, `${unset[0]} ${unset[1] === undefined ? "is undefined" : "must be text"}`);
  try {
    return parseConfigs({ ...environment, ...variables }, name);
  } catch (error) {
    throw error instanceof AuthError ? invalid(name, error.message) : error;
  }
}

function invalid(tenant: string | null, problem: string): AuthError {
  return new AuthError("config_invalid", `Tenant "${tenant}": ${problem}`);
}
