// The session of the current request, for session.ts: Next gives the request, and the kit's core does the rest.
import "server-only";
import * as nextCache from "next/cache";
import { cookies, headers } from "next/headers";
import { notFound } from "next/navigation";
import { connection } from "next/server";
import { cache } from "react";
import { getConfig } from "./config";
import { authenticate, renew } from "./core/authenticate";
import type { AuthConfig } from "./core/base/config";
import { AuthError } from "./core/base/errors";
import { emitAll } from "./core/base/events";
import { CookieJar } from "./core/http/cookie-jar";
import { cookieName } from "./core/http/cookies";
import { readBearer } from "./core/http/request";
import type { Authentication } from "./core/session/authentication";
import { checkLive } from "./core/session/live";
import { report } from "./events";
import { sessionChanges, sessions } from "./sessions";

// Next has `io` from 16.3 on; before, `connection` keeps this out of prerenders, but throws in "use cache: private".
const { io = connection }: { io?: () => Promise<void>; [name: string]: unknown } = nextCache;

/**
 * The Cookie header after a renewal in the same request. The key is the object that Next returns for a request's headers.
 * An action and the page that renders after it get the same object. They do not share React's cache.
 */
const renewedCookies = new WeakMap<object, string>();

export const authenticateCurrent = cache(async (): Promise<Authentication> => {
  await io(); // A session depends on the clock, which Next does not let a prerender read.
  const sent = await headers(); // Before the configuration: a build then needs no variables.
  return authenticate(sessions, sent, createJar(sent), { refresh: "never" });
});

/** Renews the session and sets its cookies. Throws Next's error where no cookie can be set, before it asks Cognito. */
export async function renewCurrent(): Promise<Authentication> {
  const sent = await headers();
  const store = await cookies();
  const jar = createJar(sent);
  store.delete(cookieName(jar.config, "outage")); // No browser has it. This is where Next throws in a page.
  if (readBearer(sent) !== null) throw new AuthError("token_invalid", "A Bearer token cannot be renewed");
  const auth = await renew(sessions, jar);
  emitAll(report, jar.config, "", auth.events); // An action does not know the path of its page.
  setCookies(store, jar);
  renewedCookies.set(sent, jar.applyToHeader(renewedCookies.get(sent) ?? sent.get("cookie") ?? ""));
  return auth;
}

/** Asks Cognito whether the current session still exists. Sets the mark of one that has ended. */
export async function checkLiveCurrent(): Promise<Authentication> {
  const auth = await authenticateCurrent();
  if (auth.status !== "signed_in") return auth;
  const jar = createJar(await headers());
  const live = await checkLive(sessionChanges, auth, jar);
  const store = await cookies();
  try {
    setCookies(store, jar);
  } catch {
    // A page cannot set cookies. Its redirect asks for a new sign-in, which replaces this session.
  }
  return live;
}

function setCookies(store: Awaited<ReturnType<typeof cookies>>, jar: CookieJar): void {
  for (const { name, value, maxAge } of jar.changes) {
    const secure = name.startsWith("__Host-");
    store.set({ name, value, maxAge, httpOnly: true, sameSite: "lax", secure, path: "/" });
  }
}

function createJar(sent: Headers): CookieJar {
  const cookie = renewedCookies.get(sent);
  return new CookieJar(cookie === undefined ? sent : new Headers({ cookie }), configOf(sent));
}

/** Returns the configuration for a request. The page of an address that belongs to no tenant is a 404. */
export function configOf(sent: Headers): AuthConfig {
  return getConfig(sent) ?? notFound();
}
