import { Suspense } from "react";
import { requireSession } from "@/lib/auth/session";

export default function Dashboard() {
  return (
    <main>
      <h1>Dashboard</h1>
      <Suspense>
        <Facts />
      </Suspense>
      <form method="post" action="/auth/logout">
        <button type="submit">Sign out</button>
      </form>
    </main>
  );
}

async function Facts() {
  const { user, groups } = await requireSession({ returnTo: "/dashboard" });
  return (
    <p id="user">
      {user.username} {user.email} {groups.join(" ")}
    </p>
  );
}
