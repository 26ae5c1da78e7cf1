import { Suspense } from "react";
import { requireSession } from "@/lib/auth/session";

// Public in middleware.ts: this page guards itself.
export default function Settings() {
  return (
    <Suspense>
      <Mine />
    </Suspense>
  );
}

async function Mine() {
  const { user } = await requireSession({ returnTo: "/settings" });
  return <p id="user">{user.username}</p>;
}
