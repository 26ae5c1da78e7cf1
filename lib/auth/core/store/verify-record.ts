// The session of a record, and the event that it is new.
import type { AuthConfig } from "../base/config";
import { fingerprint } from "../base/hash";
import type { Authentication, SignedIn } from "../session/authentication";
import { verifySession } from "../session/session-cookies";
import type { SessionRecord } from "./record";

/** Returns the session of a record. It has an event when `stored` was another one. Throws as verifyAccessToken does. */
export async function verifyRecord(
  { accessToken, idToken }: Pick<SessionRecord, "accessToken" | "idToken">,
  stored: Authentication,
  config: AuthConfig,
): Promise<SignedIn> {
  const auth = await verifySession(accessToken, idToken, config);
  const isNew = stored.status !== "signed_in" || stored.accessToken !== accessToken;
  return isNew ? withEvent(auth, "refreshed") : auth;
}

export async function withEvent(auth: SignedIn, type: "signed_in" | "refreshed"): Promise<SignedIn> {
  const { iss, sub } = auth.session.claims;
  return { ...auth, events: [{ type, subject: await fingerprint(iss, sub), isIdTokenDropped: false }] };
}
