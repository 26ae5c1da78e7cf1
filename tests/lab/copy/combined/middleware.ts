import { type NextRequest, NextResponse } from "next/server";
import { authenticateRequest } from "@/lib/auth/middleware";

const PUBLIC_PATHS = ["/", "/settings"];

/** The app's own middleware, with redirects, a rewrite and headers, and the kit's. */
export default async function middleware(request: NextRequest): Promise<NextResponse> {
  // A redirect that does not depend on the user goes before the kit. Everything else goes through auth.next().
  if (request.nextUrl.pathname === "/" && request.headers.get("accept-language")?.startsWith("de")) {
    return NextResponse.redirect(new URL("/de", request.url));
  }
  const auth = await authenticateRequest(request);
  if (request.nextUrl.pathname === "/home" && auth.session) {
    return auth.next(NextResponse.redirect(new URL("/dashboard", request.url)));
  }
  const page = request.nextUrl.clone();
  page.pathname = page.pathname.replace(/^\/de(?=\/|$)/, "") || "/";
  if (!isAllowed(page.pathname)) return auth.session ? auth.forbid() : auth.challenge();
  return auth.next(localize(request, page));

  // Guard the path that is rendered, not the one that was asked for.
  function isAllowed(path: string): boolean {
    if (path.startsWith("/api/") || PUBLIC_PATHS.includes(path)) return true;
    return path.startsWith("/admin") ? auth.session?.groups.includes("admins") === true : auth.session !== null;
  }
}

/** What a library such as next-intl gives: a finished response that rewrites, and tells the page its locale. */
function localize(request: NextRequest, page: URL): NextResponse {
  const isRewritten = page.pathname !== request.nextUrl.pathname;
  const headers = new Headers(request.headers);
  headers.set("x-locale", isRewritten ? "de" : "en");
  const forwarded = { request: { headers } };
  const response = isRewritten ? NextResponse.rewrite(page, forwarded) : NextResponse.next(forwarded);
  response.headers.set("x-frame-options", "DENY");
  return response;
}

export const config = { matcher: ["/", "/((?!_next/static|_next/image|favicon.ico$).*)"] };
