// The public keys of a user pool, as its JWKS document gives them.
import { asRecord } from "./json";

/**
 * An RSA public key of the user pool. An unchanged key stays the same object, so verify.ts imports it once.
 */
export interface VerificationKey {
  readonly kty: "RSA";
  readonly alg: "RS256";
  readonly kid: string;
  readonly n: string;
  readonly e: string;
}
export type KeySet = ReadonlyMap<string, VerificationKey>;

/**
 * Returns the usable keys of a JWKS document (RFC 7517): RS256 signature keys of 2048 to 8192 bits. Keys of `known`
 * that did not change stay the same objects.
 */
export function readKeys(jwks: unknown, known: KeySet | null = null): KeySet {
  const { keys } = asRecord(jwks);
  const list: unknown[] = Array.isArray(keys) ? keys : [];
  return new Map(
    list.filter(isVerificationKey).map(({ kid, n, e }) => {
      const before = known?.get(kid);
      return [kid, before?.n === n && before.e === e ? before : { kty: "RSA", alg: "RS256", kid, n, e }];
    }),
  );
}

function isVerificationKey(jwk: unknown): jwk is VerificationKey {
  const { kty, alg, use, kid, n, e, d } = asRecord(jwk);
  const isText = (value: unknown, pattern: RegExp) => typeof value === "string" && pattern.test(value);
  const isPublic = kty === "RSA" && alg === "RS256" && use === "sig" && d === undefined;
  return isPublic && isText(kid, /./) && isText(n, /^[\w-]{342,1366}$/) && isText(e, /^[\w-]{1,6}$/);
}
