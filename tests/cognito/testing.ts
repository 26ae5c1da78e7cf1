// For the tests of an app that uses the kit: a user pool to sign in with, and people who are signed in already.
import { randomUUID } from "node:crypto";
import { type AppClient, type Cognito, type CognitoOptions, startCognito } from "./index";
import { type BrowserCookie, Visitor } from "./visitor";

/** `expired`: an admin whose access token ended, so that the app has to refresh it. */
const PEOPLE = { admin: "ada", "no-groups": "grace", federated: "Google_104217", expired: "ada" } as const;

export type Person = keyof typeof PEOPLE;

export interface TestPoolOptions extends Pick<CognitoOptions, "users" | "settings" | "issuerPort" | "domainPort"> {
  /** The app's APP_BASE_URL. */
  readonly appUrl: string;
  /**
   * More of the app's variables, or others: AUTH_SECRET, COGNITO_SCOPE. An empty COGNITO_CLIENT_SECRET: a public client.
   * APP_BASE_URL with several addresses: the pool knows each of them.
   */
  readonly env?: Readonly<Record<string, string>>;
}

export interface TestPool {
  /** The stand-in: its users, settings and faults. */
  readonly cognito: Cognito;
  /** The variables to start the app with. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * The cookies of somebody who signs in now: a person of the list, or any username of the pool. The app has to run.
   * Playwright's `context.addCookies` takes them.
   */
  signedInCookies(who: Person | (string & {})): Promise<BrowserCookie[]>;
  /** A token for `Authorization: Bearer`; `machine` is a program's, `expired` ended a minute ago. */
  bearerFor(who: Person | "machine" | (string & {})): Promise<string>;
  close(): Promise<void>;
}

const MACHINE: AppClient = {
  clientId: "machine",
  clientSecret: "a-machine-has-a-secret",
  callbackUrls: [],
  logoutUrls: [],
  grants: ["client_credentials"],
  scopes: ["api/read"],
};

/** Starts a stand-in for Cognito that knows the app at `appUrl`. The app need not run yet. */
export async function startTestPool({ appUrl, env: more = {}, ...options }: TestPoolOptions): Promise<TestPool> {
  const secret = { COGNITO_CLIENT_SECRET: randomUUID(), ...more }.COGNITO_CLIENT_SECRET;
  const addresses = [appUrl, ...(more.APP_BASE_URL ?? "").split(",")].map((it) => it.trim().replace(/\/+$/, ""));
  const logoutUrls = [...new Set(addresses.filter(Boolean))];
  const urls = { callbackUrls: logoutUrls.map((it) => `${it}/auth/callback`), logoutUrls };
  const app: AppClient = { clientId: "app", clientSecret: secret || undefined, ...urls };
  const cognito = await startCognito({ ...options, clients: [app, MACHINE] });
  const env = {
    COGNITO_ISSUER: cognito.issuer,
    COGNITO_DOMAIN: cognito.domain,
    COGNITO_CLIENT_ID: app.clientId,
    COGNITO_API_CLIENT_IDS: MACHINE.clientId,
    APP_BASE_URL: appUrl,
    ...more,
    COGNITO_CLIENT_SECRET: secret,
  };
  return {
    cognito,
    env,
    signedInCookies: (who) => createCookies(cognito, appUrl, who),
    bearerFor: async (who) => {
      if (who === "machine") return cognito.machineToken(MACHINE.clientId);
      const now = Math.floor(Date.now() / 1000);
      const claims = who === "expired" && { claims: { iat: now - 3_660, exp: now - 60 } };
      return cognito.accessTokenFor(usernameOf(who), { clientId: app.clientId, ...claims });
    },
    close: () => cognito.close(),
  };
}

/** Of a sign-in through the app itself, as in a browser: whatever the app's settings, the cookies are its own. */
async function createCookies(cognito: Cognito, appUrl: string, who: string): Promise<BrowserCookie[]> {
  const { hostname: domain, pathname } = new URL(appUrl);
  const visitor = new Visitor();
  const login = `${appUrl}/auth/login?returnTo=${encodeURIComponent(pathname)}`;
  const authorizeUrl = await visitor.visit(login).catch(() => null);
  if (!authorizeUrl?.startsWith(`${cognito.domain}/`)) {
    throw new Error(
      `No app at ${appUrl} that signs in with this pool: start it with pool.env before signedInCookies()`,
    );
  }
  const last = await visitor.visit(await cognito.authorize(authorizeUrl, usernameOf(who)));
  const { pathname: path, searchParams } = new URL(last);
  if (path.includes("/auth/error")) throw new Error(`The sign-in of ${who} ended with ${searchParams.get("code")}`);
  const cookies = visitor.cookies.map((cookie) => ({ ...cookie, domain }));
  return who === "expired" ? cookies.filter(({ name }) => /\.refresh(\.\d+)?$/.test(name)) : cookies;
}

function usernameOf(who: string): string {
  return Object.entries(PEOPLE).find(([person]) => person === who)?.[1] ?? who;
}
