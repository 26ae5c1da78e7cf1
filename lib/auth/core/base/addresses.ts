// Chooses the address of the app that a request names.
import type { AuthConfig, AuthConfigs } from "./config";

/**
 * Returns the entry of APP_BASE_URL that `X-Forwarded-Host` names, else the one that `Host` names, else the first. A
 * forged header can only choose among the app's own addresses.
 */
export function chooseConfig(configs: AuthConfigs, headers: Headers): AuthConfig {
  if (configs.length === 1) return configs[0]; // Most apps: no request pays for a choice.
  const [forwarded = ""] = (headers.get("x-forwarded-host") ?? "").split(",", 1);
  const { protocol } = new URL(configs[0].origin);
  const find = (host: string) => {
    const named = originOf(protocol, host.trim());
    return configs.find(({ origin }) => origin === named);
  };
  return find(forwarded) ?? find(headers.get("host") ?? "") ?? configs[0];
}

/** Returns an origin with the host in lower case, without a default port. Null when `host` is more than a host. */
function originOf(protocol: string, host: string): string | null {
  const address = `${protocol}//${host}`;
  return /^[\w.:[\]-]+$/.test(host) && URL.canParse(address) ? new URL(address).origin : null;
}
