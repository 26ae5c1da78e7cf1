import { setTimeout as delay } from "node:timers/promises";
import type { Fleet } from "./fleet";
import { Session } from "./session";
import type { Tally } from "./tally";

export const KILL_SESSIONS = 6;
const PATIENCE_MS = 4_000;

/**
 * A server is killed when Cognito has answered the refresh calls of several sessions, and before any browser has heard
 * of it. The browsers go on at the other server.
 */
export async function killBeforeAnswer(fleet: Fleet, tally: Tally, graceSeconds: number, kills: number): Promise<void> {
  for (let turn = 0; turn < kills; turn += 1) {
    const [victim, graceReuse] = turn % 2 === 0 ? [0 as const, "another"] : [1 as const, "same"];
    Object.assign(fleet.cognito.settings, { graceSeconds, graceReuse });
    const sessions = Array.from({ length: KILL_SESSIONS }, (_, i) => new Session(`user-${i}`, fleet, tally));
    for (const session of sessions) await session.signIn();
    await loseAnswers(fleet, sessions, victim);
    fleet.proxy.only = victim === 0 ? 1 : 0;
    for (const session of sessions) await session.visit();
    fleet.proxy.only = null;
    await fleet.instances[victim].start();
  }
}

async function loseAnswers(fleet: Fleet, sessions: readonly Session[], victim: 0 | 1): Promise<void> {
  const { cognito, proxy, instances } = fleet;
  let answered = 0;
  const deadline = Date.now() + PATIENCE_MS;
  const hold = async (answer: unknown) => {
    answered += 1;
    while (answered < sessions.length && Date.now() < deadline) await delay(10);
    await instances[victim].kill(); // All tokens are spent, and no answer has left.
    return answer;
  };
  cognito.fault("token", { transform: hold }, { match: { grant_type: "refresh_token" } });
  proxy.only = victim;
  for (const session of sessions) session.oversleep();
  await Promise.all(sessions.map((session, i) => (i % 2 === 0 ? session.visit() : session.fetchMe())));
  cognito.clearFaults();
  if (answered < sessions.length) throw new Error(`Only ${answered} of ${sessions.length} answers could be held`);
}
