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
import type { SignedIn } from "@/lib/auth/core/session/authentication";
import { markStarted } from "@/lib/auth/core/session/ended";
import { readRefreshState } from "@/lib/auth/core/session/refresh-cookie";
import { writeSession } from "@/lib/auth/core/session/session-cookies";
import { needsUser, readCode, readState } from "@/lib/auth/core/sign-in/authorization";
import { type Transaction, takeTransaction } from "@/lib/auth/core/sign-in/transactions";
import { bindSignIn, isRecent, verifyTokenResponse } from "@/lib/auth/core/tokens/issued-tokens";
import { revoke, revokeWithSuccessors } from "@/lib/auth/core/tokens/revocation";
import { exchangeCode } from "@/lib/auth/core/tokens/token-endpoint";
import { report } from "@/lib/auth/events";

export async function GET(request: Request): Promise<Response> {
  const { pathname: path, searchParams: query } = new URL(request.url);
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
    const auth = await completeSignIn(jar, code, transaction);
    emitAll(report, path, auth.events);
    return redirectTo(config.origin + returnTo, jar);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return answerFailure(request, jar, error, returnTo);
  }
}

export function HEAD(): Response {
  return emptyResponse(405, { allow: "GET" });
}

/**
 * Redeems the code, verifies the tokens and binds them to this sign-in, and stores the session. If it throws,
 * the old session is unchanged.
 */
async function completeSignIn(jar: CookieJar, code: string, transaction: Transaction): Promise<SignedIn> {
  const { config } = jar;
  const tokens = await verifyTokenResponse(await exchangeCode(code, transaction.codeVerifier, config), config);
  const { refreshToken } = tokens;
  const signIn = bindSignIn(tokens, transaction.nonce);
  if (transaction.maxAge !== null && !isRecent(signIn.auth_time, transaction.maxAge)) {
    if (refreshToken) await revoke({ refreshToken, isProven: true }, config); // The new one. The old session is kept.
    throw new AuthError("reauthentication_required", "Cognito did not ask the user to sign in again");
  }
  const facts = refreshToken ? { refreshToken, signIn, sessionEndsAt: now() + config.sessionMaxAge } : null;
  const replaced = await readRefreshState(jar);
  const auth = await writeSession(jar, tokens, facts, "signed_in");
  await markStarted(jar, signIn, replaced);
  // The browser forgets this refresh token now. At Cognito it would live on, even after sign-out.
  if (replaced && replaced.refreshToken !== refreshToken) await revokeWithSuccessors(replaced, config);
  return auth;
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
  const auth = isStale ? await authenticate(request.headers, jar, { refresh: "due" }) : null;
  emitAll(report, path, auth?.events);
  if (auth?.status === "signed_in") return redirectTo(origin + (returnTo ?? safeReturnTo([], jar.config)), jar);
  emit(report, { type: "sign_in_failed", path, code: error.code, detail: error.message });
  return redirectTo(baseUrl + errorPath(error.code, returnTo), jar);
}
