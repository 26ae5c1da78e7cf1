import type { Route } from "next";
import Link from "next/link";
import type { ReactNode } from "react";
import { AuthError, getSession, type Session } from "@/lib/auth/session";
import { ApiConsole } from "./_components/api-console";
import { SiteHeader } from "./_components/site-header";

export default async function HomePage() {
  const session = await findSession();
  const user = session ? session.user : session;
  const isAdmin = session?.groups.includes("admins") ?? false;
  return (
    <>
      <SiteHeader user={user} />
      <main className="home">
        <section className="hero">
          <span className={user ? "door open" : "door"} aria-hidden="true" />
          <h1>{user ? `Hello, ${user.name ?? user.username}.` : "Sign-in with Amazon Cognito, in code you own."}</h1>
          <p className="lead">
            This is the demo of an auth kit for Next.js: a few small files to copy into your app, so that people sign in
            with your Cognito user pool.
          </p>
          {session === undefined && (
            <p className="notice" role="status">
              Cognito does not answer just now, so this page cannot tell whether you are signed in. Nothing is lost:
              reload it in a moment.
            </p>
          )}
          {session === null && (
            <a className="button primary" href="/auth/login?returnTo=/dashboard">
              Sign in
            </a>
          )}
        </section>

        <section aria-labelledby="pages">
          <h2 id="pages">Three pages behind a door</h2>
          <ul className="doors columns">
            <DoorCard href="/dashboard" title="Dashboard" isOpen={Boolean(user)}>
              For everybody who is signed in: who you are, and what your tokens say.
            </DoorCard>
            <DoorCard href="/admin" title="Admin" isOpen={isAdmin}>
              For members of the group <code>admins</code>. Everybody else gets a 403.
            </DoorCard>
            <DoorCard href="/settings" title="Settings" isOpen={Boolean(user)}>
              For users who signed in during the last five minutes. Everybody else signs in again.
            </DoorCard>
          </ul>
        </section>

        <section aria-labelledby="api">
          <h2 id="api">An API that guards itself</h2>
          <p>
            <code>/api/me</code> wants a session, <code>/api/activities/home</code> makes do without. A refusal is a
            plain 401, never a redirect.
          </p>
          <ApiConsole />
        </section>
      </main>
    </>
  );
}

interface DoorCardProps {
  href: Route;
  title: string;
  isOpen: boolean;
  children: ReactNode;
}

/** Prefetches only what the visitor may enter: anything else would be a refusal for nothing. */
function DoorCard({ href, title, isOpen, children }: DoorCardProps) {
  return (
    <li className="card">
      <span className={isOpen ? "door open" : "door"} aria-hidden="true" />
      <div>
        <h3>
          <Link href={href} prefetch={isOpen ? "auto" : false}>
            {title}
          </Link>
        </h3>
        <p>{children}</p>
        <p className="soft">{isOpen ? "Open to you" : "Closed to you at the moment"}</p>
      </div>
    </li>
  );
}

/** Undefined when Cognito does not answer: whether somebody is signed in is then unknown. */
async function findSession(): Promise<Session | null | undefined> {
  try {
    return await getSession();
  } catch (error) {
    if (error instanceof AuthError && error.status === 503) return undefined;
    throw error;
  }
}
