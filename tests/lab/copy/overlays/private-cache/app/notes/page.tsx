import { cacheLife } from "next/cache";
import { Suspense } from "react";
import { requireSession, type User } from "@/lib/auth/session";
import { SessionWatch } from "@/lib/auth/session-watch";

export default function Notes() {
  return (
    <main>
      <h1>Notes</h1>
      <Suspense fallback={<p>Loading</p>}>
        <Mine />
      </Suspense>
    </main>
  );
}

async function Mine() {
  const { sub, username, email } = await getUser();
  return (
    <>
      <SessionWatch subject={sub} />
      <p id="user">
        {username} {email}
      </p>
    </>
  );
}

async function getUser(): Promise<User> {
  "use cache: private";
  cacheLife("minutes");
  const { user } = await requireSession({ returnTo: "/notes" });
  return user;
}
