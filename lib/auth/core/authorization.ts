import { type Cookie, type CookieJar, cookieName, deleteCookies, readCookie, writeCookie } from "./cookies";
import { asRecord, base64url, createSecret, decodeJson, encodeJson, isEqual, now, sha256 } from "./encoding";
import { AuthError } from "./errors";
import { safeReturnTo } from "./navigation";

/** One sign-in on its way: what proves that an answer is for this browser, and for this question. */
export interface Transaction {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly returnTo: string;
  readonly createdAt: number;
}

/** What came to the callback, the transaction that it answers, and the deletion of its cookie. */
export interface AuthorizationResponse {
  readonly transaction: Transaction;
  /** An error when Cognito sent no code: `authorization_denied` or `authorization_failed`. */
  readonly code: string | AuthError;
  readonly cookies: readonly Cookie[];
}

const TRANSACTION_S = 600;
const MAX_PENDING = 8;
const MAX_PENDING_BYTES = 2_000;

const PASSED_THROUGH = {
  identity_provider: /^[^\p{Cc}]{1,128}$/u,
  idp_identifier: /^[^\p{Cc}]{1,128}$/u,
  login_hint: /^[^\p{Cc}]{1,320}$/u,
  lang: /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?$/,
  prompt: /^(none|(login|select_account|consent)( (login|select_account|consent))*)$/,
};

/** What a sign-in link asks of Cognito, as far as it is well formed; all else is ours to say. */
export function readLink(link: URLSearchParams): Readonly<Record<string, string>> {
  const asked = Object.entries(PASSED_THROUGH).map(
    ([name, pattern]) => [name, readOnce(link, name) ?? "", pattern] as const,
  );
  return Object.fromEntries(asked.filter(([, value, pattern]) => pattern.test(value)));
}

/**
 * Starts the authorization code grant with PKCE (RFC 6749 4.1.1, RFC 7636): where to send the browser, and the cookie
 * that holds the transaction. `link` is the query of the sign-in link.
 */
export async function createAuthorizationRequest(jar: CookieJar, returnTo: string, link: URLSearchParams) {
  const { config } = jar;
  const [nonce, codeVerifier] = [createSecret(), createSecret()];
  const contents = encodeJson({ nonce, codeVerifier, returnTo, createdAt: now() });
  const state = await stateOf(contents);
  const query = new URLSearchParams({
    response_type: "code",
    client_id: config.clientId,
    redirect_uri: config.redirectUri,
    scope: config.scope,
    state,
    nonce,
    code_challenge: base64url(await sha256(codeVerifier)),
    code_challenge_method: "S256",
    ...readLink(link),
  });
  const path = link.get("screen") === "signup" ? "/signup" : "/oauth2/authorize";
  const written = await writeCookie(jar, transactionKind(state), contents, TRANSACTION_S);
  // "+" for a space is a form's way; %20 means the same to everybody.
  const location = `${config.domain}${path}?${query.toString().replaceAll("+", "%20")}`;
  return { location, cookies: [...(await evictTransactions(jar)), ...written] };
}

/**
 * Reads what came to the callback (RFC 6749 4.1.2). Throws `transaction_missing` when this browser asked nothing of the
 * kind in the last ten minutes: then nothing in the query is to be believed.
 */
export async function readAuthorizationResponse(
  jar: CookieJar,
  query: URLSearchParams,
): Promise<AuthorizationResponse> {
  const state = readOnce(query, "state") ?? "";
  const transaction = await readTransaction(jar, transactionKind(state));
  if (!transaction || !isEqual(transaction.state, state)) {
    throw new AuthError("transaction_missing", "The callback answers no sign-in of this browser");
  }
  const used = cookieName(jar.config, transactionKind(state));
  return {
    transaction,
    code: readCode(query, jar.config.issuer),
    cookies: deleteCookies(jar, (name) => name === used),
  };
}

function readCode(query: URLSearchParams, issuer: string): string | AuthError {
  if (query.has("error")) {
    const isRefusal = /^(access_denied|login_required|consent_required|interaction_required)$/.test(
      query.get("error") ?? "",
    );
    return new AuthError(isRefusal ? "authorization_denied" : "authorization_failed", "Cognito answered with an error");
  }
  const code = readOnce(query, "code") ?? "";
  const isOfIssuer = !query.has("iss") || readOnce(query, "iss") === issuer; // RFC 9207; Cognito sends none.
  if (isOfIssuer && /^[\w.~+/=-]{1,1024}$/.test(code)) return code;
  return new AuthError("authorization_failed", "The answer has no code, or names another issuer");
}

/** A parameter that comes more than once is none (RFC 6749 3.1). */
function readOnce(query: URLSearchParams, name: string): string | null {
  const [value = null, ...others] = query.getAll(name);
  return others.length === 0 ? value : null;
}

async function readTransaction(jar: CookieJar, kind: `txn.${string}`): Promise<Transaction | null> {
  const contents = (await readCookie(jar, kind)) ?? "";
  const { nonce, codeVerifier, returnTo, createdAt } = asRecord(decodeJson(contents));
  if (typeof nonce !== "string" || typeof codeVerifier !== "string" || typeof returnTo !== "string") return null;
  if (typeof createdAt !== "number" || createdAt + TRANSACTION_S <= now()) return null;
  return {
    state: await stateOf(contents),
    nonce,
    codeVerifier,
    returnTo: safeReturnTo([returnTo], jar.config),
    createdAt,
  };
}

/** Makes room for one more: the unreadable go first, then the oldest. */
async function evictTransactions(jar: CookieJar): Promise<readonly Cookie[]> {
  const prefix = cookieName(jar.config, "txn.");
  const names = [...jar.values.keys()].filter((name) => name.startsWith(prefix)).reverse(); // Newest first.
  const pending = names.map(async (name) => {
    const { createdAt = 0 } = (await readTransaction(jar, `txn.${name.slice(prefix.length)}`)) ?? {};
    return { name, createdAt, bytes: name.length + (jar.values.get(name)?.length ?? 0) };
  });
  const newestFirst = (await Promise.all(pending)).sort((a, b) => b.createdAt - a.createdAt).slice(0, MAX_PENDING - 1);
  let room = MAX_PENDING_BYTES;
  const kept = newestFirst.filter(({ createdAt, bytes }) => {
    room -= bytes;
    return createdAt > 0 && room >= 0;
  });
  return deleteCookies(jar, (it) => it.startsWith(prefix) && !kept.some(({ name }) => name === it));
}

/** A hash of the transaction, which has 256 random bits: nobody guesses it, and no byte of it changes unnoticed. */
async function stateOf(contents: string): Promise<string> {
  return base64url(await sha256(contents));
}

function transactionKind(state: string): `txn.${string}` {
  return `txn.${state.slice(0, 16)}`;
}
