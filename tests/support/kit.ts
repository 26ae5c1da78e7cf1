import { NextRequest } from "next/server";
import { afterAll, beforeAll, vi } from "vitest";
import type { AuthConfig } from "@/lib/auth/core/base/config";
import type { Tenant } from "@/lib/auth/core/base/tenants";
import type { Cookie } from "@/lib/auth/core/http/cookie-jar";
import { type AppClient, type Cognito, type Settings, startCognito } from "../cognito";

export const ORIGIN = "https://app.example";

const CLIENT_ID = "web1234567890abcdefghijkl";
const CLIENT_SECRET = "s3cr3t+with+plus";

/** The headers of a browser that loads a page from its address bar, or after a click on a link of the same origin. */
export const TYPED = {
  accept: "text/html,application/xhtml+xml,*/*;q=0.8",
  "sec-fetch-dest": "document",
  "sec-fetch-mode": "navigate",
  "sec-fetch-site": "none",
};
export const CLICKED = { ...TYPED, "sec-fetch-site": "same-origin" };
export const FETCHED = {
  accept: "*/*",
  "sec-fetch-dest": "empty",
  "sec-fetch-mode": "cors",
  "sec-fetch-site": "same-origin",
};

interface KitOptions {
  env?: Record<string, string | undefined>;
  client?: Partial<AppClient>;
  settings?: Partial<Settings>;
  origin?: string;
}

/**
 * Loads the kit's modules as Next does. Middleware has its own module graph, so its memory (keys, tokens, refreshes in
 * flight) is not that of the routes. A shared graph would hide bugs between the two.
 */
export async function loadKit(env: Record<string, string | undefined>, tenants: readonly Tenant[] | null = null) {
  for (const name of Object.keys(process.env)) if (/^(COGNITO|AUTH|APP|TEST)_/.test(name)) delete process.env[name];
  if (tenants) process.env.TEST_TENANTS = JSON.stringify(tenants); // tests/support/tenants.ts reads it.
  for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value;
  vi.resetModules();
  const middleware = await import("@/middleware");
  vi.resetModules();
  return {
    middleware,
    login: await import("@/app/auth/login/route"),
    callback: await import("@/app/auth/callback/route"),
    logout: await import("@/app/auth/logout/route"),
    refresh: await import("@/app/auth/refresh/route"),
    api: await import("@/lib/auth/api"),
    signIn: await import("./sign-in"),
    config: await loadConfig(),
    core: {
      authenticate: await loadAuthenticate(),
      CookieJar: (await import("@/lib/auth/core/http/cookie-jar")).CookieJar,
      cookies: await import("@/lib/auth/core/http/cookies"),
      ended: await import("@/lib/auth/core/session/ended"),
      expiringList: await import("@/lib/auth/core/http/expiring-list"),
      hash: await import("@/lib/auth/core/base/hash"),
      refresh: await import("@/lib/auth/core/tokens/refresh"),
      rounds: await import("@/lib/auth/core/sign-in/rounds"),
      seal: await import("@/lib/auth/core/base/seal"),
      refreshCookie: await import("@/lib/auth/core/session/refresh-cookie"),
      sessionCookies: await import("@/lib/auth/core/session/session-cookies"),
      sign: await import("@/lib/auth/core/base/sign"),
      verify: await import("@/lib/auth/core/tokens/verify"),
    },
  };
}

const LONG = 200_000; // At this length, an algorithm that is not linear does not end within a test's time.

/** Names of long texts, and the texts. */
export const LONG_TEXTS: [string, string][] = [
  ["letters", "a".repeat(LONG)],
  ["slashes", "/".repeat(LONG)],
  ["backslashes", "\\".repeat(LONG)],
  ["bytes of encoded percent signs", "%25".repeat(LONG / 4)],
  ["dots", ".".repeat(LONG)],
  ["spaces, then a letter", `a${" ".repeat(LONG)}a`],
  ["semicolons", ";".repeat(LONG)],
  ["equals signs", "=".repeat(LONG)],
  ["commas", "a,".repeat(LONG / 2)],
];

