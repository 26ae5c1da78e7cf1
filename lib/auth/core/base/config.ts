// Turns environment variables into the configuration of this deployment.
import { AuthError } from "./errors";
import { parseJson } from "./json";
import { type KeySet, readKeys } from "./jwks";
import { KIT_PATHS } from "./paths";

/** The configuration of this deployment. `.env.example` explains the variables. */
export interface AuthConfig {
  /** `iss` of every token, without a slash at its end. */
  readonly issuer: string;
  /** The address of the user pool's public keys. */
  readonly jwksUri: string;
  /** The keys of COGNITO_JWKS. With them no key is fetched. */
  readonly pinnedKeys: KeySet | null;
  /** The origin of Cognito's /oauth2/authorize, /oauth2/token, /oauth2/revoke, /signup and /logout. */
  readonly domain: string;
  readonly clientId: string;
  /** Cognito accepts any of them. Without AUTH_SECRET the first one signs the kit's cookies, and all verify them. */
  readonly clientSecrets: readonly string[];
  /** Clients whose access tokens are accepted as Bearer. A cookie must hold the app's own tokens. */
  readonly bearerClientIds: readonly string[];
  /** Scopes to ask for, separated by single spaces. */
  readonly scope: string;
  /** The origin of `baseUrl`. */
  readonly origin: string;
  /** Next's basePath: "" or "/app". */
  readonly basePath: string;
  /** The app's public URL, without a slash at its end. */
  readonly baseUrl: string;
  readonly redirectUri: string;
  /** Seconds from sign-in to the end of the session. A refresh does not extend it. */
  readonly sessionMaxAge: number;
  /** AUTH_SECRET: the first one seals, all of them open. Empty: cookies are not sealed. */
  readonly secrets: readonly string[];
  /** Whether the kit can recognize its own refresh cookies. If not, an attacker can invent some. */
  readonly canAuthenticateCookies: boolean;
  /**
   * `__Host-` makes browsers reject cookies that a sub-domain plants. The server must parse names as strictly: see
   * `trim` in cookie-jar.ts. Plain http is allowed on loopback only.
   */
  readonly cookiePrefix: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** In seconds: 400 days. Browsers keep no cookie longer (RFC 6265bis 5.6.2). */
export const LONGEST_SESSION_S = 400 * 24 * 3600;
const SCOPE_RULE = "must include openid (scopes are separated by spaces)";
const SECRET_RULE = "must be 32 bytes or more";
const JWKS_RULE = "has no RS256 key";
const URL_RULE = "must be https (or http on loopback), no query";
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

let current: AuthConfig | undefined;

/** Returns this process's configuration. Reads it at the first use, so a build needs none. Throws `config_invalid`. */
export function getConfig(): AuthConfig {
  current ??= parseConfig(process.env);
  return current;
}

/** Parses environment variables. Throws one `config_invalid` whose message names every wrong variable. */
export function parseConfig(environment: Environment): AuthConfig {
  const env = new EnvironmentReader(environment);
  const issuer = env.readUrl("COGNITO_ISSUER", /[^/]$/, "must not end with a slash").href.replace(/\/$/, "");
  const noPath = "must start with https:// and have no path";
  const domain = env.readUrl("COGNITO_DOMAIN", /^[^/]*\/\/[^/]*\/?$/, noPath).origin;
  const base = env.readUrl("APP_BASE_URL", /./, URL_RULE);
  const clientId = env.read("COGNITO_CLIENT_ID", /^[\w+]{1,128}$/, "is not an app client id");
  const apiClients = env.read("COGNITO_API_CLIENT_IDS", /^[\w+]+(\s*,\s*[\w+]+)*$/, "must be app client ids", "");
  const scope = env.read("COGNITO_SCOPE", /(^|\s)openid(\s|$)/, SCOPE_RULE, "openid email profile");
  const maxAge = env.read("AUTH_SESSION_MAX_AGE", /^[1-9]\d{0,9}$/, "must be whole seconds", "2592000");
  const prefix = env.read("AUTH_COOKIE_PREFIX", /^[\w-]{1,32}$/, "must be letters, digits, - or _", "auth");
  const jwks = env.read("COGNITO_JWKS", /./, JWKS_RULE, "");
  const secrets = splitList(env.read("AUTH_SECRET", /./, SECRET_RULE, ""));
  const clientSecrets = splitList(env.read("COGNITO_CLIENT_SECRET", /./, "is not a client secret", ""));
  const pinnedKeys = jwks ? readKeys(parseJson(jwks)) : null;
  if (clientSecrets.includes("")) env.addProblem("COGNITO_CLIENT_SECRET", "has an empty entry");
  if (pinnedKeys?.size === 0) env.addProblem("COGNITO_JWKS", JWKS_RULE);
  if (!secrets.every(isLongEnough)) env.addProblem("AUTH_SECRET", SECRET_RULE);
  if (env.problems.size > 0) throw createError(env.problems);

  const basePath = base.pathname.replace(/\/+$/, "");
  const baseUrl = base.origin + basePath;
  return {
    issuer,
    jwksUri: `${issuer}/.well-known/jwks.json`,
    pinnedKeys,
    domain,
    clientId,
    clientSecrets,
    bearerClientIds: [clientId, ...splitList(apiClients)],
    scope: scope.replace(/\s+/g, " "),
    origin: base.origin,
    basePath,
    baseUrl,
    redirectUri: baseUrl + KIT_PATHS.callback,
    sessionMaxAge: Math.min(Number(maxAge), LONGEST_SESSION_S),
    secrets,
    canAuthenticateCookies: secrets.length > 0 || clientSecrets.length > 0,
    cookiePrefix: base.protocol === "https:" ? `__Host-${prefix}` : prefix,
  };
}

/** Reads variables, trimmed, and keeps the first problem of each. */
class EnvironmentReader {
  readonly problems = new Map<string, string>();
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  addProblem(name: string, problem: string): void {
    if (!this.problems.has(name)) this.problems.set(name, `${name} ${problem}`);
  }

  /** Returns a variable's value, or the fallback when it is empty. Without a fallback the variable is required. */
  read(name: string, pattern: RegExp, problem: string, fallback?: string): string {
    const value = this.#environment[name]?.trim() || fallback;
    if (value === undefined) this.addProblem(name, "is missing");
    else if (value === "undefined" || (value !== fallback && !pattern.test(value))) this.addProblem(name, problem);
    return value ?? "";
  }

  readUrl(name: string, pattern: RegExp, problem: string): URL {
    const text = this.read(name, pattern, problem);
    const url = URL.canParse(text) ? new URL(text) : new URL("invalid:");
    if (!isTrustworthy(url) || /[?#]/.test(text)) this.addProblem(name, URL_RULE);
    return url;
  }
}

/** The doctor reads `problems`: what is wrong with each variable, by its name. */
function createError(problems: ReadonlyMap<string, string>) {
  const help = "For help: npx -y tsx lib/auth/tools/doctor (or src/lib/auth/tools/doctor)";
  const error = new AuthError("config_invalid", `${[...problems.values()].join("; ")}. ${help}`);
  return Object.assign(error, { problems: Object.fromEntries(problems) });
}

const isLongEnough = (secret: string) => new TextEncoder().encode(secret).length >= 32;

const splitList = (text: string): readonly string[] => (text ? text.split(",").map((item) => item.trim()) : []);

function isTrustworthy({ protocol, hostname, username, password }: URL): boolean {
  const isSecure = protocol === "https:" || (protocol === "http:" && LOOPBACK.test(hostname));
  return isSecure && !username && !password;
}
