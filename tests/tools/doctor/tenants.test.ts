// The doctor with several tenants: it checks each, and says whose finding it is.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cognito, startCognito } from "../../cognito";
import { createApp, type Environment, examine, type Report, removeApps, runByTsx, runDoctor } from "./run";
import { AUTH_SECRET, CLIENT_SECRET } from "./set-up";

const HOSTS = { ACME: "http://localhost:3000", GLOBEX: "http://127.0.0.1:3000" };
const TENANTS = `
import type { Tenant } from "./session";

export const tenants: readonly Tenant[] | null = [
  {
    name: "acme",
    APP_BASE_URL: process.env.ACME_URL,
    COGNITO_ISSUER: process.env.ACME_ISSUER,
    COGNITO_DOMAIN: process.env.ACME_DOMAIN,
    COGNITO_CLIENT_SECRET: process.env.ACME_SECRET,
  },
  {
    name: "globex",
    APP_BASE_URL: process.env.GLOBEX_URL,
    COGNITO_ISSUER: process.env.GLOBEX_ISSUER,
    COGNITO_DOMAIN: process.env.GLOBEX_DOMAIN,
    COGNITO_CLIENT_SECRET: process.env.GLOBEX_SECRET,
  },
];
`;
const INHERITED = TENANTS.replaceAll(/^.*COGNITO_CLIENT_SECRET.*\n/gm, "");

let acme: Cognito;
let globex: Cognito;
let app: string;
let env: Record<string, string>;
beforeAll(async () => {
  const poolAt = (url: string) => {
    const urls = { callbackUrls: [`${url}/auth/callback`], logoutUrls: [url] };
    return startCognito({ clients: [{ clientId: "client", clientSecret: CLIENT_SECRET, ...urls }] });
  };
  [acme, globex] = [await poolAt(HOSTS.ACME), await poolAt(HOSTS.GLOBEX)];
  app = createApp({ type: "module", files: { "lib/auth/tenants.ts": TENANTS } });
  env = { ...variables("ACME", acme), ...variables("GLOBEX", globex), COGNITO_CLIENT_ID: "client", AUTH_SECRET };
}, 30_000);
afterAll(async () => {
  removeApps();
  await Promise.all([acme?.close(), globex?.close()]);
});

const variables = (name: keyof typeof HOSTS, { issuer, domain }: Cognito): Record<string, string> => ({
  [`${name}_URL`]: HOSTS[name],
  [`${name}_ISSUER`]: issuer,
  [`${name}_DOMAIN`]: domain,
  [`${name}_SECRET`]: CLIENT_SECRET,
});

const found = ({ findings }: Report, status: string) =>
  findings.filter((it) => it.status === status).map(({ id, tenant }) => [tenant, id].join(" ").trim());

test("a good set-up has no fault and no warning, and each tenant has its own groups", async () => {
  const result = await runDoctor(app, env);
  expect(result.output).not.toMatch(/^[✘!–]/m);
  expect(result.code).toBe(0);
  for (const name of ["acme", "globex"]) expect(result.output).toContain(`\nApp client of tenant ${name}\n`);
  expect(result.output).toMatch(/✔ Callback URL +http:\/\/127\.0\.0\.1:3000\/auth\/callback/);
  expect(result.output).toContain("Every other host gets a 404");
  for (const secret of [CLIENT_SECRET, AUTH_SECRET]) expect(result.output).not.toContain(secret);
});

test("tenants.ts reads variables of the .env files, and runs as TypeScript with tsx", { timeout: 60_000 }, async () => {
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
  const files = { "lib/auth/tenants.ts": TENANTS, ".env.local": lines.join("") };
  const { code, output } = await runByTsx(createApp({ files }), {}, "lib/auth/tools/doctor");
  expect([code, output]).toEqual([0, expect.stringMatching(/✔ Tenants +acme, globex/)]);
});

interface Mistake {
  readonly title: string;
  /** The finding, with the tenant that it belongs to. */
  readonly finding: string;
  readonly status?: "warning";
  readonly text: RegExp;
  readonly env?: () => Environment;
  readonly file?: string;
}

