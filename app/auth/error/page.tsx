// /auth/error?code=…&returnTo=…: what went wrong, in words, and a way on. Yours to restyle; print nothing of the query.
import type { Metadata } from "next";
import { Suspense } from "react";
import { getConfig } from "@/lib/auth/core/config";
import { safeReturnTo } from "@/lib/auth/core/navigation";

export const metadata: Metadata = { title: "Sign-in", robots: { index: false }, referrer: "no-referrer" };

type SearchParams = Promise<Record<string, string | string[] | undefined>>;

const EXPLANATIONS: Readonly<Record<string, readonly [title: string, text: string, action?: string]>> = {
  transaction_missing: ["That sign-in is no longer open", "It took too long, was used, or began in another browser."],
  authorization_denied: ["You were not signed in", "Sign-in was cancelled or refused."],
  authorization_failed: ["Sign-in did not work", "The sign-in service answered with an error."],
  grant_rejected: ["That sign-in was used already", "Each sign-in works once. Please start a new one."],
  client_rejected: ["Sign-in is not set up right", "The operators of this app can see why in its log."],
  token_response_invalid: ["Sign-in did not work", "The sign-in service gave an answer that we cannot trust."],
  token_endpoint_unavailable: ["Sign-in is out of reach", "Nothing is lost: try again in a moment.", "Try again"],
  keys_unavailable: ["We cannot check your session", "Nothing is lost: try again in a moment.", "Try again"],
  session_too_large: ["Your account holds too much", "Your groups do not fit into a session."],
  sign_in_loop: ["Sign-in goes round in circles", "Your browser loses the session, or the page does not let you in."],
  forbidden: ["You may not see this page", "Your account does not have access.", "Go to the start page"],
};

const UNKNOWN = ["Something went wrong", "Please try again."] as const;

/** With Suspense it is ready for `cacheComponents`. */
export default function ErrorPage({ searchParams }: { searchParams: SearchParams }) {
  return (
    <Suspense>
      <Explanation searchParams={searchParams} />
    </Suspense>
  );
}

async function Explanation({ searchParams }: { searchParams: SearchParams }) {
  const { code, returnTo } = await searchParams;
  const config = getConfig();
  const known = typeof code === "string" && Object.hasOwn(EXPLANATIONS, code) ? code : null;
  const [title, text, action = "Sign in again"] = (known && EXPLANATIONS[known]) || UNKNOWN;
  const back = new URLSearchParams({ returnTo: safeReturnTo([returnTo], config) });
  const signIn = `${config.basePath}/auth/login?${back}`;
  return (
    <main className="auth-error">
      <h1>{title}</h1>
      <p>{text}</p>
      {known === "transaction_missing" && (
        <p>
          This app lives at <a href={config.baseUrl}>{config.baseUrl}</a>. Opened under another address, it cannot
          finish a sign-in.
        </p>
      )}
      <p>
        <a className="button primary" href={known === "forbidden" ? config.basePath || "/" : signIn}>
          {action}
        </a>
      </p>
      {known && (
        <p className="soft">
          Reference: <code>{known}</code>
        </p>
      )}
    </main>
  );
}
