import { authenticate } from "../../../lib/auth/core/authenticate";
import type { AuthConfig } from "../../../lib/auth/core/base/config";
import { createSecret } from "../../../lib/auth/core/base/hash";
import type { SessionStore } from "../../../lib/auth/core/base/session-store";
import { CookieJar } from "../../../lib/auth/core/http/cookie-jar";
import { cookieName } from "../../../lib/auth/core/http/cookies";
import { createRecord } from "../../../lib/auth/core/store/record";
import { StoredSessions } from "../../../lib/auth/core/store/stored-sessions";
import { verifyAccessToken, verifyIdToken } from "../../../lib/auth/core/tokens/verify";
import { createMemoryStore } from "../../../lib/auth-extras/stores/memory";
import { CLIENT_ID, type Samples, type Tokens } from "./samples";
import { SECRET } from "./stage";
import { type Case, freshCopy, takeInTurn } from "./timing";

export const STORED = "the kit with a store, remembered: access and ID token";
export const STORED_READ = "the kit with a store: one read, tokens remembered";

const SESSION_S = 24 * 3600;

/** Sessions in a store in memory: a record that the process remembers, and one that it reads and decrypts. */
export async function storedCases(samples: Samples, issued: readonly Tokens[]): Promise<readonly Case[]> {
  const config = samples.config({ AUTH_SECRET: SECRET });
  const store = countReads(createMemoryStore());
  const sessions = new StoredSessions(store);
  const cookies: string[] = [];
  for (const tokens of issued) cookies.push(await storeSession(sessions, tokens, config));
  const take = takeInTurn(cookies);
  const remember = async () => {
    for (const cookie of take(issued.length)) await readSession(sessions, toHeaders(cookie), config);
  };
  const prepareRead = async (count: number) => {
    await remember();
    // Each operation has a memory of its own, with nothing in it.
    return take(count).map((cookie) => {
      const [headers, fresh] = [toHeaders(cookie), new StoredSessions(store)];
      return () => readSession(fresh, headers, config);
    });
  };
  await checkRoundTrips(store, await prepareRead(issued.length));
  return [
    {
      name: STORED,
      prepare: async (count) => {
        await remember();
        return take(count).map((cookie) => {
          const headers = toHeaders(cookie);
          return () => readSession(sessions, headers, config);
        });
      },
    },
    { name: STORED_READ, prepare: prepareRead },
  ];
}

/** Returns the Cookie header of the session. */
async function storeSession({ users }: StoredSessions, tokens: Tokens, config: AuthConfig): Promise<string> {
  const accessClaims = await verifyAccessToken(tokens.accessToken, config, [CLIENT_ID]);
  const idClaims = await verifyIdToken(tokens.idToken, config);
  const facts = { signIn: accessClaims, sessionEndsAt: accessClaims.exp + SESSION_S };
  const complete = { ...tokens, accessClaims, idClaims, refreshToken: "a-refresh-token" };
  const id = createSecret();
  await users.records.write(id, createRecord(complete, facts, Date.now(), config), null, config);
  return `${cookieName(config, "session")}=${id}`;
}

async function readSession(sessions: StoredSessions, headers: Headers, config: AuthConfig): Promise<void> {
  const auth = await authenticate(sessions, headers, new CookieJar(headers, config), { refresh: "never" });
  if (auth.status !== "signed_in") throw new Error(`The session is ${auth.status}: ${auth.error?.message}`);
}

function toHeaders(cookie: string): Headers {
  return new Headers({ accept: "text/html", cookie: freshCopy(cookie), "sec-fetch-mode": "navigate" });
}

function countReads(store: SessionStore): SessionStore & { reads: number } {
  const counted = {
    ...store,
    reads: 0,
    get: (key: string) => {
      counted.reads += 1;
      return store.get(key);
    },
  };
  return counted;
}

/** That a read is one round trip. */
async function checkRoundTrips(store: { reads: number }, operations: readonly (() => unknown)[]): Promise<void> {
  store.reads = 0;
  for (const operation of operations) await operation();
  if (store.reads !== operations.length) throw new Error(`${operations.length} sessions took ${store.reads} reads`);
}
