import type { Metadata } from "next";
import { SiteHeader } from "@/app/_components/site-header";
import { requireSession } from "@/lib/auth/session";

export const metadata: Metadata = { title: "Settings" };

const MAX_AUTH_AGE_S = 300;

export default async function SettingsPage() {
  const { user } = await requireSession({ maxAuthAge: MAX_AUTH_AGE_S, live: true, returnTo: "/settings" });
  return (
    <>
      <SiteHeader user={user} />
      <main>
        <h1>Settings</h1>
        <p className="lead" data-canary="settings">
          You signed in during the last five minutes, {user.name ?? user.username}. After that, this page asks again.
        </p>
        <section className="card" aria-labelledby="why">
          <h2 id="why">Why it asks</h2>
          <p>
            A page for passwords or payments should not trust a session that somebody left open. This one requires a
            recent sign-in: <code>maxAuthAge: {MAX_AUTH_AGE_S}</code>. It also asks Cognito whether that sign-in still
            exists: <code>live: true</code>. After a sign-out on all devices, other pages show until the token expires.
          </p>
        </section>
      </main>
    </>
  );
}
