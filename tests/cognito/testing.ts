// For the tests of an app that uses the kit: a user pool to sign in with, and people who are signed in already.
import { randomUUID } from "node:crypto";
import { parseConfig } from "../../lib/auth/core/config";
import { type Cookie, CookieJar } from "../../lib/auth/core/cookie-jar";
import { now } from "../../lib/auth/core/encoding";
import { startSignIn, verifyTokenResponse } from "../../lib/auth/core/issued-tokens";
import { writeSessionCookies } from "../../lib/auth/core/session-cookies";
import { type AppClient, type Cognito, type CognitoOptions, startCognito } from "./index";

/** `expired`: an admin whose access token ended, so that the app has to refresh it. */
const PEOPLE = { admin: "ada", "no-groups": "grace", federated: "Google_104217", expired: "ada" } as const;

export type Person = keyof typeof PEOPLE;

export interface TestPoolOptions extends Pick<CognitoOptions, "users" | "settings" | "issuerPort" | "domainPort"> {
  /** The app's APP_BASE_URL. */
  readonly appUrl: string;
  /** More of the app's variables, or others: AUTH_SECRET, COGNITO_SCOPE. An empty COGNITO_CLIENT_SECRET: a public client. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What Playwright's `context.addCookies` takes, and the `cookies` of its storage state. */
export interface BrowserCookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  readonly path: string;
  /** Seconds since the epoch. */
  readonly expires: number;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite: "Lax";
}

export interface TestPool {
  /** The stand-in: its users, settings and faults. */
  readonly cognito: Cognito;
  /** The variables to start the app with. */
  readonly env: Readonly<Record<string, string>>;
  /** The cookies of somebody who has signed in just now: a person of the list, or any username of the pool. */
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
  const urls = { callbackUrls: [`${appUrl}/auth/callback`], logoutUrls: [appUrl] };
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
    signedInCookies: (who) => createCookies(cognito, env, who),
    bearerFor: async (who) => {
      if (who === "machine") return cognito.machineToken(MACHINE.clientId);
      const claims = who === "expired" && { claims: { iat: now() - 3_660, exp: now() - 60 } };
      return cognito.accessTokenFor(usernameOf(who), { clientId: app.clientId, ...claims });
    },
    close: () => cognito.close(),
  };
}

/** Made by the kit's own code, from tokens that it has verified. */
async function createCookies(cognito: Cognito, env: TestPool["env"], who: string): Promise<BrowserCookie[]> {
  const config = parseConfig(env);
  const nonce = randomUUID();
  const { access_token, id_token, refresh_token } = await cognito.issueTokens(usernameOf(who), config.clientId, {
    nonce,
    scope: config.scope,
  });
  const response = { accessToken: access_token, idToken: id_token || null, refreshToken: refresh_token };
  const tokens = await verifyTokenResponse(response, config);
  const state = {
    refreshToken: refresh_token,
    signIn: startSignIn(tokens, nonce),
    expiresAt: now() + config.sessionMaxAge,
  };
  const jar = new CookieJar(new Headers(), config);
  await writeSessionCookies(jar, tokens, state);
  const cookies = jar.changes;
  const kept = who === "expired" ? cookies.filter(({ name }) => /\.refresh(\.\d+)?$/.test(name)) : cookies;
  return kept.map((cookie) => toBrowserCookie(cookie, env.APP_BASE_URL ?? ""));
}

function toBrowserCookie({ name, value, maxAge }: Cookie, appUrl: string): BrowserCookie {
  const { hostname: domain, protocol } = new URL(appUrl);
  const attributes = { path: "/", httpOnly: true, secure: protocol === "https:", sameSite: "Lax" } as const;
  return { name, value, domain, expires: now() + maxAge, ...attributes };
}

function usernameOf(who: string): string {
  return Object.entries(PEOPLE).find(([person]) => person === who)?.[1] ?? who;
}
