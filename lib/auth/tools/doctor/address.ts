// Checks APP_BASE_URL, and lists what proxies between the browser and the app must let through.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { AuthConfig } from "../../core/base/config";
import { RESOURCE_METADATA_PATH } from "../../core/base/paths";
import { type Check, fault, note, ok, warning } from "./check";
import { findAppFolder, findNextConfig } from "./environment";

export interface Deployment {
  readonly config: AuthConfig;
  /** Of each further address in APP_BASE_URL. */
  readonly otherConfigs: readonly AuthConfig[];
  readonly root: string;
  readonly isProduction: boolean;
}

export const addressChecks: readonly Check<Deployment>[] = [
  { id: "base_path", title: "Base path", run: checkBasePath },
  { id: "loopback", title: "Addresses", run: checkLoopback },
  { id: "resource_metadata", title: "Resource metadata", run: checkResource },
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

function checkLoopback({ config, otherConfigs, isProduction }: Deployment) {
  const { hostname } = new URL(config.baseUrl);
  const hosts = [config, ...otherConfigs].map(({ origin }) => new URL(origin).hostname);
  const shared = hosts.find((host, i) => hosts.indexOf(host) < i);
  const addresses = [config, ...otherConfigs].map(({ baseUrl }) => baseUrl).join(" or ");
  if (isLoopback(config) && isProduction) {
    return warning(`APP_BASE_URL is ${config.baseUrl} in production`, "Set APP_BASE_URL to the public https address");
  }
  if (shared !== undefined) {
    return warning(
      `APP_BASE_URL lists two ports of ${shared}: browsers share cookies between ports, so a sign-out at one ends the session at the other`,
      "Take a host name for each address. On your machine: localhost and 127.0.0.1",
    );
  }
  const isEnough = hostname === "localhost" || otherConfigs.length > 0 || config.tenant !== null;
  if (!isLoopback(config) || isEnough) return ok(`open the app at ${addresses} only`);
  return warning(
    `${hostname} and localhost are two sites with separate cookies, and next dev prints localhost`,
    `Open ${config.baseUrl}, or set APP_BASE_URL=${config.baseUrl.replace(hostname, "localhost")}`,
  );
}

/** An app may bind its tokens without MCP clients, so it needs no route. */
function checkResource({ config: { baseUrl, resource }, root }: Deployment) {
  const route = join(findAppFolder(root), "app", RESOURCE_METADATA_PATH);
  const isServed = existsSync(join(root, route));
  const url = `COGNITO_RESOURCE to the URL of your MCP route, such as ${baseUrl}/api/mcp`;
  if (resource === null)
    return isServed ? warning(`${route} answers 404: no COGNITO_RESOURCE`, `Set ${url}`) : ok("none");
  const section = 'guarding.md, "An API for MCP clients and other programs"';
  if (!isServed)
    return note(`none: a 401 names ${RESOURCE_METADATA_PATH}`, `For MCP clients, add the route: ${section}`);
  if (`${resource}/`.startsWith(`${baseUrl}/`)) return ok(route);
  return warning(`MCP clients reject a resource that is not below ${baseUrl}`, `For MCP clients, set ${url}`);
}

function adviseOnProxies({ config }: Deployment) {
  if (isLoopback(config)) return ok("none: a loopback address");
  return note(
    "the doctor cannot see them. They must pass headers of 8 kB in both directions, and cache no response with cookies",
    "nginx: large_client_header_buffers 4 16k; proxy_buffer_size 16k; proxy_buffers 8 16k. CDN: forward every cookie, query and Sec-Fetch header, and obey Cache-Control",
  );
}

/** parseConfigs accepts http on loopback addresses only. */
function isLoopback({ origin }: AuthConfig): boolean {
  return origin.startsWith("http:");
}
