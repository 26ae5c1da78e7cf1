import { type AuthConfig, parseConfig } from "../../core/base/config";
import { AuthError } from "../../core/base/errors";
import { asRecord } from "../../core/base/json";
import { type Check, type Finding, fault, ok, warning } from "./check";
import { findMisspelt } from "./names";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Variables {
  readonly env: Environment;
  /** What parseConfig says of each wrong variable, by its name. */
  readonly problems: Readonly<Record<string, unknown>>;
  /** Null when one is wrong. */
  readonly config: AuthConfig | null;
  /** For the checks of the user pool, which do not need AUTH_*: a wrong one counts as not set. */
  readonly poolConfig: AuthConfig | null;
}

/** Where each variable's value is found. */
const SOURCES: Readonly<Record<string, string>> = {
  COGNITO_ISSUER:
    "Cognito console → User pools → your pool → Overview: https://cognito-idp.<region>.amazonaws.com/<user pool ID>; or: aws cognito-idp list-user-pools --max-results 60",
  COGNITO_DOMAIN:
    "Cognito console → your user pool → Branding → Domain: https://<prefix>.auth.<region>.amazoncognito.com, or https:// and the custom domain; nothing after it",
  COGNITO_CLIENT_ID:
    "Cognito console → your user pool → App clients → Client ID; or: aws cognito-idp list-user-pool-clients --user-pool-id <user pool ID>",
  COGNITO_CLIENT_SECRET: "Cognito console → your user pool → App clients → your client → Client secret",
  APP_BASE_URL: "Set it to the address in people's browsers: http://localhost:3000 here, https:// elsewhere",
  COGNITO_SCOPE: 'Leave it empty for "openid email profile", or put openid in',
  COGNITO_API_CLIENT_IDS: "Cognito console → your user pool → App clients: client ids, comma separated",
  COGNITO_JWKS: "Leave it empty, or set it to the output of: curl <COGNITO_ISSUER>/.well-known/jwks.json",
  AUTH_SESSION_MAX_AGE:
    "Cognito console → your user pool → App clients → your client → Refresh token expiration: the same, in seconds (30 days are 2592000)",
  AUTH_SECRET: "openssl rand -base64 32",
  AUTH_COOKIE_PREFIX: "Leave it empty for auth, or use letters, digits, - and _",
};
const POOL = ["COGNITO_ISSUER", "COGNITO_DOMAIN", "COGNITO_CLIENT_ID"];
const REQUIRED = [...POOL, "APP_BASE_URL"];
const SECRET = /^(COGNITO_CLIENT_SECRET|AUTH_SECRET|COGNITO_JWKS)$/;
const PUBLIC_SECRET = /^NEXT_PUBLIC_(COGNITO_CLIENT_SECRET|AUTH_SECRET)$/;
const MAX_SESSION_AGE_S = 400 * 24 * 3600;
const STRONG_CHARACTERS = 24; // Cognito's own have about 50.
const STRONG_VARIETY = 10; // Different characters: 24 random ones of 36 have 17 or so.

/** Judges the environment as the kit itself does. */
export function readVariables(env: Environment): Variables {
  const { config, problems } = parse(env);
  const isUsable = (name: string) => !(name.startsWith("AUTH_") && name in problems);
  const poolEnv = Object.fromEntries(Object.entries(env).filter(([name]) => isUsable(name)));
  return { env, problems, config, poolConfig: config ?? parse(poolEnv).config };
}

function parse(env: Environment): Pick<Variables, "config" | "problems"> {
  try {
    return { problems: {}, config: parseConfig(env) };
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== "config_invalid") throw error;
    return { problems: asRecord("problems" in error ? error.problems : null), config: null };
  }
}

/** Whether none of the variables that name a user pool is set, as before the first sign-in with a real one. */
export function hasNoPool({ env }: Variables): boolean {
  return POOL.every((name) => !env[name]?.trim());
}

/** One finding in place of each missing variable, and what is wrong with the others. */
export function withoutPool({ env }: Variables, findings: readonly Finding[]): readonly Finding[] {
  const text = "No user pool is set. To try the app without one: npx -y tsx tests/cognito/dev.ts";
  const mend = `To use a user pool, set ${REQUIRED.join(", ")} (see .env.example)`;
  const isCovered = (id: string) => id === "cookie_key" || (REQUIRED.includes(id) && !env[id]?.trim());
  const others = findings.filter(({ id, status }) => status !== "ok" && !isCovered(id));
  return [{ id: "user_pool", title: "User pool", status: "fault", text, mend }, ...others];
}

