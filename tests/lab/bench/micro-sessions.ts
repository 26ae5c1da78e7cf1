import { decode, encode } from "@auth/core/jwt";
import { sealData, unsealData } from "iron-session";
import { authenticate } from "../../../lib/auth/core/authenticate";
import type { AuthConfig } from "../../../lib/auth/core/base/config";
import { CookieJar } from "../../../lib/auth/core/http/cookie-jar";
import { cookieSessions } from "../../../lib/auth/core/session/cookie-sessions";
import { storedCases } from "./micro-stored";
import { JOSE, joseVerifier } from "./micro-tokens";
import type { Samples, Tokens } from "./samples";
import { SECRET } from "./stage";
import { type Case, freshCopy, type Operation, takeInTurn } from "./timing";

export const IRON = "iron-session unsealData, user only";
export const KIT = "the kit, remembered: access and ID token";
export const KIT_SEALED = `${KIT}, sealed`;

const AUTH0_COOKIES = new URL("node_modules/@auth0/nextjs-auth0/dist/server/cookies.js", import.meta.url);
const USERS = 20;
const PADDING = { 2: 3_000, 3: 5_500, 4: 7_850 } as const; // The ID token goes above 7,500 bytes, all above 12,000.
const PADDING_SEALED = { 2: 2_000, 3: 4_300, 4: 5_670 } as const;

/** Of @auth0/nextjs-auth0, whose `exports` keep these two to themselves. */
interface Auth0Cookies {
  encrypt(payload: object, secret: string, expiration: number): Promise<string>;
  decrypt(cookieValue: string, secret: string): Promise<{ payload: unknown } | null | undefined>;
}

/** Every way to read who is signed in from what a browser sent. */
export async function sessionCases(samples: Samples, issued: readonly Tokens[]): Promise<readonly Case[]> {
  const sealed = { AUTH_SECRET: SECRET };
  const accessTokens = takeInTurn(issued.map(({ accessToken }) => accessToken));
  const jose = joseVerifier(samples);
  return [
    { name: JOSE, prepare: (count) => accessTokens(count).map((token) => onFreshCopy(token, jose)) },
    await kitCase(samples, KIT, {}, issued.slice(0, USERS)),
    await kitCase(samples, KIT_SEALED, sealed, issued.slice(0, USERS)),
    ...(await storedCases(samples, issued.slice(0, USERS))),
    ...(await chunkCases(samples, {}, PADDING)),
    ...(await chunkCases(samples, sealed, PADDING_SEALED)),
    await kitCase(samples, "the kit, a new session: access and ID token", {}, issued.slice(USERS), false),
    await kitCase(samples, "the kit, a new session: access and ID token, sealed", sealed, issued.slice(USERS), false),
    ...(await peerCases("user only", { user: { sub: "5f6f2f0e", username: "ada", email: "ada@example.com" } })),
    ...(await peerCases("user and both tokens", { user: { sub: "5f6f2f0e", username: "ada" }, ...issued[0] })),
  ];
}

/** Larger and larger access tokens, which take more and more cookies. */
async function chunkCases(samples: Samples, env: Record<string, string>, paddings: Readonly<Record<number, number>>) {
  const cases: Case[] = [];
  for (const [chunks, padding] of Object.entries(paddings)) {
    const issued = await Promise.all(Array.from({ length: USERS }, () => samples.issue(padding)));
    const header = await samples.cookieHeader(issued[0] ?? (await samples.issue(padding)), samples.config(env));
    const count = header.match(/\.access\.\d+=/g)?.length;
    if (count !== Number(chunks)) throw new Error(`${padding} more characters make ${count} chunks, not ${chunks}`);
    const name = `the kit, remembered: access token in ${chunks} cookies${env.AUTH_SECRET ? ", sealed" : ""}`;
    cases.push(await kitCase(samples, name, env, issued));
  }
  return cases;
}

async function kitCase(
  samples: Samples,
  name: string,
  env: Record<string, string>,
  issued: readonly Tokens[],
  isRemembered = true,
): Promise<Case> {
  const config = samples.config(env);
  const cookies: string[] = [];
  for (const tokens of issued) cookies.push(await samples.cookieHeader(tokens, config));
  const take = takeInTurn(cookies);
  return {
    name,
    prepare: async (count) => {
      if (isRemembered) for (const cookie of take(issued.length)) await readSession(toHeaders(cookie), config);
      return take(count).map((cookie) => {
        const headers = toHeaders(cookie);
        return () => readSession(headers, config);
      });
    },
  };
}

async function readSession(headers: Headers, config: AuthConfig): Promise<void> {
  const auth = await authenticate(cookieSessions, headers, new CookieJar(headers, config), { refresh: "never" });
  if (auth.status !== "signed_in") throw new Error(`The session is ${auth.status}: ${auth.error?.message}`);
}

function toHeaders(cookie: string): Headers {
  return new Headers({ accept: "text/html", cookie: freshCopy(cookie), "sec-fetch-mode": "navigate" });
}

async function peerCases(what: string, session: object): Promise<readonly Case[]> {
  const auth0: Auth0Cookies = await import(AUTH0_COOKIES.href);
  const [secret, salt, maxAge] = [SECRET, "authjs.session-token", 3600];
  const iron = await sealData(session, { password: secret, ttl: maxAge });
  const authJs = await encode({ token: session, secret, salt, maxAge });
  const ofAuth0 = await auth0.encrypt(session, secret, Math.floor(Date.now() / 1000) + maxAge);
  const repeat = (cookie: string, read: (cookie: string) => Promise<unknown>) => async (count: number) => {
    if (!JSON.stringify(await read(cookie)).includes('"ada"')) throw new Error("A peer does not read its own cookie");
    return Array.from({ length: count }, () => onFreshCopy(cookie, read));
  };
  return [
    {
      name: `iron-session unsealData, ${what}`,
      prepare: repeat(iron, (cookie) => unsealData(cookie, { password: secret, ttl: maxAge })),
    },
    {
      name: `next-auth (@auth/core) decode, ${what}`,
      prepare: repeat(authJs, (token) => decode({ token, secret, salt })),
    },
    {
      name: `@auth0/nextjs-auth0 decrypt, ${what}`,
      prepare: repeat(ofAuth0, async (cookie) => (await auth0.decrypt(cookie, secret))?.payload),
    },
  ];
}

function onFreshCopy(cookie: string, read: (cookie: string) => unknown): Operation {
  const copy = freshCopy(cookie);
  return () => read(copy);
}
