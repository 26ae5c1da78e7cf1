// The door for layouts: after a sign-in or sign-out in one tab, the other tabs reload.
import "server-only";
import { getConfigs } from "./config";
import { SessionWatchClient } from "./session-watch-client";

/**
 * Keeps the browser's tabs in step: after a sign-out in one tab, the others leave their private pages. Put it into a
 * layout. `subject`: the `sub` of the signed-in user, or null. Render it only when `getSession()` has answered: with an
 * error there is nothing to tell the other tabs, and a tab that works would reload.
 */
export function SessionWatch({ subject }: { readonly subject: string | null }) {
  // Two apps under one address have different cookie prefixes. Their sessions differ, so their tabs must not talk.
  const [{ cookiePrefix }] = getConfigs(); // The same at all addresses.
  return <SessionWatchClient channel={`${cookiePrefix}.session`} subject={subject} />;
}
