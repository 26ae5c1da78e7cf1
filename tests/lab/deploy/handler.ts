import { GET as callback } from "@/app/auth/callback/route";
import { GET as login } from "@/app/auth/login/route";
import { POST as logout } from "@/app/auth/logout/route";
import { getConfigs } from "@/lib/auth/config";
import { authenticate } from "@/lib/auth/core/authenticate";
import { CookieJar } from "@/lib/auth/core/http/cookie-jar";
import { NO_STORE } from "@/lib/auth/core/http/responses";
import { sessions } from "@/lib/auth/sessions";

/** The kit without Next around it: its routes, and `/me`, which says who asks and refreshes as middleware does. */
export async function handle(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/auth/login") return login(request);
  if (pathname === "/auth/callback") return callback(request);
  if (pathname === "/auth/logout" && request.method === "POST") return logout(request);
  if (pathname !== "/me") return new Response(null, { status: 404 });
  const [config] = getConfigs();
  const jar = new CookieJar(request.headers, config);
  const auth = await authenticate(sessions, request.headers, jar, { refresh: "due" });
  const user = auth.status === "signed_in" ? auth.session.user : null;
  const body = { status: auth.status, username: user?.username ?? null };
  return jar.applyTo(Response.json(body, { headers: { "cache-control": NO_STORE } }));
}
