// GET /auth/callback?code&state: Cognito sends the browser back here, and the code becomes a session.

import { getConfig } from "@/lib/auth/config";
import { authenticate } from "@/lib/auth/core/authenticate";
import { now } from "@/lib/auth/core/base/clock";
import { AuthError } from "@/lib/auth/core/base/errors";
import { emit, emitAll } from "@/lib/auth/core/base/events";
import { CookieJar } from "@/lib/auth/core/http/cookie-jar";
import { isPrefetch } from "@/lib/auth/core/http/request";
import { emptyResponse, errorPath, redirectTo, unknownAddress } from "@/lib/auth/core/http/responses";
import { safeReturnTo } from "@/lib/auth/core/http/return-to";
import { needsUser, readCode, readState } from "@/lib/auth/core/sign-in/authorization";
import { callSignInHook } from "@/lib/auth/core/sign-in/hook";
import { type Transaction, takeTransaction } from "@/lib/auth/core/sign-in/transactions";
import { bindSignIn, type IssuedTokens, isRecent, verifyTokenResponse } from "@/lib/auth/core/tokens/issued-tokens";
import { revoke } from "@/lib/auth/core/tokens/revocation";
import { exchangeCode, type TokenResponse } from "@/lib/auth/core/tokens/token-endpoint";
import { report } from "@/lib/auth/events";
import { sessionChanges, sessions } from "@/lib/auth/sessions";
import { onSignIn } from "@/lib/auth/sign-in";

export async function GET(request: Request): Promise<Response> {
  const { searchParams: query } = new URL(request.url);
  const config = getConfig(request.headers);
  if (!config) return unknownAddress();
  if (isPrefetch(request.headers)) return emptyResponse(400);
  const jar = new CookieJar(request.headers, config);
  let returnTo: string | null = null;
  try {
    const { wasUsed, ...transaction } = await takeTransaction(jar, readState(query));
    returnTo = transaction.returnTo;
    // A client could send one transaction with any number of guessed codes. One of them reaches Cognito, per process.
    if (wasUsed) throw new AuthError("grant_rejected", "This sign-in was answered before");
    if (transaction.isQuiet && needsUser(query)) return redirectTo(config.origin + returnTo, jar); // As a visitor.
    const code = readCode(query, config.issuer);
    const tokens = await exchangeCode(code, transaction.codeVerifier, config);
    return redirectTo(config.origin + (await completeSignIn(request, jar, tokens, transaction)), jar);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return answerFailure(request, jar, error, returnTo);
  }
}

export function HEAD(): Response {
  return emptyResponse(405, { allow: "GET" });
}

/** Starts the session and returns the path to redirect to. If it throws, the new refresh token is revoked. */
async function completeSignIn(
  request: Request,
  jar: CookieJar,
  response: TokenResponse,
  transaction: Transaction,
): Promise<string> {
  try {
    const tokens = await verifyTokenResponse(response, jar.config);
    return await startSession(request, jar, tokens, transaction);
  } catch (error) {
    const { refreshToken } = response; // The browser never gets it. At Cognito it would live on.
    if (refreshToken) await revoke({ refreshToken, isProven: true }, jar.config);
    throw error;
  }
}

/** Binds the tokens to this sign-in, calls the app's hook, and stores the session. If it throws, the jar is unchanged. */
async function startSession(
  request: Request,
  jar: CookieJar,
  tokens: IssuedTokens,
  transaction: Transaction,
): Promise<string> {
  const { config } = jar;
  const { refreshToken } = tokens;
  const signIn = bindSignIn(tokens, transaction.nonce);
  if (transaction.maxAge !== null && !isRecent(signIn.auth_time, transaction.maxAge)) {
    throw new AuthError("reauthentication_required", "Cognito did not ask the user to sign in again");
  }
  const facts = refreshToken ? { refreshToken, signIn, sessionEndsAt: now() + config.sessionMaxAge } : null;
  const { auth, commit } = await sessionChanges.start(jar, tokens, facts); // The hook runs only for a session that can be stored.
  const chosen = await callSignInHook(onSignIn, auth.session, request, config);
  if (request.signal.aborted) throw new AuthError("sign_in_hook_failed", "The browser left during onSignIn");
  await commit();
  emitAll(report, config, new URL(request.url).pathname, auth.events);
  return chosen ?? transaction.returnTo;
}

/** Redirects to the error page. After a reload or the Back button a signed-in user gets the page that they wanted. */
async function answerFailure(
  request: Request,
  jar: CookieJar,
  error: AuthError,
  returnTo: string | null,
): Promise<Response> {
  const { origin, baseUrl } = jar.config;
  const { pathname: path } = new URL(request.url);
  const isStale = error.code === "transaction_missing" || error.code === "grant_rejected";
  const auth = isStale ? await authenticate(sessions, request.headers, jar, { refresh: "due" }) : null;
  emitAll(report, jar.config, path, auth?.events);
  if (auth?.status === "signed_in") return redirectTo(origin + (returnTo ?? safeReturnTo([], jar.config)), jar);
  emit(report, jar.config, { type: "sign_in_failed", path, code: error.code, detail: error.message });
  return redirectTo(baseUrl + errorPath(error.code, returnTo), jar);
}
