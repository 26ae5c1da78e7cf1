// /auth/error?code=…&returnTo=…: what went wrong, in words, and a way on. Yours to restyle; print nothing of the query.
import type { Metadata } from "next";
import { Suspense } from "react";
import { getConfig } from "@/lib/auth/core/config";
import { safeReturnTo } from "@/lib/auth/core/navigation";

export const metadata: Metadata = { title: "Sign-in", robots: { index: false }, referrer: "no-referrer" };

type SearchParams = Promise<Record<string, string | string[] | undefined>>;

const EXPLANATIONS: Readonly<Record<string, readonly [title: string, text: string]>> = {
  transaction_missing: [
    "That sign-in is no longer open",
    "It took too long, was used already, or began in another browser.",
  ],
  authorization_denied: ["You were not signed in", "Sign-in was cancelled or refused."],
  authorization_failed: ["Sign-in did not work", "The sign-in service answered with an error."],
  grant_rejected: ["That sign-in was used already", "Each sign-in works once. Please start a new one."],
  client_rejected: [
    "Sign-in is not set up right",
    "The sign-in service does not accept this app. Its operators can see why in the log.",
  ],
  token_response_invalid: ["Sign-in did not work", "The sign-in service gave an answer that we cannot trust."],
  token_endpoint_unavailable: [
    "Sign-in is out of reach",
    "The sign-in service does not answer. Nothing is lost: please try again in a moment.",
  ],
  keys_unavailable: [
    "We cannot check your session",
    "The sign-in service does not answer. Nothing is lost: please try again in a moment.",
  ],
  session_too_large: [
    "Your account holds too much",
    "Your groups do not fit into a session. The operators of this app can remove some.",
  ],
  sign_in_loop: [
    "Sign-in goes round in circles",
    "Your browser, or something on the way, does not keep the session, or the page does not let you in.",
  ],
  forbidden: ["You may not see this page", "You are signed in, but your account does not have access."],
};

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
  const [title, text] = (known && EXPLANATIONS[known]) || ["Something went wrong", "Please try again."];
  const back = safeReturnTo([returnTo], config);
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
        {known === "forbidden" ? (
          <a className="button primary" href={config.basePath || "/"}>
            Go to the start page
          </a>
        ) : (
          <a
            className="button primary"
            href={`${config.basePath}/auth/login?${new URLSearchParams({ returnTo: back })}`}
          >
            {known?.endsWith("_unavailable") ? "Try again" : "Sign in again"}
          </a>
        )}
      </p>
      {known && (
        <p className="soft">
          Reference: <code>{known}</code>
        </p>
      )}
    </main>
  );
}
