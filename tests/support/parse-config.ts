import { type AuthConfig, parseConfigs } from "../../lib/auth/core/base/config";

/** The configuration of the first address in these variables. Throws as parseConfigs does. */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): AuthConfig {
  return parseConfigs(environment)[0];
}
