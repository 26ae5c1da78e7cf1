import { setTimeout as delay } from "node:timers/promises";
import { isRefused, startUsers, waitUntil, withSite } from "./expiry";
import { LOSING, type Mode, SURVIVING } from "./modes";
import type { Kind, Site } from "./site";
import { PAGE_LOAD, type User } from "./user";

/** What became of a page load whose refresh was interrupted. */
export interface Interruption {
  readonly kind: Kind;
  readonly size: number;
  readonly name: string;
  /** Whether requests are refused here whatever the kit does. */
  readonly isExcused: boolean;
  readonly calls: number;
  readonly refused: number;
  readonly longestMs: number;
  /** The token calls and the refused requests of the next expiry. */
  readonly next: { readonly calls: number; readonly refused: number };
}

const TOKEN_S = 45; // A stop, and a lease, fit in between.
const STOP_MS = 15_000;
const HELD_MS = 1_500;
const UNDER_WAY_MS = 500;
const FAULTS = { killed: killHolder, stopped: stopHolder } as const;

/** The server that holds the lease is killed, or stopped for 15 s, after Cognito has done its work. */
export function measureInterruptions(kind: Kind, size: number): Promise<readonly Interruption[]> {
  const cases = [
    ...SURVIVING.flatMap((mode) => (["killed", "stopped"] as const).map((fault) => ({ mode, fault }))),
    { mode: LOSING, fault: "killed" } as const,
  ];
  return withSite({ kind, size, isStored: true, users: cases.length }, async (site) => {
    const users = await startUsers(site, 0, cases.length, TOKEN_S);
    await waitUntil(Date.now() + TOKEN_S * 1000 + 1_000);
    const found: (Omit<Interruption, "next"> & { mode: Mode; user: User })[] = [];
    for (const [i, { mode, fault }] of cases.entries()) {
      const user = users[i];
      if (!user) continue;
      await site.cognito.call("set", mode.settings);
      const name = `holder of the lease ${fault}, ${mode.name}`;
      const isExcused = mode === LOSING;
      found.push({ kind, size, name, isExcused, mode, user, ...(await interrupt(site, user, FAULTS[fault])) });
    }
    await waitUntil(Date.now() + TOKEN_S * 1000 + 1_000);
    const interruptions: Interruption[] = [];
    for (const { mode, user, ...rest } of found) {
      await site.cognito.call("set", mode.settings);
      await site.cognito.call("takeCalls");
      const refused = (await user.load()).filter(isRefused).length;
      interruptions.push({ ...rest, next: { calls: await site.cognito.call("takeCalls"), refused } });
    }
    return interruptions;
  });
}

async function interrupt(site: Site, user: User, fault: (site: Site) => Promise<void>) {
  const { cognito, proxy } = site;
  await cognito.call("takeCalls");
  await cognito.call("hold", HELD_MS);
  proxy.only = 0;
  const first = user.load(1);
  while ((await cognito.call("countCalls")) === 0) await delay(20);
  proxy.only = null;
  const others = user.load(PAGE_LOAD - 1);
  await delay(UNDER_WAY_MS);
  const [, ...loads] = await Promise.all([fault(site), first, others]);
  await cognito.call("clear");
  const outcomes = loads.flat();
  const refused = outcomes.filter(isRefused).length;
  const longestMs = Math.max(...outcomes.map(({ milliseconds }) => milliseconds));
  return { calls: await cognito.call("takeCalls"), refused, longestMs };
}

/** Its platform starts it again at once. */
async function killHolder({ instances: [holder] }: Site): Promise<void> {
  await holder?.kill();
  await holder?.start();
}

async function stopHolder({ instances: [holder] }: Site): Promise<void> {
  holder?.stop();
  await delay(STOP_MS);
  holder?.resume();
}
