// Calls the app's store within a time limit, and turns its failures into `store_unavailable`.
import { settlesWithin } from "../base/deadline";
import { AuthError } from "../base/errors";
import type { SessionStore } from "../base/session-store";

const LIMIT_MS = 3_000;
const MAX_DETAIL = 100;

/** Returns the store with a limit of 3 s for each call. Each method throws `store_unavailable` when there is no answer. */
export function guardStore(store: SessionStore): SessionStore {
  return {
    get: (key) => guard(() => store.get(key)),
    put: (key, value, options) => guard(() => store.put(key, value, options)),
    delete: (key) => guard(() => store.delete(key)),
  };
}

async function guard<T>(start: () => Promise<T>): Promise<T> {
  const call = Promise.resolve().then(start); // Also an error that the app's code throws at once rejects it.
  if (!(await settlesWithin(call, LIMIT_MS))) throw new AuthError("store_unavailable", "The store did not answer");
  try {
    return await call;
  } catch (error) {
    const detail = error instanceof Error ? `: ${error.message.slice(0, MAX_DETAIL)}` : "";
    throw new AuthError("store_unavailable", `The store failed${detail}`);
  }
}
