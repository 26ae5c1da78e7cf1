// The sessions of a user in the app's store, for session.ts: listed and ended.
import "server-only";
import { headers } from "next/headers";
import { AuthError } from "./core/base/errors";
import { CookieJar } from "./core/http/cookie-jar";
import { recordKey } from "./core/store/record";
import { readSessionId } from "./core/store/session-id";
import type { UserSessions } from "./core/store/user-sessions";
import { authenticateCurrent, configOf } from "./current";
import { storedSessions } from "./sessions";

/** A session of a user, on any browser. */
export interface SessionEntry {
  /** For `endSession`. It opens nothing. */
  readonly key: string;
  /** Seconds since the epoch. */
  readonly startedAt: number;
  /** Seconds since the epoch. */
  readonly endsAt: number;
  /**
   * `origin_jti` of the session's claims, or null. To say where a session is, keep what you want to know of its browser
   * under this name in `onSignIn`.
   */
  readonly originJti: string | null;
  /** The session of this request. */
  readonly isCurrent: boolean;
}

/** Returns the live sessions of the current user, the newest first. Throws `token_invalid` when nobody is signed in. */
export async function listSessions(): Promise<readonly SessionEntry[]> {
  const { users, config, sub, sent } = await openIndex();
  const id = readSessionId(new CookieJar(sent, config));
  const current = id === null ? null : await recordKey(id, config);
  const entries = await users.list(sub, config);
  return entries.map((entry) => ({
    ...entry,
    startedAt: Math.floor(entry.startedAt / 1000),
    isCurrent: entry.key === current,
  }));
}

/** Ends one session of the current user. Returns false when the user has no session with this key. */
export async function endSession(key: string): Promise<boolean> {
  const { users, config, sub } = await openIndex();
  return users.endOne(sub, key, config);
}

/**
 * Ends all sessions of a user, and rejects the Bearer tokens of earlier sign-ins, on every server within 5 s. It checks no
 * right: that is the app's. Throws `config_invalid` without a store, and `store_unavailable`: then call it again.
 */
export async function signOutEverywhere({ sub }: { readonly sub: string }): Promise<void> {
  const users = openUsers();
  await users.endAll(sub, configOf(await headers()));
}

function openUsers(): UserSessions {
  if (storedSessions) return storedSessions.users;
  throw new AuthError("config_invalid", "lib/auth/store.ts has no store");
}

async function openIndex() {
  const users = openUsers();
  const auth = await authenticateCurrent();
  if (auth.status === "unknown") throw auth.error;
  if (auth.status === "signed_out") throw new AuthError("token_invalid", "Nobody is signed in");
  const sent = await headers();
  return { users, config: configOf(sent), sub: auth.session.user.sub, sent };
}
