// Checks the environment variables: each value, the secrets among them, and misspelled names.
import { type AuthConfig, parseConfigs } from "../../core/base/config";
import { AuthError } from "../../core/base/errors";
import { asRecord } from "../../core/base/json";
import { type Check, type Finding, fault, ok, warning } from "./check";
import type { Environment } from "./environment";
import { findMisspelled } from "./names";
import { checkCookieKey, findPublicSecrets } from "./secrets";

export interface Variables {
  readonly env: Environment;
  /** The name of the tenant, if there are tenants. */
  readonly tenant: string | null;
  /** The problem of each wrong variable, by its name. */
  readonly problems: Readonly<Record<string, string>>;
  /** Null when a variable is wrong. */
  readonly config: AuthConfig | null;
  /** For the checks of the user pool. They need no AUTH_* variable, so a wrong one counts as not set. */
  readonly poolConfig: AuthConfig | null;
  /** The same for each further address in APP_BASE_URL. */
  readonly otherConfigs: readonly AuthConfig[];
}

/** The place where you find the value of each variable. */
const SOURCES: Readonly<Record<string, string>> = {
  COGNITO_ISSUER:
    "Cognito console → User pools → your pool → Overview: https://cognito-idp.<region>.amazonaws.com/<user pool ID>; or: aws cognito-idp list-user-pools --max-results 60",
  COGNITO_DOMAIN:
    "Cognito console → your user pool → Branding → Domain: https://<prefix>.auth.<region>.amazoncognito.com, or https:// and the custom domain, without a path",
  COGNITO_CLIENT_ID:
    "Cognito console → your user pool → App clients → Client ID; or: aws cognito-idp list-user-pool-clients --user-pool-id <user pool ID>",
  COGNITO_CLIENT_SECRET: "Cognito console → your user pool → App clients → your client → Client secret",
  APP_BASE_URL: "Set it to the address that users open: http://localhost:3000 on your machine, https:// elsewhere",
  COGNITO_SCOPE: 'Leave it empty for "openid email profile", or add openid',
  COGNITO_API_CLIENT_IDS: "Cognito console → your user pool → App clients: client ids, separated by commas",
  COGNITO_RESOURCE:
    "Leave it empty, or set it to the absolute URI that Cognito writes into aud, such as https://app.example/api/mcp",
  COGNITO_JWKS: "Leave it empty, or set it to the output of: curl <COGNITO_ISSUER>/.well-known/jwks.json",
  AUTH_SESSION_MAX_AGE:
    "Cognito console → your user pool → App clients → your client → Refresh token expiration: the same time, in seconds (30 days are 2592000)",
  AUTH_SESSION_IDLE: "Leave it empty for no idle limit, or use whole seconds from 1 on",
  AUTH_MAX_COOKIE_BYTES: "Leave it empty for 12000, or use whole bytes",
  AUTH_SECRET: "openssl rand -base64 32",
  AUTH_COOKIE_PREFIX: "Leave it empty for auth, or use letters, digits, - and _",
};
const LIST_FIX = "Separate addresses by commas; all https, or all http on this machine; all with the same path";
const POOL = ["COGNITO_ISSUER", "COGNITO_DOMAIN", "COGNITO_CLIENT_ID"];
const REQUIRED = [...POOL, "APP_BASE_URL"];
const SECRET = /^(COGNITO_CLIENT_SECRET|AUTH_SECRET|COGNITO_JWKS)$/;
const DAY_S = 24 * 3600;

/** Reads the environment with the kit's own parser; with the variables of a tenant, as that tenant's. */
export function readVariables(env: Environment, tenant: string | null = null): Variables {
  const parsed = parse(env, tenant);
  const { config, problems } = parsed;
  const isUsable = (name: string) => !(name.startsWith("AUTH_") && name in problems);
  const poolEnv = Object.fromEntries(Object.entries(env).filter(([name]) => isUsable(name)));
  const { config: poolConfig, otherConfigs } = config ? parsed : parse(poolEnv, tenant);
  return { env, tenant, problems, config, poolConfig, otherConfigs };
}

