// Refreshes a stored session once for all servers: the process that holds the lease asks Cognito, the others wait.
import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { AuthError } from "../base/errors";
import { createSecret } from "../base/hash";
import { checkContinuation, type IssuedTokens } from "../tokens/issued-tokens";
import { revoke } from "../tokens/revocation";
import type { Grant } from "../tokens/token-endpoint";
import { createRecord, type SessionRecord } from "./record";
import type { Records } from "./records";

const LEASE_S = 10;
const MAX_WAIT_MS = 12_000; // Longer than a lease: if its holder has died, another process still has time to ask.
const MAX_PAUSE_MS = 400;
const SAVE_LIMIT_MS = 8_000;

/** A refresh of one session. */
export interface Refresh {
  readonly id: string;
  readonly config: AuthConfig;
  /** Whether the record is as the caller needs it, because somebody else has refreshed it. */
  readonly isFresh: (record: SessionRecord) => boolean;
  /** Whether the caller goes on with the record as it is while another process holds the lease. */
  readonly canSkip: boolean;
  readonly request: (grant: Grant) => Promise<IssuedTokens>;
}

/**
 * Returns the record with new tokens, or as another process has refreshed it. Throws `token_invalid` when there is no such
 * session any more, `store_unavailable`, and what `request` throws.
 */
export async function refreshRecord(records: Records, refresh: Refresh): Promise<SessionRecord> {
  const { id, config } = refresh;
  const [holder, giveUpAt] = [createSecret(), Date.now() + MAX_WAIT_MS];
  for (let pauseMs = 50; Date.now() < giveUpAt; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
    const found = await records.read(id, config);
    if (!found) throw ended();
    const { record, version } = found;
    switch (nextStep(record, refresh, holder)) {
      case "return":
        return record;
      case "ask":
        return askCognito(records, refresh, record);
      case "wait":
        await pause(pauseMs);
        break;
      case "take the lease":
        await takeLease(records, refresh, { ...record, lease: { holder, until: now() + LEASE_S } }, version);
    }
  }
  throw new AuthError("store_unavailable", "Another server does not finish its refresh");
}

function nextStep(record: SessionRecord, { isFresh, canSkip }: Refresh, holder: string) {
  const { lease, refreshToken } = record;
  if (isFresh(record) || refreshToken === null) return "return";
  if (lease?.holder === holder) return "ask";
  if (lease === null || lease.until <= now()) return "take the lease";
  return canSkip ? "return" : "wait";
}

/** The next read shows whether this process has the lease: the answer to a write can be lost. */
async function takeLease(
  records: Records,
  { id, config }: Refresh,
  leased: SessionRecord,
  version: string,
): Promise<void> {
  try {
    await records.write(id, leased, version, config);
  } catch (error) {
    if (!isOutage(error)) throw error;
  }
}

function isOutage(error: unknown): boolean {
  return error instanceof AuthError && error.code === "store_unavailable";
}

/** Holds the lease. */
async function askCognito(records: Records, refresh: Refresh, leased: SessionRecord): Promise<SessionRecord> {
  const { config, request } = refresh;
  const { refreshToken } = leased;
  if (refreshToken === null) return leased;
  try {
    const tokens = await request({ refreshToken, isProven: true }); // Only the kit can write a record.
    checkContinuation(tokens, leased.signIn);
    const complete = { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken };
    return await save(records, refresh, createRecord(complete, leased, leased.startedAt, config), leased);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return handleFailure(records, refresh, leased, error);
  }
}

/** Stores the new tokens. After a lost write it tries again: with rotation they are the only ones that Cognito knows. */
async function save(
  records: Records,
  refresh: Refresh,
  renewed: SessionRecord,
  leased: SessionRecord,
): Promise<SessionRecord> {
  const giveUpAt = Date.now() + SAVE_LIMIT_MS;
  for (let pauseMs = 50; Date.now() < giveUpAt; pauseMs *= 2) {
    const saved = await trySave(records, refresh, renewed, leased).catch((error: unknown) => {
      if (!isOutage(error)) throw error;
      return null;
    });
    if (saved) return saved;
    await pause(pauseMs);
  }
  return renewed; // The store is down. This request goes on with its tokens.
}

/** Returns null when somebody else changed the record meanwhile. */
async function trySave(
  records: Records,
  { id, config }: Refresh,
  renewed: SessionRecord,
  leased: SessionRecord,
): Promise<SessionRecord | null> {
  const found = await records.read(id, config);
  if (!found) {
    // The session was ended meanwhile. Nobody could revoke this refresh token before.
    if (renewed.refreshToken) await revoke({ refreshToken: renewed.refreshToken, isProven: true }, config);
    throw ended();
  }
  if (found.record.refreshedAt > leased.refreshedAt) return found.record; // This process was too slow.
  return (await records.write(id, renewed, found.version, config)) ? renewed : null;
}

/** A rejection ends the session, if no other process has refreshed it. After an outage the next request may ask. */
async function handleFailure(
  records: Records,
  { id, config }: Refresh,
  leased: SessionRecord,
  error: AuthError,
): Promise<SessionRecord> {
  const found = await records.read(id, config).catch(() => null);
  if (found && found.record.refreshedAt > leased.refreshedAt) return found.record;
  const isOwn = found?.record.lease?.holder === leased.lease?.holder;
  if (found && isOwn && error.isBadCredential) await records.delete(id, config);
  if (found && isOwn && !error.isBadCredential) {
    await records.write(id, { ...found.record, lease: null }, found.version, config).catch(() => false);
  }
  throw error;
}

function ended(): AuthError {
  return new AuthError("token_invalid", "There is no such session");
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms * (0.5 + Math.random())));
}
