"use client";

import { startTransition, useActionState } from "react";

interface Call {
  label: string;
  path: string;
  credentials: RequestCredentials;
}

interface Answer {
  call: Call;
  status: string;
  isOk: boolean;
  body: string;
}

const CALLS: readonly Call[] = [
  { label: "GET /api/me", path: "/api/me", credentials: "same-origin" },
  { label: "GET /api/me without cookies", path: "/api/me", credentials: "omit" },
  { label: "GET /api/activities/home", path: "/api/activities/home", credentials: "same-origin" },
];

export function ApiConsole() {
  const [answer, send, isPending] = useActionState<Answer | null, Call>((_previous, call) => request(call), null);
  return (
    <div className="console card">
      <div className="console-calls">
        {CALLS.map((call) => (
          <button key={call.label} type="button" onClick={() => startTransition(() => send(call))}>
            {call.label}
          </button>
        ))}
      </div>
      <output className="console-answer" aria-busy={isPending}>
        {answer ? (
          <>
            <p>
              <span className={answer.isOk ? "badge good" : "badge bad"}>{answer.status}</span> {answer.call.label}
            </p>
            <pre>{answer.body}</pre>
          </>
        ) : (
          <p className="soft">Press a button: the status and the answer appear here.</p>
        )}
      </output>
    </div>
  );
}

async function request(call: Call): Promise<Answer> {
  try {
    const response = await fetch(call.path, { credentials: call.credentials });
    const body = JSON.stringify(await response.json(), null, 2);
    return { call, status: String(response.status), isOk: response.ok, body };
  } catch {
    return { call, status: "Failed", isOk: false, body: "The server did not answer with JSON." };
  }
}
