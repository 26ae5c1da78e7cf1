import { setMaxListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { type Episode, type FaultCounts, rage, stopInTurn, troubleStore } from "./faults";
import { type Fleet, startFleet, TOKEN_SECONDS } from "./fleet";
import { type Habits, live } from "./habits";
import { KILL_SESSIONS, killBeforeAnswer } from "./kill-row";
import { Random } from "./random";
import { Session } from "./session";
import { stopBeforeAnswer } from "./stop-row";
import { Tally } from "./tally";

export interface ChaosOptions {
  readonly seconds: number;
  readonly sessions: number;
  readonly seed: number;
  /** How many are wanted: where a machine is slow, the run takes longer. */
  readonly requests: number;
  /** How long a server is stopped. */
  readonly stopSeconds: readonly [min: number, max: number];
  /** Whether other processes keep all cores busy. */
  readonly isLoaded?: boolean;
  /** The rows to run, by their names; by default all. */
  readonly rows?: RegExp;
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

interface Row {
  readonly name: string;
  /** Why sessions are lost here whatever the kit does. */
  readonly excuse?: string;
  /** Whether its servers keep sessions in a store. */
  readonly isStored?: boolean;
  run(fleet: Fleet, tally: Tally, options: ChaosOptions): Promise<void>;
}

interface Storm {
  readonly graceSeconds: number;
  readonly graceReuse: "same" | "another";
  readonly isStopped?: boolean;
}

export const STORED_ROW = "stored, the store also fails, grace 60 s";

const STORM_SHARE = 0.18; // Of the time; there are five.
const CALM_SHARE = 0.1;
const ENOUGH_SHARE = 0.2; // Of the requests.
const SHORT_TOKEN_S = 12;
const REFRESH_AHEAD_S = 60;
const FLIP_MS = 1_000;
const RECOVERY_MS = 2_500; // Longer than the kit waits between two attempts.
const WITHOUT_GRACE =
  "Without grace the one refresh token that works died with the server, and the browser holds a spent one: no kit can help.";
const TOO_BUSY =
  "Cognito takes a refresh token that was replaced for 10 s more. With every core busy, a lost answer may be asked for again only later. Set a grace period of 60 s.";
const TWO_FAULTS =
  "A page load refreshes early. If Cognito's answer is lost and the server that knows of it dies, no other server asks again before the last 10 s of the token: by then a grace period of 10 s is over, and one of 60 s is not.";
const STOPPED_TOO_LONG =
  "The server that has the new refresh token was stopped for longer than Cognito takes the old one: the other server cannot refresh. Grace of 60 s bridges this, and so does a load balancer that keeps a browser at its server.";

const RESTLESS: Habits = {
  pauseMs: 110,
  weights: { fetch: 100, visit: 8, tabs: 6, abort: 4, late: 2, idle: 1, sleep: 1 },
  latestMs: 12_000,
  idleMs: [200, 4_000],
};

/** Often come back to an expired access token, as after a night. */
const SLEEPY: Habits = { ...RESTLESS, weights: { ...RESTLESS.weights, sleep: 10 } };

/** What a user does who waits for a server that is stopped: some reload soon, others wait for it. */
const IMPATIENT = { patienceMs: [3_000, 20_000] } as const;

/** Nearly every request meets an expired access token, with company. */
const HASTY: Habits = {
  pauseMs: 110,
  weights: { fetch: 20, visit: 10, tabs: 10, abort: 5, late: 4, idle: 0, sleep: 40 },
  latestMs: 8_000,
  idleMs: [50, 400],
};

/** The rows of the table, one after the other, on one pair of servers. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const disaster: Disaster = { random: new Random(options.seed), counts: new Map(), bag: [] };
  const table = createTable(options, disaster).filter(({ name }) => options.rows?.test(name) ?? true);
  const rows: Tally[] = [];
  for (const isStored of [false, true]) {
    const chosen = table.filter((row) => (row.isStored ?? false) === isStored);
    if (chosen.length > 0) rows.push(...(await runRows(chosen, options, isStored)));
  }
  return { rows, faults: disaster.counts };
}

async function runRows(table: readonly Row[], options: ChaosOptions, isStored: boolean): Promise<readonly Tally[]> {
  const fleet = await startFleet(Math.max(options.sessions, KILL_SESSIONS), isStored);
  try {
    const rows: Tally[] = [];
    for (const row of table) {
      fleet.takeRefreshCalls();
      const tally = new Tally(row.name, row.excuse);
      await row.run(fleet, tally, options);
      tally.countCalls(fleet.takeRefreshCalls());
      rows.push(tally);
    }
    return rows;
  } finally {
    await fleet.close();
  }
}

function createTable({ seconds, stopSeconds: [shortest], isLoaded }: ChaosOptions, disaster: Disaster): readonly Row[] {
  const kills = Math.max(1, Math.round(seconds / 60));
  const stopSeconds = Math.max(6, shortest); // The kit waits 5 s for Cognito.
  const tooShort = stopSeconds - 2;
  const excuse = isLoaded ? TOO_BUSY : TWO_FAULTS;
  return [
    storm("servers also stopped, grace 60 s, same token", { graceSeconds: 60, graceReuse: "same", isStopped: true }),
    storm("servers also stopped, grace 60 s, another", { graceSeconds: 60, graceReuse: "another", isStopped: true }),
    storm("2 servers, grace 10 s, same token again", { graceSeconds: 10, graceReuse: "same" }, excuse),
    storm("2 servers, grace 10 s, another token", { graceSeconds: 10, graceReuse: "another" }, excuse),
    calm("1 server, no grace"),
    kill("killed before the answer, grace 10 s", 10),
    kill("killed before the answer, no grace", 0, WITHOUT_GRACE),
    stop("stopped before the answer, grace 60 s", { graceSeconds: 60, isSticky: false }),
    stop("stopped, no grace, sticky sessions", { graceSeconds: 0, isSticky: true }),
    stop(`stopped, grace ${tooShort} s`, { graceSeconds: tooShort, isSticky: false }, STOPPED_TOO_LONG),
    { name: STORED_ROW, isStored: true, run: (...parts) => runStored(...parts, { ...disaster, bag: [] }) },
  ];

  function storm(name: string, plan: Storm, excuse?: string): Row {
    const run: Row["run"] = (fleet, tally, options) => runStorm(fleet, tally, options, { ...disaster, ...plan });
    return { name, run, ...(excuse && { excuse }) };
  }

  function calm(name: string): Row {
    return { name, run: runCalm };
  }

  function kill(name: string, graceSeconds: number, excuse?: string): Row {
    const run = (fleet: Fleet, tally: Tally) => killBeforeAnswer(fleet, tally, graceSeconds, kills);
    return { name, run, ...(excuse && { excuse }) };
  }

  function stop(name: string, plan: { graceSeconds: number; isSticky: boolean }, excuse?: string): Row {
    const run = (fleet: Fleet, tally: Tally) => stopBeforeAnswer(fleet, tally, { ...plan, stopSeconds });
    return { name, run, ...(excuse && { excuse }) };
  }
}

/** Everything at once: servers die or are stopped, Cognito fails in every way, and users go on clicking. */
async function runStorm(
  fleet: Fleet,
  tally: Tally,
  options: ChaosOptions,
  { graceSeconds, graceReuse, isStopped = false, ...disaster }: Disaster & Storm,
  callRoll = answerAll,
): Promise<void> {
  Object.assign(fleet.cognito.settings, { graceSeconds, graceReuse });
  const sessions = await createCrowd(fleet, tally, options);
  const signal = startClock(STORM_SHARE * options.seconds, () => tally.requests > ENOUGH_SHARE * options.requests);
  const seed = disaster.random.whole(0, 1e9);
  const habits = (i: number) => ({ ...(i % 2 ? SLEEPY : RESTLESS), ...(isStopped && IMPATIENT) });
  await Promise.all([
    rage({ ...disaster, fleet, signal }),
    isStopped && stopInTurn({ ...disaster, random: new Random(seed), fleet, signal }, options.stopSeconds),
    fleet.store && troubleStore({ ...disaster, random: new Random(seed + 1), fleet, signal }),
    ...sessions.map((session, i) => live(session, habits(i), new Random(seed + i), signal)),
  ]);
  await delay(RECOVERY_MS);
  await callRoll(sessions);
}

async function answerAll(sessions: readonly Session[]): Promise<void> {
  await Promise.all(sessions.map((session) => session.answerRoll()));
}

/**
 * The storm, and the store fails in every way. Nobody can take the access token from a browser here, so some tokens live
 * for a few seconds only. In the end all tokens expire, and each session has to refresh.
 */
async function runStored(fleet: Fleet, tally: Tally, options: ChaosOptions, disaster: Disaster): Promise<void> {
  const { settings } = fleet.cognito;
  const setLife = (seconds: number) =>
    Object.assign(settings, { accessTokenSeconds: seconds, idTokenSeconds: seconds });
  const timer = setInterval(() => {
    setLife(settings.accessTokenSeconds === TOKEN_SECONDS ? SHORT_TOKEN_S : TOKEN_SECONDS);
  }, FLIP_MS);
  const callRoll = async (sessions: readonly Session[]) => {
    clearInterval(timer);
    setLife(SHORT_TOKEN_S);
    await delay((TOKEN_SECONDS - REFRESH_AHEAD_S + 1) * 1000);
    await Promise.all(sessions.map((session) => session.answerRoll()));
    await delay((SHORT_TOKEN_S + 1) * 1000);
    await Promise.all(sessions.map((session) => session.answerRoll()));
  };
  try {
    await runStorm(fleet, tally, options, { ...disaster, graceSeconds: 60, graceReuse: "another" }, callRoll);
  } finally {
    clearInterval(timer);
    setLife(TOKEN_SECONDS);
  }
}

/** Nothing fails, but a refresh token works once, and who comes second is refused long before the first is answered. */
async function runCalm(fleet: Fleet, tally: Tally, options: ChaosOptions): Promise<void> {
  const { cognito, proxy } = fleet;
  Object.assign(cognito.settings, { graceSeconds: 0 });
  const isFirst = ({ refresh_token = "" }) => cognito.refreshTokenState(refresh_token) === "valid";
  cognito.fault("token", { answerDelayMs: 150 }, { match: isFirst });
  proxy.only = 0;
  const sessions = await createCrowd(fleet, tally, options);
  const signal = startClock(Math.max(3, CALM_SHARE * options.seconds));
  await Promise.all(sessions.map((session, i) => live(session, HASTY, new Random(options.seed + i), signal)));
  await Promise.all(sessions.map((session) => session.answerRoll()));
  proxy.only = null;
  cognito.clearFaults();
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
