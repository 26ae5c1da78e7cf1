// What a request gets when its session could not be refreshed.
import type { AuthError } from "../base/errors";
import type { Authentication } from "./authentication";

/** A bad credential means signed out. After an outage a session whose access token is valid goes on. */
export function failedRefresh(error: AuthError, stored: Authentication): Authentication {
  const { code, message: detail, isBadCredential } = error;
  const events = [{ type: "refresh_failed", code, detail, isSessionKept: !isBadCredential } as const];
  if (isBadCredential) return { status: "signed_out", error, events };
  return stored.status === "signed_in" ? { ...stored, events } : { status: "unknown", error, events };
}
