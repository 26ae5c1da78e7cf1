"use client";

import { unstable_rethrow } from "next/navigation";
import { useActionState } from "react";
import { sayHello } from "./actions";

type Reply = { text: string } | "ended" | "failed" | null;

export function HelloForm() {
  const [reply, ask, isPending] = useActionState<Reply>(askServer, null);
  return (
    <form className="hello" action={ask}>
      <button type="submit" className="primary" disabled={isPending}>
        Say hello from the server
      </button>
      <output>
        {reply === "ended" && (
          <>
            Your session has ended. <a href="/auth/login?returnTo=/dashboard">Sign in</a>
          </>
        )}
        {reply === "failed" && "That did not work. Please try again in a moment."}
        {typeof reply === "object" && reply?.text}
      </output>
    </form>
  );
}

async function askServer(): Promise<Reply> {
  try {
    return { text: await sayHello() };
  } catch (error) {
    unstable_rethrow(error); // A redirect of the action's own.
    // Without a session, middleware answers an action with a bare 401. Next does not tell which status it was: ask.
    const status = await fetch("/api/me").then(
      (response) => response.status,
      () => null,
    );
    return status === 401 ? "ended" : "failed";
  }
}
