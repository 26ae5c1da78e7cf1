// Asks Cognito's userInfo endpoint whether the sign-in of an access token still exists.
import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { settlesWithin } from "../base/deadline";
import { AuthError } from "../base/errors";
import { fetchText } from "../base/fetch-text";
import { asRecord, parseJson } from "../base/json";
import type { AccessTokenClaims } from "./claims";
import { MAX_CLOCK_SKEW_S } from "./verify";

type Answer = Awaited<ReturnType<typeof fetchText>> | null;

interface Call {
  readonly startedAt: number;
  readonly answer: Promise<Answer>;
}

const SHARED_S = 1; // The answer to an older call may be from before a sign-out.
const ABANDONED_AFTER_MS = 8_000; // Some platforms drop a request that nobody awaits: it never settles.
const MAX_CALLS = 1_000;

/** The calls in flight, by access token. */
const calls = new Map<string, Call>();

/**
 * Returns whether Cognito still accepts a verified access token. False after a global sign-out or a revocation, and when
 * the user is disabled or deleted. Requests that come together share one call. A settled answer never serves again.
 *
 * Throws `token_expired` when the token is at its end, `token_invalid` when userInfo is of another user (OpenID Connect
 * Core 5.3.2), and `token_endpoint_unavailable` for every answer that proves nothing.
 */
export async function isLive(token: string, claims: AccessTokenClaims, config: AuthConfig): Promise<boolean> {
  const { answer: pending } = startOrJoin(token, config);
  const answer = (await settlesWithin(pending, ABANDONED_AFTER_MS)) ? await pending : null;
  if (answer?.status === 401 && isInvalidToken(answer)) {
    // Cognito's clock may be ahead. An expired token does not prove that the sign-in has ended.
    if (claims.exp - now() < MAX_CLOCK_SKEW_S) throw new AuthError("token_expired", "The token is at its end");
    return false;
  }
  const { sub } = asRecord(answer?.status === 200 ? parseJson(answer.text) : null);
  if (sub === claims.sub) return true;
  if (typeof sub === "string") throw new AuthError("token_invalid", "userInfo is of another user");
  throw new AuthError("token_endpoint_unavailable", `userInfo has no usable answer: ${answer?.status ?? "none"}`);
}

function startOrJoin(token: string, config: AuthConfig): Call {
  const known = calls.get(token);
  if (known && now() - known.startedAt <= SHARED_S) return known;
  const call = { startedAt: now(), answer: ask(token, config) };
  calls.delete(token);
  calls.set(token, call);
  const [oldest = ""] = calls.keys();
  if (calls.size > MAX_CALLS) calls.delete(oldest);
  void call.answer.then(() => calls.get(token) === call && calls.delete(token));
  return call;
}

function ask(token: string, { domain }: AuthConfig): Promise<Answer> {
  return fetchText(`${domain}/oauth2/userInfo`, { headers: { authorization: `Bearer ${token}` } }).catch(() => null);
}

/** Cognito documents the error in WWW-Authenticate (RFC 6750 3.1), and sends it in the body too. */
function isInvalidToken({ headers, text }: NonNullable<Answer>): boolean {
  const parameters = (headers.get("www-authenticate") ?? "").matchAll(/([\w-]+)=(?:"([^"]*)"|([^\s,"]+))/g);
  const isNamed = [...parameters].some(
    ([, name, quoted, plain]) => name === "error" && (quoted ?? plain) === "invalid_token",
  );
  return isNamed || asRecord(parseJson(text)).error === "invalid_token";
}
