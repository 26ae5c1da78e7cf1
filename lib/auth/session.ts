// The door for pages, layouts and server actions: the session of the current request.
import "server-only";
import { headers } from "next/headers";
import { forbidden, redirect } from "next/navigation";
import { AuthError, type AuthErrorCode, isAuthErrorCode, SignInRefused } from "./core/base/errors";
import { type AuthEvent, emit, type Missing } from "./core/base/events";
import { KIT_PATHS } from "./core/base/paths";
import { errorPath, signInPath } from "./core/http/responses";
import { safeReturnTo } from "./core/http/return-to";
import type { SignedIn, SignedOut } from "./core/session/authentication";
import { findMissing, isMachine, type Requirement, type Session } from "./core/session/session";
import { authenticateCurrent, checkLiveCurrent, configOf, renewCurrent } from "./current";
import { report } from "./events";
import { endSession, listSessions, signOutEverywhere } from "./stored";

export type { PutOptions, SessionStore, StoredValue } from "./core/base/session-store";
export type { Tenant } from "./core/base/tenants";
// An app augments these interfaces through this module, and never names core.
export type { GroupName, GroupNames, Requirement, Session, User } from "./core/session/session";
export type { SignInHook } from "./core/sign-in/hook";
export type { AccessTokenClaims, IdTokenClaims } from "./core/tokens/claims";
export type { SessionEntry } from "./stored";
export type { AuthErrorCode, AuthEvent };
export { AuthError, endSession, listSessions, SignInRefused, signOutEverywhere };

/**
 * Whether `experimental.authInterrupts` is on: only then may a page call `forbidden()`. Next inlines this at build
 * time.
 */
const hasAuthInterrupts = Boolean(process.env.__NEXT_EXPERIMENTAL_AUTH_INTERRUPTS);

/** For the error page. Everything here is checked or configured, so it is safe to print. */
export interface AuthErrorDetails {
  /** Null: the query names no error of the kit. */
  readonly code: AuthErrorCode | null;
  /** Starts a sign-in that leads back to the page which the user wanted. */
  readonly signInUrl: string;
  readonly startUrl: string;
  /** Signs out after a click on a page of this app. */
  readonly signOutUrl: string;
  /** `APP_BASE_URL`. */
  readonly appUrl: string;
}

/**
 * Returns the verified session of the current request, or null when nobody is signed in. It verifies the token itself
 * and does not rely on middleware. It never refreshes, because a page cannot set cookies. It runs once per request, and
 * once in each `"use cache: private"`.
 *
 * Throws `config_invalid`; and `keys_unavailable` or `token_endpoint_unavailable` when Cognito does not answer: whether
 * somebody is signed in is then unknown.
 */
export async function getSession(): Promise<Session | null> {
  const auth = await authenticateOrThrow();
  return auth.status === "signed_in" && !isMachine(auth.session) ? auth.session : null;
}

/**
 * Returns the session, or redirects. Without a session, with one older than `maxAuthAge`, or with one that `live` finds
 * ended, to sign-in. Without a group or a scope, to the error page.
 * With `experimental.authInterrupts` it then calls `forbidden()` instead. Call it where the data is, in server actions
 * too. `returnTo`: where to go after sign-in, "/" by default.
 */
export async function requireSession(requirement: Requirement & { readonly returnTo?: string } = {}): Promise<Session> {
  const returnTo = requirement.returnTo ?? null;
  const session = await getSession().catch((error: unknown) => {
    if (error instanceof AuthError && error.status === 503) redirect(errorPath(error.code, returnTo));
    throw error;
  });
  if (!session) redirect(signInPath(returnTo));
  const missing = findMissing(session, requirement);
  if (missing?.maxAuthAge !== undefined) redirect(signInPath(returnTo, missing.maxAuthAge));
  if (missing) rejectForbidden(session, returnTo, missing);
  if (requirement.live) await requireLive(session, returnTo);
  return session;
}

/**
 * Renews the session at Cognito and returns it: new groups and claims are seen at once, also by the page that renders after
 * an action. Works in server actions and route handlers. Throws an `AuthError`: with status 401 when there is no session to
 * renew, with status 503 when Cognito does not answer.
 */
export async function refreshSession(): Promise<Session> {
  const auth = await renewCurrent();
  if (auth.status === "signed_in") return auth.session;
  throw auth.error ?? new AuthError("token_invalid", "Nobody is signed in");
}

/**
 * Returns the verified access token, to call an API as the user. Keep it on the server. Throws as `getSession` does.
 */
export async function getAccessToken(): Promise<string | null> {
  const auth = await authenticateOrThrow();
  return auth.status === "signed_in" ? auth.accessToken : null;
}

/**
 * Returns the verified ID token, for the AWS services that ask for one; null without a valid one. Throws as
 * `getSession` does.
 */
export async function getIdToken(): Promise<string | null> {
  const auth = await authenticateOrThrow();
  return auth.status === "signed_in" ? auth.idToken : null;
}

/** Reads the query of the error page. Anybody can write a link to that page: print nothing else of its query. */
export async function readAuthError(
  searchParams: Promise<Readonly<Record<string, string | readonly string[] | undefined>>>,
): Promise<AuthErrorDetails> {
  const { code, returnTo } = await searchParams; // Before the configuration: Next then does not prerender the page.
  const config = configOf(await headers());
  return {
    code: isAuthErrorCode(code) ? code : null,
    signInUrl: config.basePath + signInPath(safeReturnTo([returnTo], config)),
    startUrl: config.basePath || "/",
    signOutUrl: config.basePath + KIT_PATHS.logout,
    appUrl: config.baseUrl,
  };
}

/** Throws when the session could not be checked. */
async function authenticateOrThrow(): Promise<SignedIn | SignedOut> {
  const auth = await authenticateCurrent();
  if (auth.status === "unknown") throw auth.error;
  return auth;
}

/** Asks for a new sign-in: the login route accepts the old session, so a plain link would lead back here. */
async function requireLive(session: Session, returnTo: string | null): Promise<void> {
  const auth = await checkLiveCurrent();
  if (auth.status === "signed_in") return;
  if (auth.error) reportRefusal(session, returnTo, auth.error.code);
  if (auth.status === "unknown") redirect(errorPath(auth.error.code, returnTo));
  redirect(signInPath(returnTo, auth.error?.code === "token_expired" ? undefined : "login"));
}

function rejectForbidden(session: Session, returnTo: string | null, missing: Missing): never {
  reportRefusal(session, returnTo, "forbidden", missing);
  if (hasAuthInterrupts) forbidden();
  redirect(errorPath("forbidden", returnTo));
}

function reportRefusal(session: Session, returnTo: string | null, reason: AuthErrorCode, missing?: Missing): void {
  const path = returnTo?.replace(/[?#][\s\S]*/, "") ?? ""; // A page does not know its own path.
  emit(report, session, { type: "refused", path, kind: "document", reason, ...(missing && { missing }) });
}
