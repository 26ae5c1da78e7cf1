// The configuration of a request: that of the environment, or of the tenant whose host it names.
import { chooseConfig } from "./core/base/addresses";
import { type AuthConfig, type AuthConfigs, parseConfigs } from "./core/base/config";
import { parseTenants } from "./core/base/tenants";
import { tenants } from "./tenants";

let configs: AuthConfigs | undefined;

/**
 * Returns the configuration for the address that a request names. Null: that address belongs to no tenant. Throws
 * `config_invalid`.
 */
export function getConfig(headers: Headers): AuthConfig | null {
  return chooseConfig(getConfigs(), headers);
}

/** Returns all configurations, one for each address. Reads the variables at the first use: a build needs none. */
export function getConfigs(): AuthConfigs {
  configs ??= tenants ? parseTenants(process.env, tenants) : parseConfigs(process.env);
  return configs;
}
