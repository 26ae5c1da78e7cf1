import type { Metadata } from "next";
import { SiteHeader } from "@/app/_components/site-header";
import { requireSession } from "@/lib/auth/session";

export const metadata: Metadata = { title: "Admin" };

export default async function AdminPage() {
  const { user } = await requireSession({ groups: ["admins"], returnTo: "/admin" });
  return (
    <>
      <SiteHeader user={user} />
      <main>
        <h1>Admin</h1>
        <p className="lead" data-canary="admin">
          You are in the group <code>admins</code>, {user.name ?? user.username}, so this door is open.
        </p>
        <section className="card" aria-labelledby="twice">
          <h2 id="twice">Who checked</h2>
          <dl className="facts">
            <dt>Middleware</dt>
            <dd>It refuses everybody else with a 403, before anything is rendered.</dd>
            <dt>This page</dt>
            <dd>It asks again, where the data is: a hole in the matcher opens nothing.</dd>
          </dl>
        </section>
      </main>
    </>
  );
}
