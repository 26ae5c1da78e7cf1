// Stands in for lib/auth/store.ts, which an app writes for itself.
import type { SessionStore } from "@/lib/auth/core/base/session-store";

// Middleware and routes have separate module graphs, and one database.
const shared: { testStore?: SessionStore | null; [name: string]: unknown } = globalThis;

export const store: SessionStore | null = shared.testStore ?? null;

/** Decides which store the next load of the kit has. */
export function setStore(next: SessionStore | null): void {
  shared.testStore = next;
}
