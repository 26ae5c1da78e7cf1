// Pending sign-ins: each has started, waits for its callback, and has a cookie named after its `state`.

import { encode } from "jose/base64url";
import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { AuthError } from "../base/errors";
import { createSecret, fingerprint, isEqual, sha256 } from "../base/hash";
import { asRecord, decodeJson, encodeJson } from "../base/json";
import type { CookieJar } from "../http/cookie-jar";
import { cookieName, deleteCookie, readCookie, writeCookie } from "../http/cookies";
import { safeReturnTo } from "../http/return-to";

/** A pending sign-in. It proves that a response is for this browser and for this request. */
export interface Transaction {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly returnTo: string;
  readonly createdAt: number;
  /** The link asked with `prompt=none`: without a session at Cognito the visitor returns as a visitor. */
  readonly isQuiet: boolean;
  /** The user must have signed in so many seconds ago, or later. Null: whenever. */
  readonly maxAge: number | null;
}

const TRANSACTION_S = 600;
const MAX_PENDING = 8;
const MAX_PENDING_BYTES = 2_000;
const MAX_READ = 64; // A visitor can send thousands of names.
const MAX_USED = 5_000;

/** The `state` of each transaction that was answered here, and when it expires. */
const usedStates = new Map<string, number>();

/** Creates a transaction and writes its cookie. */
export async function startTransaction(
  jar: CookieJar,
  { returnTo, isQuiet, maxAge }: Pick<Transaction, "returnTo" | "isQuiet" | "maxAge">,
): Promise<Transaction> {
  const [nonce, codeVerifier, createdAt] = [createSecret(), createSecret(), now()];
  const asked = { ...(isQuiet && { isQuiet }), ...(maxAge !== null && { maxAge }) };
  const contents = encodeJson({
    client: await clientOf(jar.config),
    nonce,
    codeVerifier,
    returnTo,
    createdAt,
    ...asked,
  });
  const state = await stateOf(contents);
  await evictTransactions(jar);
  await writeCookie(jar, transactionKind(state), contents, TRANSACTION_S);
  return { state, nonce, codeVerifier, returnTo, createdAt, isQuiet, maxAge };
}

/**
 * Returns the transaction of a response, deletes its cookie and marks it as used. `wasUsed`: it was used before.
 * Throws `transaction_missing` when this browser has no such transaction of the last ten minutes.
 */
export async function takeTransaction(jar: CookieJar, state: string): Promise<Transaction & { wasUsed: boolean }> {
  const kind = transactionKind(state);
  const transaction = await readTransaction(jar, kind);
  if (!transaction || !isEqual(transaction.state, state)) {
    throw new AuthError("transaction_missing", "The callback answers no sign-in of this browser");
  }
  deleteCookie(jar, kind);
  const wasUsed = (usedStates.get(state) ?? 0) > now();
  markUsed(state);
  return { ...transaction, wasUsed };
}

/** Deleting the cookie is not enough: a client can send it again with any code, and each costs a token call. */
function markUsed(state: string): void {
  usedStates.set(state, now() + TRANSACTION_S);
  const [oldest = ""] = usedStates.keys();
  if (usedStates.size > MAX_USED) usedStates.delete(oldest);
}

async function readTransaction(jar: CookieJar, kind: `txn.${string}`): Promise<Transaction | null> {
  const contents = (await readCookie(jar, kind)) ?? "";
  const { nonce, codeVerifier, returnTo, createdAt, isQuiet, maxAge, client } = asRecord(decodeJson(contents));
  if (client !== (await clientOf(jar.config))) return null;
  if (typeof nonce !== "string" || typeof codeVerifier !== "string" || typeof returnTo !== "string") return null;
  if (typeof createdAt !== "number" || createdAt + TRANSACTION_S <= now()) return null;
  return {
    state: await stateOf(contents),
    nonce,
    codeVerifier,
    returnTo: safeReturnTo([returnTo], jar.config),
    createdAt,
    isQuiet: isQuiet === true,
    maxAge: typeof maxAge === "number" ? maxAge : null,
  };
}

/** Makes room for one more. Unreadable transactions go first, then the oldest. */
async function evictTransactions(jar: CookieJar): Promise<void> {
  const prefix = cookieName(jar.config, "txn.");
  const names = jar.names.filter((name) => name.startsWith(prefix)).reverse(); // Browsers send the oldest first.
  const pending: { name: string; createdAt: number }[] = [];
  for (const name of names.slice(0, MAX_READ)) {
    const transaction = await readTransaction(jar, `txn.${name.slice(prefix.length)}`);
    if (transaction) pending.push({ name, createdAt: transaction.createdAt });
  }
  pending.sort((a, b) => b.createdAt - a.createdAt);
  const kept = new Set<string>();
  let bytes = 0;
  for (const { name } of pending.slice(0, MAX_PENDING - 1)) {
    bytes += name.length + (jar.get(name)?.length ?? 0);
    if (bytes <= MAX_PENDING_BYTES) kept.add(name);
  }
  for (const name of names) if (!kept.has(name)) jar.delete(name);
}

/** Hashes a transaction, which has two random secrets. Nobody can guess the hash, and it proves every byte. */
async function stateOf(contents: string): Promise<string> {
  return encode(await sha256(contents));
}

/** A tenant's transaction means nothing to another tenant. */
function clientOf({ issuer, clientId }: AuthConfig): Promise<string> {
  return fingerprint(issuer, clientId);
}

function transactionKind(state: string): `txn.${string}` {
  return `txn.${state.slice(0, 16)}`;
}
