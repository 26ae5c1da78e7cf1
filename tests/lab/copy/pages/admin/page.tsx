import { Suspense } from "react";
import { requireSession } from "@/lib/auth/session";

export default function Admin() {
  return (
    <Suspense>
      <Secret />
    </Suspense>
  );
}

async function Secret() {
  const { user } = await requireSession({ groups: ["admins"], returnTo: "/admin" });
  return <p id="user">{user.username}</p>;
}
