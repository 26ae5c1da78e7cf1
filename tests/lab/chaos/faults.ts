import type { Fault } from "../../cognito/index";
import type { FaultName } from "../../extras/stores/fault-proxy";
import { type Fleet, TOKEN_SECONDS } from "./fleet";
import type { Random } from "./random";
import { pause } from "./time";

/** How often each kind of fault came, and how many requests ran into it. */
export type FaultCounts = Map<string, { times: number; hits: number }>;

interface Storm {
  readonly fleet: Fleet;
  readonly random: Random;
  readonly counts: FaultCounts;
  /** What has not come yet: each kind comes once before any comes again. */
  readonly bag: Episode[];
  readonly signal: AbortSignal;
}

export type Episode = (storm: Storm) => Promise<void>;

// A spent refresh token lives for 10 s more. With the kit's 2 s between two attempts and a calm after each, whatever is
// lost on the way can be asked for again in time; longer than that no kit can bridge.
const CALM_MS = [3_000, 4_000] as const;
const RESTART_MS = [200, 1_500] as const;
const RUNNING_MS = [2_000, 5_000] as const;
const COMPANY = 0.4;

/** What befalls a refresh call, and for how long at most. */
const TOKEN_FAULTS: Readonly<Record<string, { fault: Fault; longestMs: number }>> = {
  "token endpoint: 500": { fault: { status: 500 }, longestMs: 2_500 },
  "token endpoint: 429": { fault: { status: 429, body: "Too Many Requests" }, longestMs: 2_500 },
  "token endpoint: connection reset": { fault: { reset: true }, longestMs: 2_500 },
  "token endpoint: reset after the work": { fault: { resetAfter: true }, longestMs: 2_000 },
  "token endpoint: slow to work": { fault: { delayMs: 1_800 }, longestMs: 2_000 },
  "token endpoint: slow to answer": { fault: { answerDelayMs: 1_800 }, longestMs: 2_000 },
  "token endpoint: no answer at all": { fault: { hang: true }, longestMs: 1_200 },
  "token endpoint: 200 with HTML": { fault: { status: 200, body: "<html>Welcome!</html>" }, longestMs: 2_500 },
  "token endpoint: JSON cut short": { fault: { status: 200, body: '{"access_token":"eyJraWQ' }, longestMs: 2_500 },
  "token endpoint: half the bytes": { fault: { truncate: true }, longestMs: 2_000 },
};

/** What befalls the store. A name of operations: only those fail. */
const STORE_FAULTS: Readonly<Record<string, { fault: FaultName; operations?: RegExp }>> = {
  "store: 500": { fault: "answers 500" },
  "store: throttled": { fault: "throttles" },
  "store: connections cut": { fault: "cuts connections" },
  "store: no answer": { fault: "does not answer" },
  "store: slow": { fault: "answers slowly" },
  "store: writes lost": { fault: "cuts connections", operations: /^PutItem$/ },
  "store: writes without an answer": { fault: "works, and does not answer", operations: /^PutItem$/ },
  "store: writes answered with 500": { fault: "works, and answers 500", operations: /^PutItem$/ },
};
const STORE_FAULT_MS = [1_000, 3_000] as const;

const KILLED = "instance killed (kill -9), restarted";
const STOPPED = "instance stopped (kill -STOP) for a while";
const ROTATED = "keys rotated";
const KEYS_A_ROTATION = 2;
const SPACED_S = 40; // The kit asks for an unknown key once in 30 s; user pools rotate theirs far less often.

const EPISODES: readonly Episode[] = [
  ...Object.keys(TOKEN_FAULTS).map((name) => (storm: Storm) => troubleTokens(name, storm)),
  (storm) => restartOne(storm),
  (storm) => restartOne(storm),
  (storm) => troubleKeys("JWKS: 500", { status: 500 }, storm),
  (storm) => troubleKeys("JWKS: connection reset", { reset: true }, storm),
  async (storm) => void (await rotateKeys(storm)),
];

/** One fault after the other, until the signal. Ends with all instances up. */
export async function rage(storm: Storm): Promise<void> {
  const { random, signal, fleet, bag } = storm;
  while (!signal.aborted) {
    if (bag.length === 0) bag.push(...random.shuffle(EPISODES));
    await bag.pop()?.(storm);
    fleet.cognito.clearFaults();
    dropOldKeys(storm);
    await pause(random.between(...CALM_MS), signal);
  }
}

