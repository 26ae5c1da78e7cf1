import type { AuthErrorCode } from "./errors";
import type { RequestKind } from "./navigation";

/**
 * What happened. `path` has no query, `subject` is a hash of the user's `iss` and `sub`, `detail` is for operators. No
 * event holds a token, a code, a name or an e-mail address.
 */
export type AuthEvent = { readonly path: string } & (
  | { readonly type: "sign_in_failed"; readonly code: AuthErrorCode; readonly detail: string }
  | { readonly type: "signed_out"; readonly subject: string | null; readonly isRevoked: boolean }
  | { readonly type: "refused"; readonly kind: RequestKind; readonly reason: AuthErrorCode | "anonymous" }
  | SessionEvent
);

export type SessionEvent =
  | { readonly type: "signed_in" | "refreshed"; readonly subject: string; readonly isIdTokenDropped: boolean }
  | {
      readonly type: "refresh_failed";
      readonly code: AuthErrorCode;
      readonly detail: string;
      readonly isSessionKept: boolean;
    };