const mistakes: readonly Mistake[] = [
  {
    title: "a callback URL that one tenant's pool does not know",
    finding: "globex callback_url",
    text: /127\.0\.0\.1:3001.* is not registered/,
    env: () => ({ GLOBEX_URL: "http://127.0.0.1:3001" }),
  },
  {
    title: "one tenant's domain for another's pool",
    finding: "acme domain_pool",
    text: /belongs to another pool|unknown/,
    env: () => ({ ACME_DOMAIN: globex.domain }),
  },
  {
    title: "http on a public address",
    finding: "globex APP_BASE_URL",
    text: /must be https/,
    env: () => ({ GLOBEX_URL: "http://globex.example" }),
  },
  {
    title: "a variable of tenants.ts that process.env lacks",
    finding: "globex COGNITO_CLIENT_SECRET",
    text: /is undefined in lib\/auth\/tenants\.ts/,
    env: () => ({ GLOBEX_SECRET: "", COGNITO_CLIENT_SECRET: CLIENT_SECRET }),
    file: TENANTS.replace("process.env.GLOBEX_SECRET", "process.env.GLOBEX_SECRE"),
  },
  {
    title: "one address for two tenants",
    finding: "tenants",
    text: /shares http:\/\/localhost:3000 with tenant "acme"/,
    env: () => ({ GLOBEX_URL: HOSTS.ACME }),
  },
  {
    title: "two ports of one host",
    finding: "tenant_hosts",
    status: "warning",
    text: /localhost is a host of two tenants/,
    env: () => ({ GLOBEX_URL: "http://localhost:3001" }),
  },
  {
    title: "a list without a tenant",
    finding: "tenants",
    text: /lists no tenant/,
    file: "export const tenants = [];",
  },
  {
    title: "a file that throws",
    finding: "tenants",
    text: /cannot be loaded: TypeError/,
    file: "export const tenants = JSON.parse(process.env.ALL ?? 'null').map(String);",
  },
  {
    title: "a client secret of the environment for two pools",
    finding: "shared_variables",
    status: "warning",
    text: /several pools get the same COGNITO_CLIENT_SECRET \(acme, globex\)/,
    env: () => ({ COGNITO_CLIENT_SECRET: CLIENT_SECRET }),
    file: INHERITED,
  },
  {
    title: "pinned keys of the environment for two pools",
    finding: "shared_variables",
    status: "warning",
    text: /several pools get the same COGNITO_JWKS \(acme, globex\)/,
    env: () => ({ COGNITO_JWKS: JSON.stringify(pinned) }),
  },
];
let pinned: unknown;

describe("the doctor finds, and names the tenant of,", () => {
  beforeAll(async () => {
    pinned = await (await fetch(`${acme.issuer}/.well-known/jwks.json`)).json();
  });

  test.each(mistakes)("$title", async ({ finding, status = "fault", text, env: more, file }) => {
    const root = file === undefined ? app : createApp({ files: { "lib/auth/tenants.ts": file } });
    const { code, output, report } = await examine(root, { ...env, ...more?.() });
    expect(found(report, status)).toContain(finding);
    const [tenant, id] = finding.includes(" ") ? finding.split(" ") : [undefined, finding];
    const result = report.findings.find((it) => it.id === id && it.tenant === tenant);
    expect(result?.text).toMatch(text);
    expect(result?.fix).toBeTruthy();
    expect(code).toBe(found(report, "fault").length > 0 ? 1 : 0);
    for (const secret of [CLIENT_SECRET, AUTH_SECRET]) expect(output).not.toContain(secret);
  });

  test("variables that are all missing: it names the tenant, and no stand-in for one pool", async () => {
    const { report } = await examine(app, { AUTH_SECRET });
    const pools = report.findings.filter(({ id }) => id === "user_pool");
    expect(pools.map(({ tenant }) => tenant)).toEqual(["acme", "globex"]);
    expect(pools[0]?.fix).toMatch(/^Set the variables of tenant acme: COGNITO_ISSUER, /);
    expect(JSON.stringify(report)).not.toContain("dev.ts");
  });

  test("addresses that are all public while the app runs on this machine", async () => {
    const urls = { ACME_URL: "https://acme.example", GLOBEX_URL: "https://globex.example" };
    const { report } = await examine(app, { ...env, ...urls });
    expect(found(report, "warning")).toContain("tenant_hosts");
    const production = await examine(app, { ...env, ...urls, NODE_ENV: "production" });
    expect(found(production.report, "note")).toContain("tenant_hosts");
    expect(found(production.report, "warning")).toEqual([]);
  });
});