/** Stops one server after the other for so many seconds each, until the signal. Ends with both running. */
export async function stopInTurn(storm: Storm, stopSeconds: readonly [min: number, max: number]): Promise<void> {
  const { random, signal, fleet } = storm;
  for (let turn = random.whole(0, 1); !signal.aborted; turn += 1) {
    await pause(random.between(...RUNNING_MS), signal);
    if (signal.aborted) return;
    const instance = fleet.instances[turn % 2 === 0 ? 0 : 1];
    count(STOPPED, storm);
    instance.stop();
    await pause(1_000 * random.between(...stopSeconds), signal);
    instance.resume();
    fleet.log.push({ at: Date.now(), what: "goes on" });
  }
}

/** Lets the store fail in one way after the other, until the signal. Ends with a store that works. */
export async function troubleStore(storm: Storm): Promise<void> {
  const { random, signal, fleet } = storm;
  const names: string[] = [];
  while (!signal.aborted) {
    await pause(random.between(...CALM_MS), signal);
    if (names.length === 0) names.push(...random.shuffle(Object.keys(STORE_FAULTS)));
    const name = names.pop() ?? "";
    const { fault = "answers 500", operations = /./ } = STORE_FAULTS[name] ?? {};
    const hit = count(name, storm);
    fleet.store?.inject(fault, undefined, (operation) => operations.test(operation) && hit());
    await pause(random.between(...STORE_FAULT_MS), signal);
    fleet.store?.heal();
  }
}

async function troubleTokens(name: string, storm: Storm): Promise<void> {
  const { fault, longestMs } = TOKEN_FAULTS[name] ?? { fault: {}, longestMs: 0 };
  const { random, signal, fleet } = storm;
  const hit = count(name, storm);
  const match = ({ grant_type }: Readonly<Record<string, string>>) => grant_type === "refresh_token" && hit();
  fleet.cognito.fault("token", fault, { match });
  const windowMs = random.between(longestMs / 2, longestMs);
  const company = random.chance(COMPANY) ? restartOne(storm, random.between(0, windowMs / 2)) : null;
  await pause(windowMs, signal);
  fleet.cognito.clearFaults();
  await company;
}

/** Servers keep their keys: an outage is only felt by one that starts, or when there are new ones to fetch. */
async function troubleKeys(name: string, fault: Fault, storm: Storm): Promise<void> {
  const { fleet, random, signal } = storm;
  const windowMs = random.between(1_200, 2_500);
  fleet.keysTroubledUntil = Date.now() + windowMs + 1_000;
  const match = count(name, storm);
  fleet.cognito.fault("jwks", fault, { match });
  const company = (await rotateKeys(storm)) ? null : restartOne(storm);
  await pause(windowMs, signal);
  fleet.cognito.clearFaults();
  await company;
}

/** Whether it is time for that again. */
async function rotateKeys(storm: Storm): Promise<boolean> {
  if (countRotations(storm, SPACED_S) > 0) return false;
  count(ROTATED, storm);
  await storm.fleet.cognito.rotateKeys({ keepOld: true });
  return true;
}

/** Only when no token of theirs is good any more: two parts of a server may have looked at the JWKS before and after. */
function dropOldKeys(storm: Storm): void {
  const { retired } = storm.fleet.cognito.keys;
  const dropped = retired.splice(KEYS_A_ROTATION * countRotations(storm, TOKEN_SECONDS + 5));
  if (dropped.length > 0) count("old keys no longer published", storm);
}

/** In so many seconds until now. */
function countRotations({ fleet }: Storm, seconds: number): number {
  return fleet.log.filter(({ at, what }) => what === ROTATED && Date.now() - at < seconds * 1000).length;
}

async function restartOne(storm: Storm, afterMs = 0): Promise<void> {
  const { fleet, random, signal } = storm;
  const instance = fleet.instances[random.whole(0, 1)] ?? fleet.instances[0];
  const downMs = random.between(...RESTART_MS);
  await pause(afterMs, signal);
  count(KILLED, storm);
  await instance.kill();
  await pause(downMs, signal);
  await instance.start();
}

/** Counts one time, and lets a fault count its hits. */
function count(name: string, { counts, fleet }: Storm): () => true {
  fleet.log.push({ at: Date.now(), what: name });
  const entry = counts.get(name) ?? { times: 0, hits: 0 };
  counts.set(name, entry);
  entry.times += 1;
  return () => {
    entry.hits += 1;
    return true;
  };
}
