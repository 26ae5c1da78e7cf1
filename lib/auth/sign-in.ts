// The hook that runs at each sign-in. Yours to change.
import type { SignInHook } from "./session";

/**
 * Yours to change: create a row for the user, turn users away, or send new users to a welcome page. It runs in the
 * callback, after the tokens are verified and before the browser gets its session.
 *
 * - `throw new SignInRefused("why")` of `./session` ends the sign-in: the user sees `/auth/error`, the log has the reason.
 * - `return { redirectTo: "/welcome" }` leads to that page of your app, not to the page that the user asked for.
 * - Any other error, or more than 5 s, ends the sign-in too. Keep it fast.
 *
 * It must be idempotent: a second call for the same user does no harm. Users sign in again, or in two tabs at once. A
 * browser can also lose the answer: the hook has run then, but the session cookies never arrive.
 *
 * It gets the session and the request of the callback. The URL of that request holds the authorization code: do not log it.
 */
export const onSignIn: SignInHook = async () => {};
