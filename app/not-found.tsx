import type { Metadata } from "next";
import Link from "next/link";

export const metadata: Metadata = { title: "Not found" };

export default function NotFound() {
  return (
    <main className="not-found">
      <h1>There is no such page</h1>
      <p>The address may be wrong, or the page has moved.</p>
      <p>
        <Link className="button primary" href="/">
          Go to the start page
        </Link>
      </p>
    </main>
  );
}
