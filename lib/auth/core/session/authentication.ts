// The verdict on the sender of a request.
import type { AuthError } from "../base/errors";
import type { SessionEvent } from "../base/events";
import type { Session } from "./session";

/** The verdict on a request's credential. `unknown`: Cognito does not answer, so the session is kept and nobody is signed out. */
export type Authentication = SignedIn | SignedOut | Unknown;

export interface SignedIn extends Reported {
  readonly status: "signed_in";
  readonly session: Session;
  readonly accessToken: string;
  readonly idToken: string | null;
}

export interface SignedOut extends Reported {
  readonly status: "signed_out";
  /** Null when the request has no credential. */
  readonly error: AuthError | null;
}

export interface Unknown extends Reported {
  readonly status: "unknown";
  readonly error: AuthError;
}

interface Reported {
  /** For the app's `report`. */
  readonly events?: readonly SessionEvent[];
}
