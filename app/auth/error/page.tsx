// /auth/error?code=…&returnTo=…: what went wrong, in words, and a way on. Yours to restyle; print nothing of the query.
import type { Metadata } from "next";
import { Suspense } from "react";
import { type AuthErrorCode, readAuthError } from "@/lib/auth/session";

export const metadata: Metadata = { title: "Sign-in", robots: { index: false }, referrer: "no-referrer" };

type SearchParams = Promise<Record<string, string | string[] | undefined>>;
type Words = readonly [title: string, text: string, action?: string];

const EXPLANATIONS: Readonly<Partial<Record<AuthErrorCode, Words>>> = {
  transaction_missing: ["That sign-in is no longer open", "It took too long, was used, or began in another browser."],
  authorization_denied: ["You were not signed in", "Sign-in was cancelled or refused."],
  authorization_failed: ["Sign-in did not work", "The sign-in service answered with an error."],
  grant_rejected: ["That sign-in was used already", "Each sign-in works once. Please start a new one."],
  client_rejected: ["Sign-in is not set up right", "The operators of this app can see why in its log."],
  token_response_invalid: ["Sign-in did not work", "The sign-in service gave an answer that we cannot trust."],
  token_endpoint_unavailable: ["Sign-in is out of reach", "Nothing is lost: try again in a moment.", "Try again"],
  keys_unavailable: ["We cannot check your session", "Nothing is lost: try again in a moment.", "Try again"],
  store_unavailable: ["We cannot check your session", "Nothing is lost: try again in a moment.", "Try again"],
  session_too_large: ["Your account holds too much", "Your groups do not fit into a session."],
  sign_in_loop: ["Sign-in goes round in circles", "Your browser loses the session, or the page does not let you in."],
  // A new sign-in would end here again: Cognito did not ask the user, although the kit wanted it to.
  reauthentication_required: ["Please sign out first", "Then sign in: this page needs a new sign-in.", "Sign out"],
  sign_in_refused: ["You cannot use this app", "Your account has no access to it.", "Use another account"],
  sign_in_hook_failed: ["Sign-in did not work", "This app could not prepare your account.", "Try again"],
  forbidden: ["You may not see this page", "Your account does not have access.", "Go to the start page"],
};

const UNKNOWN: Words = ["Something went wrong", "Please try again."];

/** With Suspense it is ready for `cacheComponents`. */
export default function ErrorPage({ searchParams }: { searchParams: SearchParams }) {
  return (
    <Suspense>
      <Explanation searchParams={searchParams} />
    </Suspense>
  );
}

async function Explanation({ searchParams }: { searchParams: SearchParams }) {
  const { code, signInUrl, signOutUrl, startUrl, appUrl } = await readAuthError(searchParams);
  const [title, text, action = "Sign in again"] = (code && EXPLANATIONS[code]) || UNKNOWN;
  const waysOn: Partial<Record<AuthErrorCode, string>> = {
    forbidden: startUrl,
    reauthentication_required: signOutUrl,
    sign_in_refused: `${signInUrl}&prompt=login`, // With Cognito's own session it would be the same user again.
  };
  return (
    <main className="auth-error">
      <h1>{title}</h1>
      <p>{text}</p>
      {code === "transaction_missing" && (
        <p>
          This app lives at <a href={appUrl}>{appUrl}</a>. Opened under another address, it cannot finish a sign-in.
        </p>
      )}
      <p>
        <a className="button primary" href={(code && waysOn[code]) ?? signInUrl}>
          {action}
        </a>
      </p>
      {code && (
        <p className="soft">
          Reference: <code>{code}</code>
        </p>
      )}
    </main>
  );
}