/** The name of the cookie that marks an ended sign-in. */
export const ENDED = /^__Host-auth\.ended\.[\w-]+$/;

/** A Cookie header that the kit wrote, with another refresh token instead of the browser's own. */
export async function withRefreshToken({ core, config }: Kit, browser: Browser, token: string): Promise<string> {
  const [, facts = ""] = /^(?:[\w-]{43}~)?([^.]*)\./.exec(browser.value("__Host-auth.refresh")) ?? [];
  const jar = new core.CookieJar(new Headers(), config());
  await core.cookies.writeCookie(jar, "refresh", `${facts}.${token}`, 600);
  return jar.applyToHeader("");
}

/** Returns the configuration of the first address. */
async function loadConfig() {
  const { getConfigs } = await import("@/lib/auth/config");
  return (): AuthConfig => getConfigs()[0];
}

/** Calls `authenticate`, and adds the changes of the cookie jar to its result. */
async function loadAuthenticate() {
  const { authenticate } = await import("@/lib/auth/core/authenticate");
  const { CookieJar } = await import("@/lib/auth/core/http/cookie-jar");
  return async (headers: Headers, config: AuthConfig, refresh: "never" | "due" | "always") => {
    const jar = new CookieJar(headers, config);
    const auth = await authenticate(headers, jar, { refresh });
    const cookies: { cookies?: readonly Cookie[] } = jar.changes.length > 0 ? { cookies: jar.changes } : {};
    return { ...auth, ...cookies };
  };
}

/** The user that a route finds in these cookies, and the status and cookies with which middleware answers a page load. */
export async function whoIs({ api, middleware }: Kit, cookie: string) {
  const route = api.withOptionalSession((_request: Request, session) => Response.json(session?.user.username ?? null));
  const answer = await route(new Request(ORIGIN, { headers: { cookie } }), null);
  const user: string | null = await answer.json();
  const page = await middleware.default(new NextRequest(`${ORIGIN}/dashboard`, { headers: { ...TYPED, cookie } }));
  return { user, page: page.status, cookies: page.headers.getSetCookie() };
}

export type Kit = Awaited<ReturnType<typeof loadKit>>;

export async function startPool(options: KitOptions = {}) {
  const origin = options.origin ?? ORIGIN;
  const web: AppClient = {
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    callbackUrls: [`${origin}/auth/callback`],
    logoutUrls: [origin],
    ...options.client,
  };
  const mobile: AppClient = { clientId: "mobile12345", callbackUrls: ["app://cb"], logoutUrls: [] };
  const foreign: AppClient = { clientId: "foreign12345", callbackUrls: ["https://other.example/cb"], logoutUrls: [] };
  const machine: AppClient = {
    clientId: "machine12345",
    clientSecret: "machine-secret-of-some-length",
    callbackUrls: [],
    logoutUrls: [],
    grants: ["client_credentials"],
    scopes: ["api/read"],
  };
  const cognito = await startCognito({
    clients: [web, mobile, foreign, machine],
    ...(options.settings && { settings: options.settings }),
  });
  const env: Record<string, string | undefined> = {
    COGNITO_ISSUER: cognito.issuer,
    COGNITO_DOMAIN: cognito.domain,
    COGNITO_CLIENT_ID: web.clientId,
    COGNITO_CLIENT_SECRET: web.clientSecret,
    COGNITO_API_CLIENT_IDS: "mobile12345, machine12345",
    APP_BASE_URL: origin,
    ...options.env,
  };
  return { cognito, env, origin };
}

