import { Suspense } from "react";
import { requireSession } from "@/lib/auth/session";

export default function Streamed() {
  return (
    <main>
      <h1>Streamed</h1>
      <Suspense fallback={<p>Loading</p>}>
        <Report />
      </Suspense>
    </main>
  );
}

async function Report() {
  await new Promise((resolve) => setTimeout(resolve, 100));
  const { user } = await requireSession({ groups: ["admins"], returnTo: "/streamed" });
  return <p id="user">Report of {user.username}</p>;
}
