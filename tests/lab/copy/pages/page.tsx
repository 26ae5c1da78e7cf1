import Link from "next/link";
import { Suspense } from "react";
import { getSession } from "@/lib/auth/session";
import { SessionWatch } from "@/lib/auth/session-watch";

export default function Home() {
  return (
    <main>
      <h1>Start</h1>
      <Suspense>
        <Greeting />
      </Suspense>
      <Link href="/dashboard">Dashboard</Link>
    </main>
  );
}

async function Greeting() {
  const session = await getSession();
  return (
    <>
      <SessionWatch subject={session?.user.sub ?? null} />
      <p id="user">{session?.user.username ?? "nobody"}</p>
      <a href="/auth/login?returnTo=/dashboard">Sign in</a>
    </>
  );
}
