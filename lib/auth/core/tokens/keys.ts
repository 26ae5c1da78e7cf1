// The user pool's public keys (JWKS): fetched once, refreshed in the background, or pinned.

import { now } from "../base/clock";
import { AuthError } from "../base/errors";
import { fetchText } from "../base/fetch-text";
import { parseJson } from "../base/json";
import { type KeySet, readKeys, type VerificationKey } from "../base/jwks";

const REFRESH_AFTER_S = 600;
const SERVE_STALE_S = 24 * 3600;
const COOLDOWN_S = 30;
const RETRY_AFTER_S = 2;
const ABANDONED_AFTER_S = 10; // Some platforms drop a fetch that nobody awaits: it never settles.

type Source = {
  keys: KeySet | null;
  fetchedAt: number;
  attemptedAt: number;
  refetchedAt: number;
  hasFailed: boolean;
  /** The number of the last fetch, and of the one that gave these keys. */
  fetches: number;
  keysFrom: number;
  pending: Promise<KeySet> | null;
};
const NO_TIMES = { fetchedAt: 0, attemptedAt: 0, refetchedAt: 0 };
const UNKNOWN: Source = { ...NO_TIMES, keys: null, hasFailed: false, fetches: 0, keysFrom: 0, pending: null };

const sources = new Map<string, Source>();

/**
 * Returns the key with this id: pinned, or from the JWKS at `jwksUri`. All requests share one fetch. It is repeated in
 * the background, and keys serve for up to a day when the issuer does not answer. `isIssued`: the token came straight
 * from the token endpoint, so an unknown key id is a new key and not an attack.
 *
 * Throws `token_invalid` when there is no such key, `keys_unavailable` when the issuer does not answer.
 */
export async function getKey(
  { jwksUri, pinnedKeys }: { readonly jwksUri: string; readonly pinnedKeys: KeySet | null },
  kid: string,
  isIssued: boolean,
): Promise<VerificationKey> {
  const source = sources.get(jwksUri) ?? { ...UNKNOWN };
  sources.set(jwksUri, source);
  const key = (pinnedKeys ?? (await findKeys(source, jwksUri, kid, isIssued))).get(kid);
  if (key) return key;
  throw new AuthError(source.hasFailed ? "keys_unavailable" : "token_invalid", "Unknown key");
}

async function findKeys(source: Source, url: string, kid: string, isIssued: boolean): Promise<KeySet> {
  const { keys } = source;
  if (!keys || now() - source.fetchedAt >= SERVE_STALE_S) {
    if (isPausing(source) && !isIssued) throw unavailable();
    return load(source, url);
  }
  if (!keys.has(kid) && mayLookForNewKey(source, isIssued)) {
    if (!isIssued) source.refetchedAt = now();
    return load(source, url);
  }
  if (isStale(source)) load(source, url).catch(() => {});
  return keys;
}

/** Right after a failed fetch: without any keys, every made-up token would ask for them again. */
function isPausing({ hasFailed, pending, attemptedAt }: Source): boolean {
  return hasFailed && !pending && now() - attemptedAt < RETRY_AFTER_S;
}

/** Unknown key ids cause at most one fetch in 30 s, except in tokens that come straight from the token endpoint. */
function mayLookForNewKey({ pending, refetchedAt }: Source, isIssued: boolean): boolean {
  return isIssued || pending !== null || now() - refetchedAt >= COOLDOWN_S;
}

function isStale({ fetchedAt, attemptedAt }: Source): boolean {
  return now() - fetchedAt >= REFRESH_AFTER_S && now() - attemptedAt >= COOLDOWN_S;
}

function load(source: Source, url: string): Promise<KeySet> {
  const startedAt = now();
  if (source.pending && startedAt - source.attemptedAt < ABANDONED_AFTER_S) return source.pending;
  const pending = fetchKeys(url, source.keys).finally(() => {
    if (source.pending === pending) source.pending = null;
  });
  Object.assign(source, { pending, attemptedAt: startedAt, fetches: source.fetches + 1 });
  const { fetches } = source;
  // A fetch that settles late must not replace what a later one found.
  const settle = (found: Partial<Source>) => fetches > source.keysFrom && Object.assign(source, found);
  pending.then(
    (keys) => settle({ keys, keysFrom: fetches, fetchedAt: startedAt, hasFailed: false }),
    () => settle({ hasFailed: true }),
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
