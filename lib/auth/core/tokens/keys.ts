// The user pool's public keys (JWKS): pinned, or fetched once, shared by all requests and replaced in the background.
import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { AuthError } from "../base/errors";
import { fetchText } from "../base/fetch-text";
import { parseJson } from "../base/json";
import { type KeySet, readKeys, type VerificationKey } from "../base/jwks";

type KeyConfig = Pick<AuthConfig, "jwksUri" | "pinnedKeys">;

/** The keys at one address. Times are in seconds since the epoch. */
interface Source {
  keys: KeySet | null;
  /** The start of the fetch that brought `keys`. */
  fetchedAt: number;
  /** The start of the last fetch. */
  attemptedAt: number;
  /** The start of the last fetch that an unknown key id caused. */
  searchedAt: number;
  /** Whether the last fetch failed. */
  hasFailed: boolean;
  pending: Promise<KeySet> | null;
}

const REFRESH_AFTER_S = 600;
const USABLE_S = 24 * 3600;
const COOLDOWN_S = 30;
const RETRY_AFTER_S = 2;
const ABANDONED_AFTER_S = 10; // Some platforms drop a fetch that nobody awaits: it never settles.

const sources = new Map<string, Source>();

/**
 * Returns the public key with this id. Fetched keys serve for up to a day when the issuer does not answer. Throws
 * `token_invalid` when there is no such key, `keys_unavailable` when the issuer does not answer.
 */
export async function getKey(config: KeyConfig, kid: string): Promise<VerificationKey> {
  const source = sourceOf(config);
  const key = (config.pinnedKeys ?? (await findKeys(source, config.jwksUri, kid))).get(kid);
  if (key) return key;
  throw new AuthError(source.hasFailed ? "keys_unavailable" : "token_invalid", "Unknown key");
}

/**
 * Fetches the keys now if this id is unknown. A token that comes straight from the token endpoint needs this: there an
 * unknown id is a new key and not an attack. Throws `token_invalid` when there is no such key, or `keys_unavailable`.
 */
export async function fetchNewKeys(config: KeyConfig, kid: string): Promise<void> {
  if (config.pinnedKeys) return;
  const source = sourceOf(config);
  if (source.keys?.has(kid) && !isUnusable(source)) return;
  const keys = await load(source, config.jwksUri);
  if (!keys.has(kid)) throw new AuthError("token_invalid", "Unknown key");
}

function sourceOf({ jwksUri }: KeyConfig): Source {
  const times = { fetchedAt: 0, attemptedAt: 0, searchedAt: 0 };
  const source = sources.get(jwksUri) ?? { ...times, keys: null, hasFailed: false, pending: null };
  sources.set(jwksUri, source);
  return source;
}

async function findKeys(source: Source, url: string, kid: string): Promise<KeySet> {
  const { keys } = source;
  if (!keys || isUnusable(source)) {
    if (isPausing(source)) throw unavailable();
    return load(source, url);
  }
  if (!keys.has(kid) && maySearch(source)) {
    source.searchedAt = now();
    return load(source, url);
  }
  if (isRefreshDue(source)) load(source, url).catch(() => {});
  return keys;
}

function isUnusable({ fetchedAt }: Source): boolean {
  return now() - fetchedAt >= USABLE_S;
}

/** Whether a fetch failed just now. Without a pause every invented token would cause another one. */
function isPausing({ hasFailed, pending, attemptedAt }: Source): boolean {
  return hasFailed && !pending && now() - attemptedAt < RETRY_AFTER_S;
}

/** Unknown key ids cause at most one fetch in 30 s. */
function maySearch({ pending, searchedAt }: Source): boolean {
  return pending !== null || now() - searchedAt >= COOLDOWN_S;
}

function isRefreshDue({ fetchedAt, attemptedAt }: Source): boolean {
  return now() - fetchedAt >= REFRESH_AFTER_S && now() - attemptedAt >= COOLDOWN_S;
}

/** Starts a fetch, or joins the one under way. */
function load(source: Source, url: string): Promise<KeySet> {
  const startedAt = now();
  if (source.pending && startedAt - source.attemptedAt < ABANDONED_AFTER_S) return source.pending;
  const pending = fetchKeys(url, source.keys);
  Object.assign(source, { pending, attemptedAt: startedAt });
  const settle = (isNewest: boolean, found: Partial<Source>) => {
    if (isNewest) Object.assign(source, found);
    if (source.pending === pending) source.pending = null;
  };
  const isLast = () => source.pending === pending;
  pending.then(
    // The late answer of an abandoned fetch counts, too, unless a later fetch brought newer keys.
    (keys) => settle(isLast() || startedAt > source.fetchedAt, { keys, fetchedAt: startedAt, hasFailed: false }),
    () => settle(isLast(), { hasFailed: true }),
  );
  return pending;
}

async function fetchKeys(url: string, known: KeySet | null): Promise<KeySet> {
  const answer = await fetchText(url).catch(() => null);
  const keys = answer?.status === 200 ? readKeys(parseJson(answer.text), known) : null;
  if (!keys?.size) throw unavailable();
  return keys;
}

function unavailable(): AuthError {
  return new AuthError("keys_unavailable", "No usable JWKS");
}
