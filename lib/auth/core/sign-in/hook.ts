// Calls the app's sign-in hook, within a time limit, and checks its answer.
import { settlesWithin } from "../base/deadline";
import { AuthError, SignInRefused } from "../base/errors";
import { safeReturnTo } from "../http/return-to";
import type { Session } from "../session/session";

/** The app's `onSignIn`. Its `redirectTo` is a path of the app, with Next's `basePath`. */
export type SignInHook = (session: Session, request: Request) => Promise<void | { readonly redirectTo: string }>;

const HOOK_LIMIT_MS = 5_000;
const MAX_CAUSE_LENGTH = 200;

/**
 * Calls the hook and returns its `redirectTo`, checked, or null if it returns nothing. Throws `sign_in_refused` when the
 * hook does, and `sign_in_hook_failed` when it fails or takes longer than 5 s.
 */
export async function callSignInHook(
  hook: SignInHook,
  session: Session,
  request: Request,
  app: { origin: string; basePath: string },
): Promise<string | null> {
  const answer = (async () => hook(session, request))(); // A hook that throws at once rejects, too.
  if (!(await settlesWithin(answer, HOOK_LIMIT_MS))) throw failure("onSignIn took longer than 5 s");
  try {
    const result = await answer;
    return result ? safeReturnTo([result.redirectTo], app) : null;
  } catch (error) {
    throw toFailure(error);
  }
}

/** A thrown value can be anything, and reading it can throw. */
function toFailure(error: unknown): AuthError {
  try {
    return error instanceof SignInRefused
      ? failure(String(error.message), "sign_in_refused")
      : failure(describe(error));
  } catch {
    return failure("onSignIn threw a value that cannot be read");
  }
}

function failure(cause: string, code: "sign_in_hook_failed" | "sign_in_refused" = "sign_in_hook_failed"): AuthError {
  // One short line: the cause is the app's own text, and goes to its log.
  return new AuthError(code, cause.replace(/[\s\p{Cc}]+/gu, " ").slice(0, MAX_CAUSE_LENGTH));
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : `onSignIn threw a value of type ${typeof error}`;
}
