// The lease of a stored session: of all servers, the one that holds it refreshes the session. The others wait.
import { now } from "../base/clock";
import { AuthError } from "../base/errors";
import { createSecret } from "../base/hash";
import { refreshHeld } from "./held-refresh";
import type { SessionRecord } from "./record";
import { isStoreOutage, type Refresh, type StoredRecord } from "./records";

const LEASE_S = 10;
export const MAX_WAIT_MS = 12_000; // Longer than a lease: when its holder has died, another process still has time to ask.
const MAX_PAUSE_MS = 400;

type Lease = NonNullable<SessionRecord["lease"]>;
/** The lease of another process, and since when this one sees it, in milliseconds. */
type Watched = { holder: string; since: number };
type Pending = "ask" | "wait";

/**
 * Returns the record with new tokens, or as another process has refreshed it. Throws `token_invalid` when there is no such
 * session any more, `store_unavailable`, and what `request` throws.
 */
export async function refreshRecord(refresh: Refresh): Promise<SessionRecord> {
  const [holder, giveUpAt] = [createSecret(), Date.now() + MAX_WAIT_MS];
  const watched = { holder, since: Date.now() };
  let hasTaken = false;
  for (let pauseMs = 50; ; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
    const isLate = Date.now() > giveUpAt; // Before the read: a process that stood still looks once more.
    const outcome = await tryOnce(refresh, holder, watched);
    if (typeof outcome === "object") return outcome;
    const mustWait = outcome === "wait" || hasTaken; // It took the lease before: the store has lost that write.
    hasTaken ||= outcome === "ask";
    if (mustWait && isLate) throw new AuthError("store_unavailable", "Another server does not finish its refresh");
    if (mustWait) await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random())));
  }
}

/** Returns the record that ends the loop. `ask`: this process has just taken the lease. `wait`: another was faster. */
async function tryOnce(refresh: Refresh, holder: string, watched: Watched): Promise<SessionRecord | Pending> {
  const found = await refresh.records.read(refresh.id, refresh.config);
  if (!found) throw new AuthError("token_invalid", "There is no such session");
  switch (nextStep(found.record, refresh, holder, watched)) {
    case "return":
      return found.record;
    case "ask":
      return refreshHeld(refresh, found.record);
    case "wait":
      return "wait";
    case "take the lease":
      return takeLease(refresh, found, holder);
  }
}

function nextStep(record: SessionRecord, { isFresh, canSkip }: Refresh, holder: string, watched: Watched) {
  const { lease, refreshToken } = record;
  if (isFresh(record) || refreshToken === null) return "return";
  if (lease?.holder === holder) return "ask";
  if (lease === null || isOver(lease, watched)) return "take the lease";
  return canSkip ? "return" : "wait";
}

/** Clocks of servers differ: a lease is also over when this process has seen it for as long as a lease lasts. */
function isOver({ holder, until }: Lease, watched: Watched): boolean {
  if (holder !== watched.holder) Object.assign(watched, { holder, since: Date.now() });
  return until <= now() || Date.now() - watched.since >= LEASE_S * 1000;
}

/** After an outage it waits, too: the next read shows who has the lease: the answer to a write can be lost. */
async function takeLease(
  { records, id, config }: Refresh,
  { record, version }: StoredRecord,
  holder: string,
): Promise<Pending> {
  try {
    const lease = { holder, until: now() + LEASE_S };
    return (await records.write(id, { ...record, lease }, version, config)) ? "ask" : "wait";
  } catch (error) {
    if (isStoreOutage(error)) return "wait";
    throw error;
  }
}