export const variableChecks: readonly Check<Variables>[] = [
  ...Object.entries(SOURCES).map(([name, source]) => ({
    id: name,
    title: name,
    run: (variables: Variables) => checkVariable(variables, name, source),
  })),
  { id: "cookie_key", title: "Cookies are authenticated", run: checkCookieKey },
  { id: "public_secrets", title: "Secrets stay on the server", run: findPublicSecrets },
  { id: "misspelt_variables", title: "No misspelt variable", run: checkNames },
];

function checkVariable({ env, problems }: Variables, name: string, source: string) {
  const problem = problems[name];
  const value = env[name]?.trim() ?? "";
  if (problem !== undefined) return fault(String(problem).slice(name.length + 1), source);
  if (name === "AUTH_SESSION_MAX_AGE" && Number(value) > MAX_SESSION_AGE_S) {
    return warning("browsers keep no cookie for more than 400 days", `Set it to ${MAX_SESSION_AGE_S}`);
  }
  if (value) return ok(SECRET.test(name) ? "set" : value);
  return ok(name === "COGNITO_CLIENT_SECRET" ? "not set: a public client" : "not set");
}

/** The key of the kit's cookies is AUTH_SECRET or, without one, derived from the client secret. */
function checkCookieKey({ env }: Variables) {
  const name = env.AUTH_SECRET?.trim() ? "AUTH_SECRET" : "COGNITO_CLIENT_SECRET";
  const secrets = splitList(env[name]);
  const mend = "Set AUTH_SECRET to the output of: openssl rand -base64 32";
  if (secrets.length === 0) {
    return warning(
      "no: without COGNITO_CLIENT_SECRET and AUTH_SECRET, made-up refresh cookies reach Cognito, and a browser can move the end of its own session",
      mend,
    );
  }
  if (secrets.every(isStrong)) return ok(`by ${name}`);
  return warning(
    `by ${name === "AUTH_SECRET" ? "an" : "a"} ${name} that can be guessed: an attacker with one of these cookies can try keys without asking this server`,
    name === "AUTH_SECRET" ? mend : `${mend}, or take a new client secret of ${STRONG_CHARACTERS} characters or more`,
  );
}

function isStrong(secret: string): boolean {
  return secret.length >= STRONG_CHARACTERS && new Set(secret).size >= STRONG_VARIETY;
}

function findPublicSecrets({ env }: Variables) {
  const secrets = [...splitList(env.COGNITO_CLIENT_SECRET), ...splitList(env.AUTH_SECRET)];
  const isSecret = (value = "") => secrets.some((secret) => value.includes(secret));
  const names = Object.keys(env).filter((name) => name.startsWith("NEXT_PUBLIC_") && isSecret(env[name]));
  const mend = "Delete it from every .env file and the hosting, and make a new secret: the old one has been published";
  if (names.length > 0) return fault(`${names.join(", ")} puts a secret into the browser's bundle`, mend);
  const named = Object.keys(env).filter((name) => PUBLIC_SECRET.test(name) && env[name]?.trim());
  if (named.length === 0) return ok("no NEXT_PUBLIC_ variable repeats one");
  return warning(`${named.join(", ")} has a secret's name, and its value is in the browser's bundle`, mend);
}

/** Also what the kit itself refuses and this file does not know: then nothing else would say why. */
function checkNames({ env, problems }: Variables) {
  const others = Object.keys(problems).filter((name) => !(name in SOURCES));
  if (others.length > 0) return fault(others.map((name) => String(problems[name])).join("; "), "See .env.example");
  const pairs = findMisspelt(env, Object.keys(SOURCES));
  if (pairs.length === 0) return ok("none looks like one of the kit's");
  const names = pairs.map(([name]) => name).join(", ");
  return warning(`the kit does not read ${names}`, `Perhaps ${pairs.map(([, meant]) => meant).join(", ")}`);
}

const splitList = (text = ""): readonly string[] =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean);
