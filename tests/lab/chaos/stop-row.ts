import { setTimeout as delay } from "node:timers/promises";
import type { Fleet } from "./fleet";
import { Session } from "./session";
import type { Tally } from "./tally";

const SESSIONS = 6;
const PATIENCE_MS = 10_000;

interface StopPlan {
  readonly graceSeconds: number;
  readonly stopSeconds: number;
  /** Whether the load balancer keeps a browser at its server; else it goes on at the other one. */
  readonly isSticky: boolean;
}

/**
 * A server is stopped when Cognito has answered the refresh calls of several sessions, and goes on with the answers in
 * its network buffers. By then the kit's own timeout is over.
 */
export async function stopBeforeAnswer(fleet: Fleet, tally: Tally, plan: StopPlan): Promise<void> {
  const { cognito, proxy, instances } = fleet;
  const [stopped] = instances;
  Object.assign(cognito.settings, { graceSeconds: plan.graceSeconds, graceReuse: "another" });
  const sessions = Array.from({ length: SESSIONS }, (_, i) => new Session(`user-${i}`, fleet, tally));
  for (const session of sessions) await session.signIn();
  proxy.only = 0;
  const answered = stopWhenAnswered(fleet, sessions.length);
  for (const session of sessions) session.oversleep();
  const visits = Promise.all(sessions.map((session, i) => (i % 2 === 0 ? session.visit() : session.fetchMe())));
  try {
    await answered;
    await delay((plan.stopSeconds - 1) * 1000);
    if (!plan.isSticky) proxy.only = 1;
    if (!plan.isSticky) for (const session of sessions) await session.visit(); // In a second tab.
    await delay(1_000);
  } finally {
    stopped.resume();
    cognito.clearFaults();
  }
  await visits;
  if (!plan.isSticky) proxy.only = null;
  for (const session of sessions) if (!session.isLost) await session.answerRoll();
  proxy.only = null;
}

/** Resolves when the first server is stopped, and has the answers to `count` calls before it. */
async function stopWhenAnswered({ cognito, instances }: Fleet, count: number): Promise<void> {
  let held = 0;
  const deadline = Date.now() + PATIENCE_MS;
  const isReady = () => held === count || Date.now() > deadline;
  const hold = async (answer: unknown) => {
    held += 1;
    while (!isReady()) await delay(10);
    instances[0].stop();
    return answer;
  };
  cognito.fault("token", { transform: hold }, { times: count, match: { grant_type: "refresh_token" } });
  while (!isReady()) await delay(10);
  if (held < count) throw new Error(`Only ${held} of ${count} answers could be held`);
}
