// A session store in the memory of one process: for tests, and for a first try. A restart signs every user out.
//
//   // lib/auth/store.ts
//   export const store: SessionStore | null = createMemoryStore();
//
// It needs one process and `proxy.ts`. The edge runtime of `middleware.ts` has a `globalThis` of its own, so a session
// that a route stores is unknown there. Several servers, and serverless functions, need a database.
import type { SessionStore } from "@/lib/auth/session";

interface Entry {
  readonly value: string;
  readonly version: string;
  readonly expiresAt: number;
}

type Entries = Map<string, Entry>;

// Next loads proxy, routes and pages as separate module graphs: a variable of this module exists once in each of them.
const ENTRIES = Symbol.for("nextjs-cognito-auth.memory-store");
const SWEEP_SECONDS = 60;

const shared: typeof globalThis & { [ENTRIES]?: Entries } = globalThis;

/** Returns the store of this process. All calls return stores with the same entries. */
export function createMemoryStore(): SessionStore {
  shared[ENTRIES] ??= new Map();
  const entries = shared[ENTRIES];
  let sweepAt = 0;

  function find(key: string): Entry | null {
    const entry = entries.get(key);
    return entry && entry.expiresAt > now() ? entry : null;
  }

  /** Frees the memory of expired entries. */
  function sweep() {
    if (now() < sweepAt) return;
    sweepAt = now() + SWEEP_SECONDS;
    for (const [key, { expiresAt }] of entries) if (expiresAt <= now()) entries.delete(key);
  }

  return {
    async get(key) {
      const entry = find(key);
      return entry && { value: entry.value, version: entry.version };
    },
    async put(key, value, { expiresAt, ifVersion }) {
      sweep();
      if ((find(key)?.version ?? null) !== ifVersion) return false;
      entries.set(key, { value, version: crypto.randomUUID(), expiresAt });
      return true;
    },
    async delete(key) {
      entries.delete(key);
    },
  };
}

function now(): number {
  return Date.now() / 1000;
}
