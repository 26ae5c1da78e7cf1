import type { NextRequest, NextResponse } from "next/server";
import { authenticateRequest } from "@/lib/auth/middleware";

/**
 * Everything needs a sign-in, except the paths in these two lists. Files of public/ do, too: import images instead, or
 * name them, because next/image fetches them without cookies. The start page of create-next-app needs "/next.svg" and
 * "/vercel.svg" here.
 */
const PUBLIC_PATHS = ["/", "/robots.txt", "/sitemap.xml", "/manifest.webmanifest", "/icon.svg", "/opengraph-image"];

/** With everything below them: ["/.well-known", "/blog"] opens /blog and /blog/first-post, but not /blogger. */
const PUBLIC_FOLDERS = ["/.well-known"];

export default async function middleware(request: NextRequest): Promise<NextResponse> {
  const auth = await authenticateRequest(request);
  const { pathname } = request.nextUrl;
  // Route handlers refuse for themselves: withSession, withOptionalSession. A page under a [segment] at the root answers
  // below /api, too: name your route handlers here if you have one.
  const isApi = pathname.startsWith("/api/");
  if (isApi || isPublic(pathname)) return auth.next();
  if (!auth.session) return auth.challenge();
  if (pathname.startsWith("/admin") && !auth.session.groups.includes("admins")) return auth.forbid();
  return auth.next();
}

function isPublic(pathname: string): boolean {
  return PUBLIC_PATHS.includes(pathname) || PUBLIC_FOLDERS.some((folder) => `${pathname}/`.startsWith(`${folder}/`));
}

// A literal, because Next reads it at build time. Never exempt "paths with a dot": /u/jane.doe is a page. And with a
// basePath only "/" itself matches the start page.
export const config = { matcher: ["/", "/((?!_next/static|_next/image|favicon.ico$).*)"] };
