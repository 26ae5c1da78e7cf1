import type { Metadata } from "next";
import type { ReactNode } from "react";
import { SiteHeader } from "@/app/_components/site-header";
import { Time } from "@/app/_components/time";
import { findBrowsers } from "@/app/_members/database";
import { AuthError, listSessions, requireSession, type SessionEntry } from "@/lib/auth/session";
import { endAll, endOne } from "./actions";

export const metadata: Metadata = { title: "Sessions" };

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
  if (!entries || typeof entries === "string") {
    return (
      <p className="notice">{entries ?? "The store does not answer just now. Nothing is lost: try again soon."}</p>
    );
  }
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

/** A sentence: this app has no store. Null: the store does not answer. */
async function findSessions(): Promise<readonly SessionEntry[] | string | null> {
  try {
    return await listSessions();
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    if (error.code === "store_unavailable") return null;
    if (error.code !== "config_invalid") throw error;
    return "This app keeps sessions in cookies, so no server has a list of them. With a store (lib/auth/store.ts), this page shows them.";
  }
}
