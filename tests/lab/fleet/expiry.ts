import { setTimeout as delay } from "node:timers/promises";
import { IN_COOKIES, IN_STORE, type Mode } from "./modes";
import { type Kind, type Site, startSite } from "./site";
import { type Outcome, PAGE_LOAD, User } from "./user";

/** What some expiries of one mode cost at one size. */
export interface Row {
  readonly kind: Kind;
  readonly size: number;
  readonly mode: string;
  readonly isStored: boolean;
  /** One for each expiry. */
  readonly calls: readonly number[];
  readonly outcomes: readonly Outcome[];
  /** With a valid token, right before. */
  readonly usual: readonly Outcome[];
  /** Calls of the store for each request: at an expiry, and with a valid token. */
  readonly storeCalls: { readonly atExpiry: number; readonly usual: number };
}

/** A page load in the last minute of a token. */
export interface LastMinute {
  readonly kind: Kind;
  readonly size: number;
  readonly calls: number;
  /** How many requests took as long as Cognito. */
  readonly waited: number;
  readonly refused: number;
}

export interface Found {
  readonly rows: readonly Row[];
  readonly lastMinutes: readonly LastMinute[];
}

// Fetches refresh in the last 10 s of a token, page loads in the last 60 s. A page load on a slow machine takes seconds.
export const TOKEN_S = 25;
const LAST_MINUTE_TOKEN_S = 75;
const INTO_LAST_MINUTE_S = 17;
const HELD_MS = 4_000;
const WARM_UPS = 3;

export const isRefused = ({ status }: Outcome): boolean => status !== 200;

/** Measures cookies, then a store. */
export async function measureExpiries(kind: Kind, size: number, expiries: number): Promise<Found> {
  const plan = { kind, size, expiries };
  const inCookies = await measureModes({ ...plan, modes: IN_COOKIES, isStored: false });
  const inStore = await measureModes({ ...plan, modes: IN_STORE, isStored: true });
  return { rows: [...inCookies.rows, ...inStore.rows], lastMinutes: inStore.lastMinutes };
}

interface Plan {
  readonly kind: Kind;
  readonly size: number;
  readonly expiries: number;
  readonly modes: readonly Mode[];
  readonly isStored: boolean;
}

function measureModes({ kind, size, expiries, modes, isStored }: Plan): Promise<Found> {
  const users = modes.length * expiries + 2;
  return withSite({ kind, size, isStored, users }, async (site) => {
    const early = await startUser(site, 0, LAST_MINUTE_TOKEN_S);
    const earlySince = Date.now();
    const usual = await measureUsual(site, await startUser(site, 1, TOKEN_S));
    const others = await startUsers(site, 2, modes.length * expiries, TOKEN_S);
    const expiredAt = Date.now() + TOKEN_S * 1000;
    const lastMinutes: LastMinute[] = [];
    if (isStored) {
      await waitUntil(earlySince + INTO_LAST_MINUTE_S * 1000);
      lastMinutes.push(await measureLastMinute(site, early));
      await waitUntil(expiredAt + 1_000);
    }
    const rows: Row[] = [];
    for (const mode of modes) {
      const found = await measureMode(site, mode, others.splice(0, expiries));
      const atExpiry = isStored ? found.storeCalls : 0;
      const { outcomes, calls } = found;
      const storeCalls = { atExpiry, usual: usual.storeCalls };
      rows.push({ kind, size, mode: mode.name, isStored, calls, outcomes, usual: usual.outcomes, storeCalls });
    }
    return { rows, lastMinutes };
  });
}

/** Page loads with a valid token, one after the other. The waits of the first ones, which warm the servers, are left out. */
async function measureUsual(site: Site, user: User) {
  await site.database.call("takeCalls");
  const outcomes: Outcome[] = [];
  for (let i = 0; i < 2 * WARM_UPS; i += 1) outcomes.push(...(await user.load()));
  const storeCalls = (await site.database.call("takeCalls")) / outcomes.length;
  return { outcomes: outcomes.slice(WARM_UPS * PAGE_LOAD), storeCalls };
}

/** Each user's access token expires once. */
async function measureMode({ cognito, database }: Site, { settings }: Mode, users: readonly User[]) {
  await cognito.call("set", settings);
  const [calls, outcomes]: [number[], Outcome[]] = [[], []];
  await Promise.all([cognito.call("takeCalls"), database.call("takeCalls")]);
  for (const user of users) {
    user.oversleep();
    outcomes.push(...(await user.load()));
    calls.push(await cognito.call("takeCalls"));
  }
  return { calls, outcomes, storeCalls: (await database.call("takeCalls")) / outcomes.length };
}

/** Cognito answers late. So a request that waits for its answer is easy to tell from the others. */
async function measureLastMinute({ kind, instances, cognito }: Site, user: User): Promise<LastMinute> {
  const seconds = { accessTokenSeconds: LAST_MINUTE_TOKEN_S, idTokenSeconds: LAST_MINUTE_TOKEN_S };
  await cognito.call("set", { rotation: false, ...seconds });
  await cognito.call("takeCalls");
  await cognito.call("hold", HELD_MS);
  const outcomes = await user.load(PAGE_LOAD, true);
  await cognito.call("clear");
  const waited = outcomes.filter(({ milliseconds }) => milliseconds >= HELD_MS).length;
  const refused = outcomes.filter(isRefused).length;
  await cognito.call("set", { accessTokenSeconds: TOKEN_S, idTokenSeconds: TOKEN_S });
  return { kind, size: instances.length, calls: await cognito.call("takeCalls"), waited, refused };
}

async function startUser(site: Site, index: number, tokenSeconds: number): Promise<User> {
  await site.cognito.call("set", { accessTokenSeconds: tokenSeconds, idTokenSeconds: tokenSeconds });
  const user = new User(site, index);
  await user.signIn();
  return user;
}

/** Users whose tokens live for so long, from now on too. */
export async function startUsers(site: Site, first: number, count: number, tokenSeconds: number): Promise<User[]> {
  const users: User[] = [];
  while (users.length < count) users.push(await startUser(site, first + users.length, tokenSeconds));
  return users;
}

export function waitUntil(time: number): Promise<void> {
  return delay(Math.max(0, time - Date.now()));
}

export async function withSite<T>(plan: Parameters<typeof startSite>[0], use: (site: Site) => Promise<T>): Promise<T> {
  const site = await startSite(plan);
  try {
    return await use(site);
  } finally {
    await site.close();
  }
}
