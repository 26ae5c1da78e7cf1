import { type NextRequest, NextResponse } from "next/server";
import { verify } from "./keys";

export default async function middleware(request: NextRequest): Promise<NextResponse> {
  const username = await verify(request.cookies.get("auth.access")?.value);
  if (username || request.nextUrl.pathname === "/") return NextResponse.next();
  return NextResponse.redirect(new URL("/auth/login", request.url), 303);
}

export const config = { matcher: ["/((?!_next/static|_next/image|favicon.ico$).*)"] };