function parse(env: Environment, tenant: string | null): Pick<Variables, "config" | "problems" | "otherConfigs"> {
  try {
    const [config, ...otherConfigs] = parseConfigs(env, tenant);
    return { problems: {}, config, otherConfigs };
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== "config_invalid") throw error;
    const problems = Object.entries(asRecord("problems" in error ? error.problems : null));
    return { problems: Object.fromEntries(problems.map(withoutName)), config: null, otherConfigs: [] };
  }
}

/** The title of a finding has the variable's name already. */
function withoutName([name, problem]: readonly [string, unknown]): [name: string, problem: string] {
  const text = String(problem);
  return [name, text.startsWith(`${name} `) ? text.slice(name.length + 1) : text];
}

/** Whether no variable that names a user pool is set, as in a new project. */
export function hasNoPool({ env }: Variables): boolean {
  return POOL.every((name) => !env[name]?.trim());
}

/** Replaces the findings of the missing variables by one, and keeps the faults and warnings of the others. */
export function withoutPool({ env, tenant }: Variables, findings: readonly Finding[]): readonly Finding[] {
  const help = tenant === null ? ". To try the app with a stand-in: npx -y tsx tests/cognito/dev.ts" : "";
  const text = `No user pool is set${help}`;
  const names = `${REQUIRED.join(", ")} (see .env.example)`;
  const fix = tenant === null ? `To use a user pool, set ${names}` : `Set the variables of tenant ${tenant}: ${names}`;
  const isCovered = (id: string) => id === "cookie_key" || (REQUIRED.includes(id) && !env[id]?.trim());
  const others = findings.filter(({ id, status }) => status !== "ok" && !isCovered(id));
  return [{ id: "user_pool", title: "User pool", status: "fault", text, fix }, ...others];
}

export const variableChecks: readonly Check<Variables>[] = [
  ...Object.entries(SOURCES).map(([name, source]) => ({
    id: name,
    title: name,
    run: (variables: Variables) => checkVariable(variables, name, isAddressList(variables, name) ? LIST_FIX : source),
  })),
  { id: "cookie_key", title: "Cookies are authenticated", run: ({ env }) => checkCookieKey(env) },
  { id: "public_secrets", title: "Secrets stay on the server", run: ({ env }) => findPublicSecrets(env) },
  { id: "misspelled_variables", title: "No misspelled variable", run: checkNames },
];

function isAddressList({ env }: Variables, name: string): boolean {
  return name === "APP_BASE_URL" && /[\s,]/.test(env[name]?.trim() ?? "");
}

function checkVariable({ env, problems, poolConfig }: Variables, name: string, source: string) {
  const problem = problems[name];
  const value = env[name]?.trim() ?? "";
  if (problem !== undefined) return fault(problem, source);
  if (name === "AUTH_SESSION_MAX_AGE" && poolConfig && Number(value) > poolConfig.sessionMaxAge) {
    const days = Math.floor(poolConfig.sessionMaxAge / DAY_S);
    return warning(`browsers keep no cookie longer than ${days} days`, `Set it to ${poolConfig.sessionMaxAge}`);
  }
  if (value) return ok(SECRET.test(name) ? "set" : value);
  return ok(name === "COGNITO_CLIENT_SECRET" ? "not set: a public client" : "not set");
}

/** Also reports a variable that the kit rejects and that this file does not know. */
function checkNames({ env, problems }: Variables) {
  const others = Object.keys(problems).filter((name) => !(name in SOURCES));
  if (others.length > 0) return fault(others.map((name) => `${name} ${problems[name]}`).join("; "), "See .env.example");
  const pairs = findMisspelled(env, Object.keys(SOURCES));
  if (pairs.length === 0) return ok("no variable resembles one of the kit's");
  const names = pairs.map(([name]) => name).join(", ");
  return warning(`the kit does not read ${names}`, `Perhaps ${pairs.map(([, meant]) => meant).join(", ")}`);
}
