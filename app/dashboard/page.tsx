import type { Metadata } from "next";
import { SiteHeader } from "@/app/_components/site-header";
import { Time } from "@/app/_components/time";
import { findMember } from "@/app/_members/database";
import { requireSession } from "@/lib/auth/session";
import { ClaimsTable } from "./claims-table";
import { Groups } from "./groups";
import { HelloForm } from "./hello-form";

export const metadata: Metadata = { title: "Dashboard" };

export default async function DashboardPage() {
  const { user, groups, scopes, claims, idClaims } = await requireSession({ returnTo: "/dashboard" });
  const member = await findMember(claims.iss, user.sub);
  return (
    <>
      <SiteHeader user={user} />
      <main>
        <h1>Dashboard</h1>
        <p className="lead" data-canary="dashboard">
          The server verified your access token, and rendered this page for you alone.
        </p>

        <div className="columns">
          <section className="card" aria-labelledby="you">
            <h2 id="you">You</h2>
            <dl className="facts">
              <dt>Username</dt>
              <dd>{user.username}</dd>
              <dt>E-mail</dt>
              <dd>
                {user.email ?? "not known"}{" "}
                {user.email && (
                  <span className={user.emailVerified ? "badge good" : "badge"}>
                    {user.emailVerified ? "verified" : "not verified"}
                  </span>
                )}
              </dd>
              <dt>Subject</dt>
              <dd>
                <code>{user.sub}</code>
              </dd>
              <dt>Member since</dt>
              <dd id="member-since">{member ? <Time seconds={member.since} /> : "not known"}</dd>
              <dt>Groups</dt>
              <dd>
                <Groups groups={groups} />
              </dd>
            </dl>
          </section>

          <section className="card" aria-labelledby="token">
            <h2 id="token">Your access token</h2>
            <dl className="facts">
              <dt>Issued</dt>
              <dd>
                <Time seconds={claims.iat} />
              </dd>
              <dt>Expires</dt>
              <dd>
                <Time seconds={claims.exp} />
              </dd>
              <dt>Scopes</dt>
              <dd>{scopes.join(", ")}</dd>
            </dl>
            <p className="soft">Middleware refreshes it shortly before it expires. You will not notice.</p>
            <form method="post" action="/auth/refresh">
              <input type="hidden" name="returnTo" value="/dashboard" />
              <button type="submit">Renew now</button>
            </form>
            <p className="soft">A new group or claim then shows at once, without a new sign-in.</p>
          </section>
        </div>

        <section className="card" aria-labelledby="action">
          <h2 id="action">A server action</h2>
          <p>It checks the session for itself: an action can be called without its page.</p>
          <HelloForm />
        </section>

        <section aria-labelledby="claims">
          <h2 id="claims">Claims</h2>
          <div className="columns">
            <ClaimsTable caption="Access token" claims={claims} />
            {idClaims ? (
              <ClaimsTable caption="ID token" claims={idClaims} />
            ) : (
              <p className="soft card">There is no ID token: it was too large to keep.</p>
            )}
          </div>
        </section>
      </main>
    </>
  );
}
