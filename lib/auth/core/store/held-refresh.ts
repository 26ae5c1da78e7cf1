// Asks Cognito for new tokens of a stored session, and stores them. This process holds the lease of the session.
import { now } from "../base/clock";
import { AuthError } from "../base/errors";
import { checkContinuation } from "../tokens/issued-tokens";
import { revoke } from "../tokens/revocation";
import { createRecord, type SessionRecord } from "./record";
import { isStoreOutage, type Refresh } from "./records";

const SAVE_LIMIT_MS = 8_000;

/** Returns the record with new tokens, or as a faster process has refreshed it. Throws what `request` throws. */
export async function refreshHeld(refresh: Refresh, leased: SessionRecord): Promise<SessionRecord> {
  const { refreshToken, startedAt } = leased;
  if (refreshToken === null) return leased;
  try {
    const tokens = await refresh.request({ refreshToken, isProven: true }); // Only the kit can write a record.
    checkContinuation(tokens, leased.signIn);
    const complete = { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken };
    return await save(refresh, createRecord(complete, leased, startedAt, refresh.config), leased);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return handleFailure(refresh, leased, error);
  }
}

/** After a lost write it tries again: with rotation these tokens are the only ones that Cognito knows. */
async function save(refresh: Refresh, renewed: SessionRecord, leased: SessionRecord): Promise<SessionRecord> {
  const giveUpAt = Date.now() + SAVE_LIMIT_MS;
  for (let pauseMs = 50; Date.now() < giveUpAt; pauseMs *= 2) {
    const saved = await trySave(refresh, renewed, leased).catch((error: unknown) => {
      if (!isStoreOutage(error)) throw error;
      return null;
    });
    if (saved) return saved;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return renewed; // The store is down. This request goes on with its tokens.
}

/** Returns null when somebody else changed the record meanwhile. */
async function trySave(
  { records, id, config }: Refresh,
  renewed: SessionRecord,
  leased: SessionRecord,
): Promise<SessionRecord | null> {
  const found = await records.read(id, config);
  if (!found) {
    // The session was ended meanwhile, without this refresh token.
    if (renewed.refreshToken) await revoke({ refreshToken: renewed.refreshToken, isProven: true }, config);
    throw new AuthError("token_invalid", "The session ended");
  }
  if (isRefreshed(found.record, leased)) return found.record; // This process was too slow.
  return (await records.write(id, renewed, found.version, config)) ? renewed : null;
}

/** Whether the store has newer tokens than the lease began with. Their times prove nothing: clocks of servers differ. */
function isRefreshed(stored: SessionRecord, leased: SessionRecord): boolean {
  return stored.accessToken !== leased.accessToken;
}

/** A rejection ends the session, if no other process has refreshed it. After an outage the next request may ask. */
async function handleFailure(
  { records, id, config }: Refresh,
  leased: SessionRecord,
  error: AuthError,
): Promise<SessionRecord> {
  const found = await records.read(id, config).catch(() => null);
  if (found && isRefreshed(found.record, leased)) return found.record;
  const isOwn = found?.record.lease?.holder === leased.lease?.holder;
  if (found && isOwn && error.isBadCredential) await records.end(id, found, config);
  if (found && isOwn && !error.isBadCredential) {
    const lease = { holder: "", until: now() }; // Over, and a mark: a request with a valid token asks again soon.
    await records.write(id, { ...found.record, lease }, found.version, config).catch(() => false);
  }
  throw error;
}
