import type { NextRequest, NextResponse } from "next/server";
import createMiddleware from "next-intl/middleware";
import { authenticateRequest } from "@/lib/auth/middleware";
import { routing } from "./i18n/routing";

const PUBLIC_PATHS = ["/", "/settings"];

const handleLocale = createMiddleware(routing);

/** next-intl chooses the locale, the kit guards the page. Neither the kit's routes nor the API have a locale. */
export default async function middleware(request: NextRequest): Promise<NextResponse> {
  const auth = await authenticateRequest(request);
  const { pathname } = request.nextUrl;
  if (/^\/(api|auth)\//.test(pathname)) return auth.next();
  const page = pathname.replace(/^\/(en|de)(?=\/|$)/, "") || "/"; // Guard the page that is rendered.
  if (PUBLIC_PATHS.includes(page)) return auth.next(handleLocale(request));
  if (!auth.session) return auth.challenge();
  if (page.startsWith("/admin") && !auth.session.groups.includes("admins")) return auth.forbid();
  return auth.next(handleLocale(request));
}

export const config = { matcher: ["/", "/((?!_next/static|_next/image|favicon.ico$).*)"] };
