// A hook that runs at each sign-in. Yours to change.
import type { Session } from "./session";

/**
 * Yours to change: create a row for the user, turn users away, or send new users to a welcome page. It runs in the
 * callback, after the tokens are verified and before the browser gets its session.
 *
 * - `throw new SignInRefused("why")` of `./session` ends the sign-in: the user sees `/auth/error`, your log the reason.
 * - `return { redirectTo: "/welcome" }` leads to that page of your app instead of the page that the user asked for.
 * - Any other error, or more than 5 s, ends the sign-in too. So keep it fast, and let work that may fail wait.
 *
 * It must be idempotent: a second call for the same user changes nothing that the first one did. Users sign in again, or
 * in two tabs at once. A browser can also lose the answer after the hook ran and before the cookies arrive.
 *
 * `request` is the one of the callback. Its URL holds the authorization code: do not log it.
 */
export async function onSignIn(_session: Session, _request: Request): Promise<void | { redirectTo: string }> {}
