// The lease of a stored session: of all servers, the one that holds it refreshes the session. The others wait.
import { now } from "../base/clock";
import { AuthError } from "../base/errors";
import { createSecret } from "../base/hash";
import { refreshHeld } from "./held-refresh";
import type { SessionRecord } from "./record";
import { isStoreOutage, type Refresh, type StoredRecord } from "./records";

const LEASE_S = 10;
const MAX_WAIT_MS = 12_000; // Longer than a lease: when its holder has died, another process still has time to ask.
const MAX_PAUSE_MS = 400;

/**
 * Returns the record with new tokens, or as another process has refreshed it. Throws `token_invalid` when there is no such
 * session any more, `store_unavailable`, and what `request` throws.
 */
export async function refreshRecord(refresh: Refresh): Promise<SessionRecord> {
  const [holder, giveUpAt] = [createSecret(), Date.now() + MAX_WAIT_MS];
  for (let pauseMs = 50; ; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
    const isLate = Date.now() > giveUpAt; // Before the read: a process that stood still looks once more.
    const outcome = await tryOnce(refresh, holder);
    if (typeof outcome === "object") return outcome;
    if (outcome === "wait") await pause(isLate ? null : pauseMs);
  }
}

/** Returns the record that ends the loop. `again`: this process has just asked for the lease. */
async function tryOnce(refresh: Refresh, holder: string): Promise<SessionRecord | "again" | "wait"> {
  const found = await refresh.records.read(refresh.id, refresh.config);
  if (!found) throw new AuthError("token_invalid", "There is no such session");
  switch (nextStep(found.record, refresh, holder)) {
    case "return":
      return found.record;
    case "ask":
      return refreshHeld(refresh, found.record);
    case "wait":
      return "wait";
    case "take the lease":
      return (await takeLease(refresh, found, holder)) ? "again" : "wait";
  }
}

function nextStep(record: SessionRecord, { isFresh, canSkip }: Refresh, holder: string) {
  const { lease, refreshToken } = record;
  if (isFresh(record) || refreshToken === null) return "return";
  if (lease?.holder === holder) return "ask";
  if (lease === null || lease.until <= now()) return "take the lease";
  return canSkip ? "return" : "wait";
}

/** Returns whether the store answered. The next read shows who has the lease: the answer to a write can be lost. */
async function takeLease(
  { records, id, config }: Refresh,
  { record, version }: StoredRecord,
  holder: string,
): Promise<boolean> {
  try {
    await records.write(id, { ...record, lease: { holder, until: now() + LEASE_S } }, version, config);
    return true;
  } catch (error) {
    if (isStoreOutage(error)) return false;
    throw error;
  }
}

/** Throws when there is no time left. */
async function pause(ms: number | null): Promise<void> {
  if (ms === null) throw new AuthError("store_unavailable", "Another server does not finish its refresh");
  await new Promise((resolve) => setTimeout(resolve, ms * (0.5 + Math.random())));
}
