import type { Metadata } from "next";
import type { ReactNode } from "react";
import { SiteHeader } from "@/app/_components/site-header";
import { Time } from "@/app/_components/time";
import { findBrowsers } from "@/app/_members/database";
import { AuthError, type AuthErrorCode, listSessions, requireSession, type SessionEntry } from "@/lib/auth/session";
import { endAll, endOne } from "./actions";

export const metadata: Metadata = { title: "Sessions" };

const REASONS: Readonly<Partial<Record<AuthErrorCode, string>>> = {
  config_invalid:
    "This app keeps sessions in cookies, so no server has a list of them. With a store (lib/auth/store.ts) this page shows yours.",
  store_unavailable: "The store does not answer just now. Nothing is lost: reload this page in a moment.",
};

export default async function SessionsPage() {
  const { user, claims } = await requireSession({ returnTo: "/sessions" });
  return (
    <>
      <SiteHeader user={user} />
      <main>
        <h1>Sessions</h1>
        <p className="lead" data-canary="sessions">
          The browsers in which you are signed in, {user.name ?? user.username}.
        </p>
        {await renderSessions(claims.iss)}
      </main>
    </>
  );
}

async function renderSessions(issuer: string): Promise<ReactNode> {
  const entries = await findSessions();
  if (typeof entries === "string") return <p className="notice">{entries}</p>;
  const browsers = await findBrowsers(
    issuer,
    entries.flatMap(({ originJti }) => originJti ?? []),
  );
  return (
    <>
      <ul className="sessions card">
        {entries.map((entry) => (
          <Entry key={entry.key} entry={entry} browser={browsers.get(entry.originJti ?? "") ?? "An unknown browser"} />
        ))}
      </ul>
      <section className="card" aria-labelledby="everywhere">
        <h2 id="everywhere">Lost a device?</h2>
        <p>This ends all your sessions, this one too. No server accepts them after five seconds.</p>
        <form action={endAll}>
          <button type="submit">Sign out everywhere</button>
        </form>
      </section>
    </>
  );
}

function Entry({ entry, browser }: { entry: SessionEntry; browser: string }) {
  return (
    <li>
      <div>
        <h2>
          {browser} {entry.isCurrent && <span className="badge good">this one</span>}
        </h2>
        <p className="soft">
          Since <Time seconds={entry.startedAt} />
        </p>
      </div>
      {!entry.isCurrent && (
        <form action={endOne}>
          <input type="hidden" name="key" value={entry.key} />
          <button type="submit" aria-label={`End this one: ${browser}`}>
            End this one
          </button>
        </form>
      )}
    </li>
  );
}

/** Returns the sessions, or a sentence that says why there is no list. */
async function findSessions(): Promise<readonly SessionEntry[] | string> {
  try {
    return await listSessions();
  } catch (error) {
    const text = error instanceof AuthError && REASONS[error.code];
    if (text) return text;
    throw error;
  }
}
