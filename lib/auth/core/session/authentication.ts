// The result of the authentication of a request.
import type { AuthError } from "../base/errors";
import type { SessionEvent } from "../base/events";
import type { Session } from "./session";

/** `unknown`: the session could not be checked or renewed, and nothing proves it bad. So it is kept. */
export type Authentication = SignedIn | SignedOut | Unknown;

export interface SignedIn extends WithEvents {
  readonly status: "signed_in";
  readonly session: Session;
  readonly accessToken: string;
  readonly idToken: string | null;
}

export interface SignedOut extends WithEvents {
  readonly status: "signed_out";
  /** Null when the request has no credential. */
  readonly error: AuthError | null;
}

export interface Unknown extends WithEvents {
  readonly status: "unknown";
  readonly error: AuthError;
}

interface WithEvents {
  /** For the app's `report`. */
  readonly events?: readonly SessionEvent[];
}
