import { seal } from "../../../lib/auth/core/base/seal";
import { type Cognito, startCognito } from "../../cognito/index";
import { type App, type Mode, openApp } from "./app";

/** The app, a browser, and the stand-in for Cognito that the app signs in with. */
export interface Stage extends App {
  readonly cognito: Cognito;
  /** The cookie of somebody who is signed in, without a browser. */
  cookieOf(username: string): Promise<string>;
  /** As it was after `openStage`: the stand-in's settings, faults and requests, and no open page. */
  reset(): Promise<void>;
}

export interface StageOptions extends Mode {
  /** A confidential app client; public when absent. */
  readonly clientSecret?: string;
  /** More variables for the app. */
  readonly env?: Readonly<Record<string, string>>;
}

export const CLIENT_ID = "demo";

/** The ways in which people run the kit: sign-in, refresh and sign-out work in each of them. */
export const MODES = [
  { name: "over http on a loopback", variant: "middleware", https: false },
  {
    name: "over https",
    variant: "middleware",
    https: true,
    clientSecret: "a+secret/of-51-characters==0123456789abcdefghijklmno",
  },
  { name: "with middleware.ts renamed to proxy.ts", variant: "proxy", https: false },
  {
    name: "with sealed cookies",
    variant: "middleware",
    https: true,
    env: { AUTH_SECRET: "a-secret-of-more-than-thirty-two-bytes" },
  },
] as const satisfies readonly (StageOptions & { name: string })[];

/** `npm run test:sealed` runs every test with sealed cookies. */
const SEALED: Readonly<Record<string, string>> = process.env.E2E_AUTH_SECRET
  ? { AUTH_SECRET: process.env.E2E_AUTH_SECRET }
  : {};

export async function openStage({ clientSecret, env: more = {}, ...mode }: StageOptions): Promise<Stage> {
  const env = { ...SEALED, ...more };
  const cognito = await startCognito({ clients: [] });
  const settings = structuredClone(cognito.settings);
  const app = await openApp(mode, async (...baseUrls) => {
    const urls = { callbackUrls: baseUrls.map((it) => `${it}/auth/callback`), logoutUrls: baseUrls };
    cognito.clients.push({ clientId: CLIENT_ID, clientSecret, ...urls });
    return {
      COGNITO_ISSUER: cognito.issuer,
      COGNITO_DOMAIN: cognito.domain,
      COGNITO_CLIENT_ID: CLIENT_ID,
      ...(clientSecret && { COGNITO_CLIENT_SECRET: clientSecret }),
      ...env,
    };
  });
  return {
    ...app,
    cognito,
    cookieOf: async (username) => {
      const token = await cognito.accessTokenFor(username, { clientId: CLIENT_ID });
      const prefix = mode.https ? "__Host-" : "";
      const { issuer } = cognito;
      const config = { secrets: [env.AUTH_SECRET ?? ""], issuer, clientId: CLIENT_ID, tenant: null };
      return `${prefix}auth.access=${env.AUTH_SECRET ? await seal(token, "access", config) : token}`;
    },
    reset: async () => {
      await app.closePages();
      Object.assign(cognito.settings, structuredClone(settings));
      cognito.clearFaults();
      cognito.clearRequests();
    },
    close: async () => {
      await Promise.all([app.close(), cognito.close()]);
    },
  };
}