/** A running stand-in for the tests of one file. Each test may load the kit anew with `load()`. */
export function usePool(options: KitOptions = {}) {
  const pool = {} as { cognito: Cognito; env: Record<string, string | undefined>; origin: string };
  beforeAll(async () => {
    Object.assign(pool, await startPool(options));
  });
  afterAll(() => pool.cognito.close());
  return {
    get cognito() {
      return pool.cognito;
    },
    get env() {
      return pool.env;
    },
    load: (env: Record<string, string | undefined> = {}) => loadKit({ ...pool.env, ...env }),
    browser: (kit: Kit) => new Browser(kit, pool.cognito, (pool.env.APP_BASE_URL ?? pool.origin).replace(/,.*/, "")),
  };
}

interface StoredCookie {
  value: string;
  line: string;
  expiresAt: number;
}

/** A browser: it stores cookies as browsers do, and visits the kit's routes. */
export class Browser {
  readonly jar = new Map<string, StoredCookie>();
  readonly kit: Kit;
  readonly cognito: Cognito;
  readonly base: string;

  constructor(kit: Kit, cognito: Cognito, base: string) {
    this.kit = kit;
    this.cognito = cognito;
    this.base = base;
  }

  get cookieHeader(): string {
    const alive = [...this.jar].filter(([, cookie]) => cookie.expiresAt > Date.now());
    return alive.map(([name, { value }]) => `${name}=${value}`).join("; ");
  }

  /** Stores the cookies of a response. It ignores a `__Host-` cookie without Secure and Path=/ (RFC 6265bis). */
  take(response: Response): Response {
    for (const line of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split("; ");
      const name = pair.slice(0, pair.indexOf("="));
      if (name.startsWith("__Host-") && !(attributes.includes("Secure") && attributes.includes("Path=/"))) continue;
      const maxAge = Number(attributes.find((attribute) => attribute.startsWith("Max-Age="))?.slice(8));
      if (maxAge === 0) this.jar.delete(name);
      else this.jar.set(name, { value: pair.slice(name.length + 1), line, expiresAt: Date.now() + maxAge * 1000 });
    }
    return response;
  }

  request(path: string, headers: Record<string, string> = TYPED, init: RequestInit = {}): NextRequest {
    const cookie = this.cookieHeader;
    const url = path.startsWith("http") ? path : new URL(this.base).origin + path;
    return new NextRequest(url, { ...init, headers: { ...headers, ...(cookie && { cookie }) } } as never);
  }

  async login(path = "/auth/login?returnTo=/dashboard", headers: Record<string, string> = CLICKED): Promise<Response> {
    return this.take(await this.kit.login.GET(this.request(path, headers)));
  }

  async callback(url: string, headers: Record<string, string> = { ...TYPED, "sec-fetch-site": "cross-site" }) {
    return this.take(await this.kit.callback.GET(this.request(url, headers)));
  }

  async visit(path: string, headers: Record<string, string> = TYPED, init: RequestInit = {}): Promise<Response> {
    return this.take(await this.kit.middleware.default(this.request(path, headers, init)));
  }

  /** The Cookie header that middleware forwards to the page. */
  static forwardedCookies(response: Response): string | null {
    return response.headers.get("x-middleware-request-cookie");
  }

  /** Signs in as `username`, from the link to the callback. */
  async signIn(username = "ada", path?: string): Promise<Response> {
    const login = await this.login(path);
    return this.callback(await this.cognito.authorize(login.headers.get("location") ?? "", username));
  }

  async signOut(headers: Record<string, string> = CLICKED): Promise<Response> {
    return this.take(await this.kit.logout.POST(this.request("/auth/logout", headers, { method: "POST" })));
  }

  names(): string[] {
    return [...this.jar.keys()].sort();
  }

  value(name: string): string {
    return this.jar.get(name)?.value ?? "";
  }

  drop(name: string): void {
    this.jar.delete(name);
  }
}

/** The path and query of a Location on the app's own origin. */
export function pathOf(response: Response): string {
  const url = new URL(response.headers.get("location") ?? "", ORIGIN);
  return url.pathname + url.search;
}
