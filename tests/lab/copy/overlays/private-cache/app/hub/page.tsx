import { cacheLife } from "next/cache";
import Link from "next/link";
import { Suspense } from "react";
import { getSession } from "@/lib/auth/session";
import { SessionWatch } from "@/lib/auth/session-watch";

// Public in middleware.ts.
export default function Hub() {
  return (
    <main>
      <h1>Hub</h1>
      <Link href="/notes" prefetch={true}>
        Notes
      </Link>
      <Suspense>
        <Viewer />
      </Suspense>
    </main>
  );
}

async function Viewer() {
  const viewer = await getViewer();
  return (
    <>
      <SessionWatch subject={viewer?.sub ?? null} />
      <p id="user">{viewer?.username ?? "nobody"}</p>
    </>
  );
}

async function getViewer() {
  "use cache: private";
  cacheLife("minutes");
  return (await getSession())?.user ?? null;
}
