// GET /auth/callback?code&state: Cognito sends the browser back here, and the code becomes a session.
import { authenticate, storeTokens } from "@/lib/auth/core/authenticate";
import { type AuthorizationResponse, readAuthorizationResponse } from "@/lib/auth/core/authorization";
import { getConfig } from "@/lib/auth/core/config";
import { type CookieJar, readCookieJar } from "@/lib/auth/core/cookies";
import { now } from "@/lib/auth/core/encoding";
import { AuthError } from "@/lib/auth/core/errors";
import { startSignIn, verifyTokenResponse } from "@/lib/auth/core/issued-tokens";
import { isPrefetch, safeReturnTo } from "@/lib/auth/core/navigation";
import { bare, errorPath, redirectTo } from "@/lib/auth/core/responses";
import { replaceSignIn } from "@/lib/auth/core/session-cookies";
import { exchangeCode } from "@/lib/auth/core/token-endpoint";
import { report } from "@/lib/auth/events";

export async function GET(request: Request): Promise<Response> {
  const { pathname: path, searchParams: query } = new URL(request.url);
  const config = getConfig();
  if (isPrefetch(request.headers)) return bare(400);
  const jar = readCookieJar(request.headers, config);
  let answer: AuthorizationResponse | null = null;
  try {
    answer = await readAuthorizationResponse(jar, query);
    const { auth, ended } = await completeSignIn(jar, answer);
    if (auth.event) report({ path, ...auth.event });
    return redirectTo(config.origin + answer.transaction.returnTo, answer.cookies, ended, auth.cookies);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return refuse(request, jar, error, answer);
  }
}

async function refuse(request: Request, jar: CookieJar, error: AuthError, answer: AuthorizationResponse | null) {
  const { origin, baseUrl } = jar.config;
  const returnTo = answer?.transaction.returnTo ?? null;
  // Back button, reload, bookmark: an answer that was used already. Whoever has a session just goes on.
  const isStale = error.code === "transaction_missing" || error.code === "grant_rejected";
  const auth = isStale ? await authenticate(request.headers, jar.config, true) : null;
  if (auth?.status === "signed_in") {
    return redirectTo(origin + (returnTo ?? safeReturnTo([], jar.config)), answer?.cookies, auth.cookies);
  }
  const { pathname: path } = new URL(request.url);
  report({ type: "sign_in_failed", path, code: error.code, detail: error.message });
  return redirectTo(baseUrl + errorPath(error.code, returnTo), answer?.cookies, auth?.cookies);
}

export function HEAD(): Response {
  return bare(405, { allow: "GET" });
}

/** Code to tokens, tokens verified and bound to this sign-in, session stored. */
async function completeSignIn(jar: CookieJar, { code, transaction }: AuthorizationResponse) {
  if (code instanceof AuthError) throw code;
  const { config } = jar;
  const tokens = await verifyTokenResponse(await exchangeCode(code, transaction.codeVerifier, config), config);
  const signIn = startSignIn(tokens, transaction.nonce);
  const { refreshToken } = tokens;
  const state = refreshToken ? { refreshToken, signIn, expiresAt: now() + config.sessionMaxAge } : null;
  const auth = await storeTokens(jar, tokens, state, "signed_in");
  return { auth, ended: await replaceSignIn(jar, signIn) };
}
