import { AuthError } from "./errors";
import { parseJson } from "./json";
import { readKeys } from "./jwks";

/** The configuration of this deployment. The variables are in `.env.example`. */
export type AuthConfig = Readonly<ReturnType<typeof parseConfig>>;

const LONGEST_SESSION_S = 400 * 24 * 3600; // Browsers keep no cookie longer (RFC 6265bis 5.6.2).
const SCOPE_RULE = "must include openid (scopes are separated by spaces)";
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

let current: AuthConfig | undefined;

/** This process's configuration, read at the first use and not before: a build needs none. Throws `config_invalid`. */
export function getConfig(): AuthConfig {
  current ??= parseConfig(process.env);
  return current;
}

/** Environment variables to configuration, or one `config_invalid` whose message names every wrong variable. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>) {
  const { problems, refuse, read, readUrl } = createReader(env);
  const issuer = readUrl("COGNITO_ISSUER", /[^/]$/, "must not end with a slash").href.replace(/\/$/, "");
  const domain = readUrl("COGNITO_DOMAIN", /^[^/]*\/\/[^/]*\/?$/, "must start with https:// and have no path").origin;
  const base = readUrl("APP_BASE_URL", /./, "");
  const clientId = read("COGNITO_CLIENT_ID", /^[\w+]{1,128}$/, "is not an app client id");
  const apiClients = read("COGNITO_API_CLIENT_IDS", /^[\w+]+(\s*,\s*[\w+]+)*$/, "must be app client ids", "");
  const scope = read("COGNITO_SCOPE", /(^|\s)openid(\s|$)/, SCOPE_RULE, "openid email profile");
  const maxAge = read("AUTH_SESSION_MAX_AGE", /^[1-9]\d{0,9}$/, "must be whole seconds", "2592000");
  const secrets = splitList(env.AUTH_SECRET?.trim());
  const clientSecrets = splitList(env.COGNITO_CLIENT_SECRET?.trim());
  if (clientSecrets.includes("")) refuse("COGNITO_CLIENT_SECRET", "has an empty entry");
  const prefix = read("AUTH_COOKIE_PREFIX", /^[\w-]{1,32}$/, "must be letters, digits, - or _", "auth");
  const pinnedJwks = env.COGNITO_JWKS?.trim();
  const pinnedKeys = pinnedJwks ? readKeys(parseJson(pinnedJwks)) : null;
  if (pinnedKeys?.size === 0) refuse("COGNITO_JWKS", "has no RS256 key");
  if (!secrets.every(isLongEnough)) refuse("AUTH_SECRET", "must be 32 bytes or more");
  if (problems.size > 0) throw createError(problems);

  const basePath = base.pathname.replace(/\/+$/, "");
  return {
    issuer,
    jwksUri: `${issuer}/.well-known/jwks.json`,
    /** The pinned JWKS: no network for keys. */
    pinnedKeys,
    /** Where Cognito's /oauth2/authorize, /oauth2/token, /oauth2/revoke, /signup and /logout are. */
    domain,
    clientId,
    /** The first one is sent, the next when Cognito rejects it. Without AUTH_SECRET they sign the kit's cookies. */
    clientSecrets,
    /** Clients whose access tokens are accepted as Bearer. As a cookie, only the app's own tokens are. */
    bearerClientIds: [clientId, ...splitList(apiClients)],
    scope: scope.replace(/\s+/g, " "),
    origin: base.origin,
    basePath, // "" or "/app"
    /** The app's public URL, without a trailing slash. */
    baseUrl: base.origin + basePath,
    redirectUri: `${base.origin}${basePath}/auth/callback`,
    /** Seconds from sign-in to the end of the session, however often it is refreshed. */
    sessionMaxAge: Math.min(Number(maxAge), LONGEST_SESSION_S),
    /** The first one seals, all of them open; none: cookies are not sealed. */
    secrets,
    /** Whether the kit recognizes its own refresh cookies. If not, anybody can make some up. */
    areCookiesAuthentic: secrets.length > 0 || clientSecrets.length > 0,
    /**
     * `__Host-` makes browsers reject cookies that a sub-domain plants. The server must parse names as strictly: see
     * `trim` in cookie-jar.ts. Plain http is allowed on loopback only.
     */
    cookiePrefix: base.protocol === "https:" ? `__Host-${prefix}` : prefix,
  };
}

/** Reads variables, trimmed, and keeps the first problem of each. Without a fallback a variable is required. */
function createReader(env: Readonly<Record<string, string | undefined>>) {
  const problems = new Map<string, string>();
  const refuse = (name: string, problem: string) => problems.has(name) || problems.set(name, `${name} ${problem}`);
  const read = (name: string, pattern: RegExp, problem: string, fallback?: string) => {
    const value = env[name]?.trim() || fallback;
    if (value === undefined) refuse(name, "is missing");
    else if (value === "undefined" || (value !== fallback && !pattern.test(value))) refuse(name, problem);
    return value ?? "";
  };
  const readUrl = (name: string, pattern: RegExp, problem: string) => {
    const text = read(name, pattern, problem);
    const url = URL.canParse(text) ? new URL(text) : new URL("invalid:");
    if (!isTrustworthy(url) || /[?#]/.test(text)) refuse(name, "must be https (or http on loopback), no query");
    return url;
  };
  return { problems, refuse, read, readUrl };
}

/** The doctor reads `problems`: what is wrong with each variable, by its name. */
function createError(problems: ReadonlyMap<string, string>) {
  const message = `${[...problems.values()].join("; ")}. For help: npx -y tsx lib/auth/tools/doctor (or src/lib/auth/tools/doctor)`;
  return Object.assign(new AuthError("config_invalid", message), { problems: Object.fromEntries(problems) });
}

const isLongEnough = (secret: string) => new TextEncoder().encode(secret).length >= 32;

const splitList = (text?: string): readonly string[] => (text ? text.split(",").map((item) => item.trim()) : []);

function isTrustworthy({ protocol, hostname, username, password }: URL): boolean {
  const isSecure = protocol === "https:" || (protocol === "http:" && LOOPBACK.test(hostname));
  return isSecure && !username && !password;
}
