import type { Metadata, Viewport } from "next";
import { type ReactNode, Suspense } from "react";
import { getSession } from "@/lib/auth/session";
import { SessionWatch } from "@/lib/auth/session-watch";
import "./globals.css";

// Not app/icon.svg, which middleware.ts would hand out to nobody who is not signed in.
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%230d6b57'/%3E%3Cpath d='M9 26V13a7 7 0 0 1 14 0v13z' fill='%23fff'/%3E%3Ccircle cx='19.5' cy='18.5' r='1.6' fill='%230d6b57'/%3E%3C/svg%3E";

export const metadata: Metadata = {
  title: { default: "nextjs-cognito-auth", template: "%s · nextjs-cognito-auth" },
  description: "The demo of an auth kit to copy into a Next.js app with an Amazon Cognito user pool.",
  icons: { icon: ICON },
};

export const viewport: Viewport = { colorScheme: "light dark" };

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        {children}
        <Suspense>
          <Tabs />
        </Suspense>
      </body>
    </html>
  );
}

/** Renders nothing while Cognito does not answer: whether somebody is signed in is then unknown, and a layout must not fail. */
async function Tabs() {
  const session = await getSession().catch(() => undefined);
  return session !== undefined && <SessionWatch subject={session?.user.sub ?? null} />;
}
