import { type AuthConfig, parseConfig } from "../core/config";
import { AuthError } from "../core/errors";
import { type Check, fault, ok, warning } from "./check";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Variables {
  readonly env: Environment;
  /** What parseConfig says of each wrong variable. */
  readonly problems: ReadonlyMap<string, string>;
  /** Null when one is wrong. */
  readonly config: AuthConfig | null;
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
const SECRET = /^(COGNITO_CLIENT_SECRET|AUTH_SECRET|COGNITO_JWKS)$/;
const MAX_SESSION_AGE_S = 400 * 24 * 3600;

/** Judges the environment as the kit itself does. */
export function readVariables(env: Environment): Variables {
  try {
    return { env, problems: new Map(), config: parseConfig(env) };
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const problems = error.message.split("; ").map((problem) => [problem.split(" ")[0] ?? "", problem] as const);
    return { env, problems: new Map(problems), config: null };
  }
}

export const variableChecks: readonly Check<Variables>[] = [
  ...Object.entries(SOURCES).map(([name, source]) => ({
    id: name,
    title: name,
    run: (variables: Variables) => checkVariable(variables, name, source),
  })),
  { id: "public_secrets", title: "Secrets stay on the server", run: findPublicSecrets },
  { id: "unknown_variables", title: "No misspelt variable", run: findUnknown },
];

function checkVariable({ env, problems }: Variables, name: string, source: string) {
  const problem = problems.get(name);
  const value = env[name]?.trim() ?? "";
  if (problem) return fault(problem.slice(name.length + 1), source);
  if (name === "AUTH_SESSION_MAX_AGE" && Number(value) > MAX_SESSION_AGE_S) {
    return warning("browsers keep no cookie for more than 400 days", `Set it to ${MAX_SESSION_AGE_S}`);
  }
  if (value) return ok(SECRET.test(name) ? "set" : value);
  return ok(name === "COGNITO_CLIENT_SECRET" ? "not set: a public client" : "not set");
}

function findPublicSecrets({ env }: Variables) {
  const secrets = [env.COGNITO_CLIENT_SECRET, ...(env.AUTH_SECRET ?? "").split(",")].map((it) => it?.trim());
  const isSecret = (value = "") => secrets.some((secret) => secret && value.includes(secret));
  const names = Object.keys(env).filter((name) => name.startsWith("NEXT_PUBLIC_") && isSecret(env[name]));
  if (names.length === 0) return ok("no NEXT_PUBLIC_ variable repeats one");
  return fault(
    `${names.join(", ")} puts a secret into the browser's bundle`,
    "Delete it from every .env file and the hosting, and make a new secret: the old one has been published",
  );
}

/** Under AUTH_ and APP_ other libraries have theirs. */
function findUnknown({ env }: Variables) {
  const names = Object.keys(env).filter((name) => name.startsWith("COGNITO_") && !(name in SOURCES));
  if (names.length === 0) return ok("every COGNITO_ variable is one of the kit's");
  const known = Object.keys(SOURCES).filter((name) => name.startsWith("COGNITO_"));
  return warning(`the kit does not read ${names.join(", ")}`, `It reads ${known.join(", ")}`);
}
