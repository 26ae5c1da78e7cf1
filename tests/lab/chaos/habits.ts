import type { Random } from "./random";
import type { Session, Visit } from "./session";
import { pause } from "./time";

type Habit = "fetch" | "visit" | "tabs" | "abort" | "late" | "idle" | "sleep";

/** How a user behaves. */
export interface Habits {
  /** Between two clicks, on average. */
  readonly pauseMs: number;
  readonly weights: Readonly<Record<Habit, number>>;
  /** How long a request may be on its way, with the cookies that it left with. */
  readonly latestMs: number;
  readonly idleMs: readonly [number, number];
  /** How long they wait for an answer before they click again; by default as long as a browser does. */
  readonly patienceMs?: readonly [number, number];
}

const UNLOADED: readonly number[] = [0, 502, 503];
const RELOAD_MS = [200, 1_000] as const;
const MAX_RELOADS = 20;

interface Life {
  readonly session: Session;
  readonly habits: Habits;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Requests that are long on their way. */
  readonly stragglers: Promise<unknown>[];
  /** The refresh token of the last request that was broken off. */
  abandoned: string;
}

const deeds: Readonly<Record<Habit, (life: Life) => Promise<unknown>>> = {
  fetch: ({ session }) => session.fetchMe(),
  visit: (life) => openPage(life),
  tabs: openTabs,
  abort: breakOff,
  late: async (life) => void life.stragglers.push(sendLate(life)),
  idle: sitIdle,
  sleep,
};

/** Clicks about until the signal; then all that is on its way arrives. */
export async function live(session: Session, habits: Habits, random: Random, signal: AbortSignal): Promise<void> {
  const life: Life = { session, habits, random, signal, stragglers: [], abandoned: "" };
  while (!signal.aborted) {
    if (session.isLost && session.browser.pending === 0) await session.signIn();
    if (session.isGivenUp) break;
    if (habits.patienceMs) session.patienceMs = random.between(...habits.patienceMs);
    await deeds[random.weighted(habits.weights)](life);
    await pause(random.between(0, 2 * habits.pauseMs), signal);
  }
  await Promise.all(life.stragglers);
}

/**
 * A page that does not load is loaded again, as users do. This matters: a page load refreshes early and alone, and the
 * requests that follow do not repeat it before the last 10 s of the access token.
 */
async function openPage({ session, random, signal }: Life, visit: Visit = {}): Promise<void> {
  let status = await session.visit(visit);
  for (let reload = 0; UNLOADED.includes(status) && reload < MAX_RELOADS && !signal.aborted; reload += 1) {
    await pause(random.between(...RELOAD_MS), signal);
    status = await session.visit();
  }
}

async function openTabs(life: Life): Promise<void> {
  const { session, random } = life;
  const tabs = Array.from({ length: random.whole(2, 5) }, () => random.chance(0.4));
  await Promise.all(tabs.map((isPage) => (isPage ? openPage(life) : session.fetchMe())));
}

/**
 * The answer never comes, and the user clicks again. Not twice with one refresh token: who breaks off every answer for
 * as long as the grace period has only the login page left.
 */
async function breakOff(life: Life): Promise<void> {
  const { session, random } = life;
  const abortAfterMs = life.abandoned === session.refreshToken ? undefined : random.between(1, 60);
  life.abandoned = session.refreshToken;
  await (random.chance(0.5) ? openPage(life, { abortAfterMs }) : session.fetchMe({ abortAfterMs }));
}

async function sendLate(life: Life): Promise<void> {
  const { session, random, habits, signal } = life;
  const cookie = session.browser.cookieHeader;
  session.browser.pending += 1;
  await pause(random.between(200, habits.latestMs), signal);
  session.browser.pending -= 1;
  await (random.chance(0.5) ? openPage(life, { cookie }) : session.fetchMe({ cookie }));
}

/**
 * Only with a fresh token and nothing on its way: else the last answer may be lost without the browser's knowing, and
 * who comes back after the grace period has only the login page left.
 */
function mayRest({ session }: Life): boolean {
  return !session.isDue && session.browser.pending === 0;
}

async function sitIdle(life: Life): Promise<void> {
  if (mayRest(life)) await pause(life.random.between(...life.habits.idleMs), life.signal);
}

async function sleep(life: Life): Promise<void> {
  if (!mayRest(life)) return;
  const { session, random, habits, signal } = life;
  session.oversleep();
  await pause(random.between(...habits.idleMs), signal);
  await deeds[random.weighted({ fetch: 1, visit: 1, tabs: 3, abort: 3, late: 1, idle: 0, sleep: 0 })](life);
}
