import Link from "next/link";
import type { User } from "@/lib/auth/session";

/** `user`: null for a visitor; undefined while Cognito does not answer. */
export function SiteHeader({ user }: { user: User | null | undefined }) {
  return (
    <header className="site-header">
      <Link className="brand" href="/">
        <span className="door" aria-hidden="true" />
        nextjs-cognito-auth
      </Link>
      <nav aria-label="Main">
        <Link href="/dashboard" prefetch={false}>
          Dashboard
        </Link>
        <Link href="/admin" prefetch={false}>
          Admin
        </Link>
        <Link href="/settings" prefetch={false}>
          Settings
        </Link>
        <Link href="/sessions" prefetch={false}>
          Sessions
        </Link>
      </nav>
      {user && (
        <form className="account" method="post" action="/auth/logout">
          <span className="account-name">{user.name ?? user.username}</span>
          <button type="submit">Sign out</button>
        </form>
      )}
      {user === null && (
        <a className="account button" href="/auth/login?returnTo=/dashboard">
          Sign in
        </a>
      )}
    </header>
  );
}
