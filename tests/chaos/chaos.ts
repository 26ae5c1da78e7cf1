import { setMaxListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { type Episode, type FaultCounts, rage } from "./faults";
import { type Fleet, startFleet } from "./fleet";
import { type Habits, live } from "./habits";
import { KILL_SESSIONS, killBeforeAnswer } from "./kill-row";
import { Random } from "./random";
import { Session } from "./session";
import { Tally } from "./tally";

export interface ChaosOptions {
  readonly seconds: number;
  readonly sessions: number;
  readonly seed: number;
  /** How many are wanted: where a machine is slow, the run takes longer. */
  readonly requests: number;
}

export interface ChaosReport {
  readonly rows: readonly Tally[];
  readonly faults: FaultCounts;
}

interface Disaster {
  readonly random: Random;
  readonly counts: FaultCounts;
  readonly bag: Episode[];
}

type Row = (fleet: Fleet, options: ChaosOptions) => Promise<Tally>;

const STORM_SHARE = 0.36; // Of the time; there are two.
const CALM_SHARE = 0.14;
const ENOUGH_SHARE = 0.45; // Of the requests.
const RECOVERY_MS = 2_500; // Longer than the kit waits between two attempts.
const WITHOUT_GRACE =
  "Without grace the one refresh token that works died with the server, and the browser holds a spent one: no kit can help.";

const RESTLESS: Habits = {
  pauseMs: 110,
  weights: { fetch: 100, visit: 8, tabs: 6, abort: 4, late: 2, idle: 1, sleep: 1 },
  latestMs: 12_000,
  idleMs: [200, 4_000],
};

/** Often come back to an expired access token, as after a night. */
const SLEEPY: Habits = { ...RESTLESS, weights: { ...RESTLESS.weights, sleep: 10 } };

/** Nearly every request meets an expired access token, with company. */
const HASTY: Habits = {
  pauseMs: 110,
  weights: { fetch: 20, visit: 10, tabs: 10, abort: 5, late: 4, idle: 0, sleep: 40 },
  latestMs: 8_000,
  idleMs: [50, 400],
};

/** All rows of the table, one after the other, on one pair of servers. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const disaster: Disaster = { random: new Random(options.seed), counts: new Map(), bag: [] };
  const kills = Math.max(1, Math.round(options.seconds / 45));
  const table: readonly Row[] = [
    storm("2 servers, grace 10 s, same token again", "same", disaster),
    storm("2 servers, grace 10 s, another token", "another", disaster),
    calm("1 server, no grace", Math.max(3, CALM_SHARE * options.seconds)),
    (fleet) => killBeforeAnswer(fleet, new Tally("killed before the answer, grace 10 s"), 10, kills),
    (fleet) => killBeforeAnswer(fleet, new Tally("killed before the answer, no grace", WITHOUT_GRACE), 0, kills),
  ];
  const fleet = await startFleet(Math.max(options.sessions, KILL_SESSIONS));
  try {
    const rows: Tally[] = [];
    for (const row of table) {
      fleet.takeRefreshCalls();
      const tally = await row(fleet, options);
      tally.countCalls(fleet.takeRefreshCalls());
      rows.push(tally);
    }
    return { rows, faults: disaster.counts };
  } finally {
    await fleet.close();
  }
}

/** Everything at once: servers die, Cognito fails in every way, and users go on clicking. */
function storm(name: string, graceReuse: "same" | "another", disaster: Disaster): Row {
  return async (fleet, options) => {
    Object.assign(fleet.cognito.settings, { graceSeconds: 10, graceReuse });
    const tally = new Tally(name);
    const sessions = await createCrowd(fleet, tally, options);
    const signal = startClock(STORM_SHARE * options.seconds, () => tally.requests > ENOUGH_SHARE * options.requests);
    const seed = disaster.random.whole(0, 1e9);
    await Promise.all([
      rage({ ...disaster, fleet, signal }),
      ...sessions.map((session, i) => live(session, i % 2 ? SLEEPY : RESTLESS, new Random(seed + i), signal)),
    ]);
    await delay(RECOVERY_MS);
    await Promise.all(sessions.map((session) => session.answerRoll()));
    return tally;
  };
}

/** Nothing fails, but a refresh token works once, and who comes second is refused long before the first is answered. */
function calm(name: string, seconds: number): Row {
  return async (fleet, options) => {
    const { cognito, proxy } = fleet;
    Object.assign(cognito.settings, { graceSeconds: 0 });
    const isFirst = ({ refresh_token = "" }) => cognito.refreshTokenState(refresh_token) === "valid";
    cognito.fault("token", { answerDelayMs: 150 }, { match: isFirst });
    proxy.only = 0;
    const tally = new Tally(name);
    const sessions = await createCrowd(fleet, tally, options);
    const signal = startClock(seconds);
    await Promise.all(sessions.map((session, i) => live(session, HASTY, new Random(options.seed + i), signal)));
    await Promise.all(sessions.map((session) => session.answerRoll()));
    proxy.only = null;
    cognito.clearFaults();
    return tally;
  };
}

async function createCrowd(fleet: Fleet, tally: Tally, { sessions: size }: ChaosOptions): Promise<readonly Session[]> {
  const sessions = Array.from({ length: size }, (_, i) => new Session(`user-${i}`, fleet, tally));
  await Promise.all(sessions.map((session) => session.signIn()));
  return sessions;
}

/** Ends a row after its time, or up to half as long again when there is not enough yet. */
function startClock(seconds: number, hasEnough = () => true): AbortSignal {
  const clock = new AbortController();
  setMaxListeners(0, clock.signal); // Everybody's pauses end with it.
  const end = Date.now() + seconds * 1000;
  const timer = setInterval(() => {
    const overtime = Date.now() - end;
    if (overtime < 0 || (overtime < seconds * 500 && !hasEnough())) return;
    clearInterval(timer);
    clock.abort();
  }, 50);
  return clock.signal;
}
