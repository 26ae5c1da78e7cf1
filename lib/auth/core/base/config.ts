// Turns environment variables into the configuration of this deployment.
import { type Environment, EnvironmentReader } from "./environment-reader";
import { parseJson } from "./json";
import { type KeySet, readKeys } from "./jwks";
import { KIT_PATHS } from "./paths";

/** The configuration of this deployment. `.env.example` explains the variables. */
export interface AuthConfig {
  /** The name of the tenant (lib/auth/tenants.ts). Null without tenants. */
  readonly tenant: string | null;
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
  /** The session has ended when its access token expired more than so many seconds ago. Null: no idle limit. */
  readonly sessionIdle: number | null;
  /** Above so many bytes of cookies there is no session. */
  readonly maxCookieBytes: number;
  /** The resource that a bound access token must be for (RFC 8707), as Cognito writes it into `aud`. */
  readonly resource: string | null;
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

/** One configuration for each entry of APP_BASE_URL. The first one is the default. */
export type AuthConfigs = readonly [AuthConfig, ...AuthConfig[]];

/** In seconds: 400 days. Browsers keep no cookie longer (RFC 6265bis 5.6.2). */
export const LONGEST_SESSION_S = 400 * 24 * 3600;
const DEFAULT_SESSION_S = 30 * 24 * 3600;
export const MAX_COOKIE_BYTES = 12_000; // Node stops at 16 kB for all headers, and then not even sign-out works.
const SCOPE_RULE = "must include openid (scopes are separated by spaces)";
const SECONDS_RULE = "must be 1 or more, in whole seconds";
const DOMAIN_RULE = "must start with https:// and have no path";
export const ADDRESS_RULE = "must have the same scheme and path in every entry";
const CLIENT_ID = /^[\w+]{1,128}$/;

/** Parses environment variables. Throws one `config_invalid` whose message names every wrong variable. */
export function parseConfigs(environment: Environment, tenant: string | null = null): AuthConfigs {
  const env = new EnvironmentReader(environment);
  const issuer = env.readUrl("COGNITO_ISSUER", /[^/]$/, "must not end with a slash").href.replace(/\/$/, "");
  const domain = env.readUrl("COGNITO_DOMAIN", /^[^/]*\/\/[^/]*\/?$/, DOMAIN_RULE).origin;
  const [first = new URL("invalid:"), ...others] = env.readUrls("APP_BASE_URL");
  const clientId = env.read("COGNITO_CLIENT_ID", CLIENT_ID, "is not an app client id");
  const apiClients = env.readList("COGNITO_API_CLIENT_IDS", CLIENT_ID, "must be app client ids", "");
  const clientSecrets = env.readList("COGNITO_CLIENT_SECRET", /./, "has an empty entry", "");
  const scope = env.read("COGNITO_SCOPE", /(^|\s)openid(\s|$)/, SCOPE_RULE, "openid email profile");
  const resource = env.read("COGNITO_RESOURCE", /^[a-z][a-z\d+.-]*:\S+$/i, "must be an absolute URI", "") || null;
  const prefix = env.read("AUTH_COOKIE_PREFIX", /^[\w-]{1,32}$/, "must be letters, digits, - or _", "auth");
  const secrets = env.readList("AUTH_SECRET", /./, "must be 32 bytes or more", "");
  const sessionMaxAge = env.readNumber("AUTH_SESSION_MAX_AGE", SECONDS_RULE) ?? DEFAULT_SESSION_S;
  const sessionIdle = env.readNumber("AUTH_SESSION_IDLE", SECONDS_RULE);
  const maxCookieBytes =
    env.readNumber("AUTH_MAX_COOKIE_BYTES", "must be 1 or more, in whole bytes") ?? MAX_COOKIE_BYTES;
  const jwks = env.read("COGNITO_JWKS", /./, "has no RS256 key", "");
  const pinnedKeys = jwks ? readKeys(parseJson(jwks)) : null;
  if (pinnedKeys?.size === 0) env.addProblem("COGNITO_JWKS", "has no RS256 key");
  if (!secrets.every(isLongEnough)) env.addProblem("AUTH_SECRET", "must be 32 bytes or more");
  if (others.some((url) => !isAlike(url, first))) env.addProblem("APP_BASE_URL", ADDRESS_RULE);
  env.check();

  const create = (base: URL): AuthConfig => {
    const basePath = withoutSlash(base);
    const baseUrl = base.origin + basePath;
    return {
      tenant,
      issuer,
      jwksUri: `${issuer}/.well-known/jwks.json`,
      pinnedKeys,
      domain,
      clientId,
      clientSecrets,
      bearerClientIds: [clientId, ...apiClients],
      scope: scope.replace(/\s+/g, " "),
      resource,
      origin: base.origin,
      basePath,
      baseUrl,
      redirectUri: baseUrl + KIT_PATHS.callback,
      sessionMaxAge: Math.min(sessionMaxAge, LONGEST_SESSION_S),
      sessionIdle,
      maxCookieBytes,
      secrets,
      canAuthenticateCookies: secrets.length > 0 || clientSecrets.length > 0,
      cookiePrefix: base.protocol === "https:" ? `__Host-${prefix}` : prefix,
    };
  };
  return [create(first), ...others.map(create)];
}

const withoutSlash = ({ pathname }: URL) => pathname.replace(/\/+$/, "");

/** Next has one basePath, and cookies of http are not Secure. */
export const isAlike = (a: URL, b: URL) => a.protocol === b.protocol && withoutSlash(a) === withoutSlash(b);

const isLongEnough = (secret: string) => new TextEncoder().encode(secret).length >= 32;
