// The events that the kit reports, and the call of the app's `report`.
import type { AuthErrorCode } from "./errors";

/** The kind of a request. It decides which answer its sender understands. */
export type RequestKind = "document" | "action" | "data" | "api";

/**
 * An event for the app's `report`. `path` has no query, `tenant` is set with tenants, `subject` is a hash of the user's `iss` and `sub`, `detail` is
 * for operators. No event holds a token, an authorization code, a name or an
 * e-mail address.
 */
export type AuthEvent = { readonly path: string; readonly tenant?: string } & (
  | { readonly type: "sign_in_failed"; readonly code: AuthErrorCode; readonly detail: string }
  | { readonly type: "signed_out"; readonly subject: string | null; readonly isRevoked: boolean }
  | {
      readonly type: "refused";
      readonly kind: RequestKind;
      readonly reason: AuthErrorCode | "anonymous";
      /** The requirement that a 403 names. */
      readonly missing?: Missing;
    }
  | SessionEvent
);

export type SessionEvent =
  | { readonly type: "signed_in" | "refreshed"; readonly subject: string; readonly isIdTokenDropped: boolean }
  | { readonly type: "id_token_dropped"; readonly code: AuthErrorCode; readonly detail: string }
  | {
      readonly type: "refresh_failed";
      readonly code: AuthErrorCode;
      readonly detail: string;
      readonly isSessionKept: boolean;
    };

/** A requirement that the caller does not meet: one of the groups, all of the scopes, a user, or a recent sign-in. */
export interface Missing {
  readonly groups?: readonly string[];
  readonly scopes?: readonly string[];
  readonly user?: true;
  /** A sign-in of the last so many seconds. */
  readonly maxAuthAge?: number;
}

export type Report = (event: AuthEvent) => unknown;

/** A configuration or a session: its tenant, if there is one, is in the event. */
interface Source {
  readonly tenant: string | null;
}

/** Calls the app's `report`. When that throws or rejects, the request goes on. */
export function emit(report: Report, { tenant }: Source, event: AuthEvent): void {
  try {
    Promise.resolve(report(tenant === null ? event : { ...event, tenant })).catch(() => {});
  } catch {
    // A logger that fails must not fail a sign-in.
  }
}

/** Reports the events of an authentication. */
export function emitAll(report: Report, source: Source, path: string, events: readonly SessionEvent[] = []): void {
  for (const event of events) emit(report, source, { path, ...event });
}
