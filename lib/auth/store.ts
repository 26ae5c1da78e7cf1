// Where sessions are stored. Yours to change.
import type { SessionStore } from "./session";

/** Null: in cookies. Adapters for a database are in lib/auth-extras/stores; lib/auth/docs/stores.md explains them. */
export const store: SessionStore | null = null;
