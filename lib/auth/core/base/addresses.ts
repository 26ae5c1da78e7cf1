// Chooses the address of the app that a request names.
import type { AuthConfig, AuthConfigs } from "./config";

/**
 * Returns the entry that `X-Forwarded-Host` names, else the one that `Host` names. A forged header can only choose among
 * the app's own addresses. Otherwise returns the first entry; but with tenants there is no default: null, also when the
 * headers name two tenants.
 */
export function chooseConfig(configs: AuthConfigs, headers: Headers): AuthConfig | null {
  const [first] = configs;
  const hasTenants = first.tenant !== null;
  if (configs.length === 1 && !hasTenants) return first; // Most apps: no request pays for a choice.
  const [forwarded = ""] = (headers.get("x-forwarded-host") ?? "").split(",", 1);
  const { protocol } = new URL(first.origin);
  const find = (host: string) => {
    const named = originOf(protocol, host);
    return configs.find(({ origin }) => origin === named);
  };
  const [byForwarded, byHost] = [find(forwarded), find(headers.get("host") ?? "")];
  if (byForwarded && byHost && byForwarded.tenant !== byHost.tenant) return null;
  return byForwarded ?? byHost ?? (hasTenants ? null : first);
}

/**
 * Returns an origin with the host in lower case, without a default port. Null when `host` is more than a host. Only the
 * white space of HTTP counts: a proxy takes other white space for a part of the name.
 */
function originOf(protocol: string, host: string): string | null {
  const [, name] = /^[ \t]*([\w.:[\]-]+)[ \t]*$/.exec(host) ?? [];
  const address = `${protocol}//${name}`;
  return name && URL.canParse(address) ? new URL(address).origin : null;
}
