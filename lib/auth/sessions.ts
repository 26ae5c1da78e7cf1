// Where this deployment keeps its sessions: in cookies, or in the app's store.
import { cookieChanges, cookieSessions } from "./core/session/cookie-sessions";
import type { SessionChanges, Sessions } from "./core/session/sessions";
import { StoredSessions } from "./core/store/stored-sessions";
import { store } from "./store";

/** Null without a store. A bundler then leaves the code of stored sessions out. */
export const storedSessions: StoredSessions | null = store ? new StoredSessions(store) : null;

export const sessions: Sessions = storedSessions ?? cookieSessions;

export const sessionChanges: SessionChanges = storedSessions ?? cookieChanges;
