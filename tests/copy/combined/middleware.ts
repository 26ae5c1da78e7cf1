import { type NextRequest, NextResponse } from "next/server";
import { authenticateRequest } from "@/lib/auth/middleware";

const PUBLIC_PATHS = ["/", "/settings"];

/** The app's own middleware, with a redirect, a rewrite and a header, and the kit's. */
export default async function middleware(request: NextRequest): Promise<NextResponse> {
  // A redirect that asks nobody who they are comes before the kit; one that does takes the kit's headers along.
  if (request.nextUrl.pathname === "/" && request.headers.get("accept-language")?.startsWith("de")) {
    return NextResponse.redirect(new URL("/de", request.url));
  }
  const auth = await authenticateRequest(request);
  if (request.nextUrl.pathname === "/home" && auth.session) {
    return NextResponse.redirect(new URL("/dashboard", request.url), { headers: auth.next().headers });
  }
  const page = request.nextUrl.clone();
  page.pathname = page.pathname.replace(/^\/de(?=\/|$)/, "") || "/";
  if (!isAllowed(page.pathname)) return auth.session ? auth.forbid() : auth.challenge();
  const isRewritten = page.pathname !== request.nextUrl.pathname;
  const response = isRewritten ? NextResponse.rewrite(page, auth.next()) : auth.next();
  response.headers.set("x-frame-options", "DENY");
  return response;

  // Guard the path that is rendered, not the one that was asked for.
  function isAllowed(path: string): boolean {
    if (path.startsWith("/api/") || PUBLIC_PATHS.includes(path)) return true;
    return path.startsWith("/admin") ? auth.session?.groups.includes("admins") === true : auth.session !== null;
  }
}

export const config = { matcher: ["/", "/((?!_next/static|_next/image|favicon.ico$).*)"] };
