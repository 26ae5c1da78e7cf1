// POST /auth/logout: ends the session here and at Cognito. A link on one of our own pages may do so too.
import { type AuthConfig, getConfig } from "@/lib/auth/core/config";
import { cookieName, deleteCookies, readCookieJar } from "@/lib/auth/core/cookies";
import { fingerprint } from "@/lib/auth/core/encoding";
import { isCrossSite, isPrefetch, requestKind } from "@/lib/auth/core/navigation";
import { spendLineage } from "@/lib/auth/core/refresh";
import { bare, page, redirectTo } from "@/lib/auth/core/responses";
import { addEnded, readRefreshState, signInKey } from "@/lib/auth/core/session-cookies";
import { revokeToken } from "@/lib/auth/core/token-endpoint";
import { report } from "@/lib/auth/events";

export async function POST(request: Request): Promise<Response> {
  const config = getConfig();
  return isCrossSite(request.headers, config.origin) ? bare(403) : signOut(request, config);
}

export async function GET(request: Request): Promise<Response> {
  if (isPrefetch(request.headers) || requestKind(request.headers) !== "document") return bare(403);
  const config = getConfig();
  // Only Fetch Metadata proves that a page of ours links here; a typed address gets a button instead.
  if (request.headers.get("sec-fetch-site") === "same-origin") return signOut(request, config);
  const form = `<form method="post" action="${config.basePath}/auth/logout"><button>Sign out</button></form>`;
  return page(403, "Sign out?", form, config.domain);
}

export function HEAD(): Response {
  return bare(405, { allow: "GET, POST" });
}

/** That Cognito does not answer keeps nobody signed in here. */
async function signOut(request: Request, config: AuthConfig): Promise<Response> {
  const jar = readCookieJar(request.headers, config);
  const state = await readRefreshState(jar);
  const lineage = state ? await spendLineage(state.refreshToken) : [];
  const revocations = await Promise.allSettled(lineage.map((token) => revokeToken(token, config)));
  const isRevoked = state !== null && revocations.every(({ status }) => status === "fulfilled");
  const subject = state && (await fingerprint(state.signIn.iss, state.signIn.sub));
  report({ type: "signed_out", path: new URL(request.url).pathname, subject, isRevoked });

  const ended = state ? await addEnded(jar, await signInKey(state.signIn), state.expiresAt) : [];
  const deleted = deleteCookies(jar, (name) => name !== cookieName(jar.config, "ended"));
  const query = new URLSearchParams({ client_id: config.clientId, logout_uri: config.baseUrl });
  return redirectTo(`${config.domain}/logout?${query}`, [...deleted, ...ended]);
}
