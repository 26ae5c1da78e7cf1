// Checks APP_BASE_URL, and lists what proxies between the browser and the app must let through.
import type { AuthConfig } from "../../core/base/config";
import { type Check, fault, note, ok, warning } from "./check";
import { findNextConfig } from "./environment";

export interface Deployment {
  readonly config: AuthConfig;
  readonly root: string;
  readonly isProduction: boolean;
}

export const addressChecks: readonly Check<Deployment>[] = [
  { id: "base_path", title: "Base path", run: checkBasePath },
  { id: "loopback", title: "One address", run: checkLoopback },
  { id: "proxies", title: "Proxies", run: adviseOnProxies },
];

function checkBasePath({ config, root }: Deployment) {
  const { name: file, source } = findNextConfig(root) ?? {};
  const basePath = source === undefined ? "" : findBasePath(source);
  if (basePath === null) {
    return note(`unknown: ${file} computes it`, "If Next has a basePath, APP_BASE_URL must end with it");
  }
  if (basePath === config.basePath) return ok(basePath || "none");
  return fault(
    `APP_BASE_URL has the path "${config.basePath}", and ${file ?? "the app (without a next.config)"} has "${basePath}"`,
    `Set APP_BASE_URL=${config.origin}${basePath}, or change basePath in ${file ?? "next.config.ts"}`,
  );
}

/** The basePath in the source of a next.config, "" without one. Null when it is not a literal. */
function findBasePath(source: string): string | null {
  const [, , literal] = /(?:^|[{,])\s*basePath\s*:\s*(["'])(.*?)\1/m.exec(source) ?? [];
  if (literal !== undefined) return literal.replace(/\/+$/, "");
  return /(?:^|[{,.])\s*basePath\b/m.test(source) ? null : "";
}

function checkLoopback({ config, isProduction }: Deployment) {
  const { hostname } = new URL(config.baseUrl);
  if (isLoopback(config) && isProduction) {
    return warning(`APP_BASE_URL is ${config.baseUrl} in production`, "Set APP_BASE_URL to the public https address");
  }
  const isAlone = config.tenant === null; // A second tenant needs a second host.
  if (!isLoopback(config) || hostname === "localhost" || !isAlone) return ok(`open the app at ${config.baseUrl} only`);
  return warning(
    `${hostname} and localhost are two sites with separate cookies, and next dev prints localhost`,
    `Open ${config.baseUrl}, or set APP_BASE_URL=${config.baseUrl.replace(hostname, "localhost")}`,
  );
}

function adviseOnProxies({ config }: Deployment) {
  if (isLoopback(config)) return ok("none: a loopback address");
  return note(
    "the doctor cannot see them. They must pass headers of 8 kB in both directions, and cache no response with cookies",
    "nginx: large_client_header_buffers 4 16k; proxy_buffer_size 16k; proxy_buffers 8 16k. CDN: forward every cookie, query and Sec-Fetch header, and obey Cache-Control",
  );
}

/** parseConfig accepts http on loopback addresses only. */
function isLoopback({ origin }: AuthConfig): boolean {
  return origin.startsWith("http:");
}
