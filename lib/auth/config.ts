// The configuration of a request: that of the environment, or of the tenant whose host it names.
import { chooseConfig } from "./core/base/addresses";
import { type AuthConfig, type AuthConfigs, parseConfigs } from "./core/base/config";
import { AuthError } from "./core/base/errors";
import { parseTenants } from "./core/base/tenants";
import { store } from "./store";
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
  configs ??= checkSecrets(tenants ? parseTenants(process.env, tenants) : parseConfigs(process.env));
  return configs;
}

/** A stored session is encrypted: its browser has one half of the key, and AUTH_SECRET is the other. */
function checkSecrets(all: AuthConfigs): AuthConfigs {
  const isComplete = !store || all.every(({ secrets }) => secrets.length > 0);
  if (isComplete) return all;
  throw new AuthError("config_invalid", "AUTH_SECRET is missing: lib/auth/store.ts has a store");
}
