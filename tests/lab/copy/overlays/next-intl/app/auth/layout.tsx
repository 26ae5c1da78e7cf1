import type { ReactNode } from "react";

// `app/[locale]/layout.tsx` does not reach the kit's error page: Next asks for a root layout here.
export default function AuthLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
