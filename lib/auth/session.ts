import "server-only";
import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { connection } from "next/server";
import { cache } from "react";
import { authenticate } from "./core/authenticate";
import { getConfig } from "./core/config";
import { CookieJar } from "./core/cookie-jar";
import { AuthError } from "./core/errors";
import { errorPath } from "./core/responses";
import { findMissing, isMachine, type Requirement, type Session, type User } from "./core/session";
import type { Authentication } from "./core/verdict";

export type { Requirement, Session, User };

/**
 * The verified session of the request that is being answered, or null when nobody is signed in. Verifies for itself,
 * whatever middleware did; never refreshes, because a page cannot set cookies. Once per request.
 *
 * Throws `config_invalid`; and `keys_unavailable` or `token_endpoint_unavailable` when Cognito is out of reach and it
 * cannot be told: that is not "signed out".
 */
export async function getSession(): Promise<Session | null> {
  const auth = await authenticateRequest();
  if (auth.status === "unknown") throw auth.error;
  return auth.status === "signed_in" && !isMachine(auth.session) ? auth.session : null;
}

/**
 * The session, or a redirect: to sign-in when there is none, to the error page when it lacks a group or a scope. Call
 * it where the data is, in server actions too. `returnTo`: where to go after sign-in, "/" by default.
 */
export async function requireSession(requirement: Requirement & { readonly returnTo?: string } = {}): Promise<Session> {
  const returnTo = requirement.returnTo ?? null;
  const session = await getSession().catch((error: unknown) => {
    if (error instanceof AuthError && error.status === 503) redirect(errorPath(error.code, returnTo));
    throw error;
  });
  if (!session) redirect(`/auth/login?${new URLSearchParams(returnTo ? { returnTo } : {})}`);
  if (findMissing(session, requirement)) redirect(errorPath("forbidden", returnTo));
  return session;
}

/** The verified access token, to call an API as the user. Keep it on the server. */
export async function getAccessToken(): Promise<string | null> {
  const auth = await authenticateRequest();
  return auth.status === "signed_in" ? auth.accessToken : null;
}

/** The verified ID token, for the AWS services that ask for one; null when it was too large to keep. */
export async function getIdToken(): Promise<string | null> {
  const auth = await authenticateRequest();
  return auth.status === "signed_in" ? auth.idToken : null;
}

const authenticateRequest = cache(async (): Promise<Authentication> => {
  await connection(); // A session is judged by the clock, so never while Next prerenders; nor does a build need variables.
  const requestHeaders = await headers();
  return authenticate(requestHeaders, new CookieJar(requestHeaders, getConfig()), { refresh: "never" });
});
