// The seam between sessions in cookies and sessions in a store.
import type { CookieJar } from "../http/cookie-jar";
import type { AccessTokenClaims } from "../tokens/claims";
import type { IssuedTokens, SignIn } from "../tokens/issued-tokens";
import type { Authentication, SignedIn, SignedOut } from "./authentication";
import type { RefreshFacts } from "./refresh-cookie";
import type { Session } from "./session";

/** `early`: the session goes on without new tokens. `due`: it needs them. `renewal`: the caller asks for new claims. */
export type RefreshReason = "early" | "due" | "renewal";

/** A sign-in that sign-out has ended. */
export interface EndedSession {
  readonly signIn: SignIn;
  /** Whether Cognito confirmed that it revoked the refresh token. */
  readonly isRevoked: boolean;
}

/** A session that is not stored yet. */
export interface StartedSession {
  readonly auth: SignedIn;
  /** Stores the session, and revokes the refresh token of the session that it replaces. */
  commit(): Promise<void>;
}

/** Where sessions are read. All methods may change the jar, and throw `store_unavailable` when a store does not answer. */
export interface Sessions {
  /** Returns the session of the request, verified. Throws as verifyAccessToken does, also when the session has ended. */
  read(jar: CookieJar): Promise<SignedIn | SignedOut>;
  /** Whether to refresh before that is due. `isEndNear`: the access token is in its last minute. */
  mustRefreshEarly(jar: CookieJar, isEndNear: boolean): Promise<boolean>;
  /** Stores new tokens from Cognito. `stored` is the result when there is no refresh token. Throws no AuthError. */
  refresh(jar: CookieJar, stored: Authentication, reason: RefreshReason): Promise<Authentication>;
  /** Whether a Bearer token belongs to a sign-in that was ended everywhere. */
  hasEnded(claims: AccessTokenClaims, jar: CookieJar): Promise<boolean>;
}

/** Where sessions start and end, as `Sessions`. Apart, because middleware does neither: a bundler leaves it out there. */
export interface SessionChanges {
  /** Prepares the session of a new sign-in, which replaces the one that the browser has. Throws `session_too_large`. */
  start(jar: CookieJar, tokens: IssuedTokens, facts: RefreshFacts | null): Promise<StartedSession>;
  /** Ends the session: here, and at Cognito if it answers. Null: there was none. */
  end(jar: CookieJar): Promise<EndedSession | null>;
  /** Ends a session here, because Cognito has ended it. */
  forget(jar: CookieJar, session: Session): Promise<void>;
}
