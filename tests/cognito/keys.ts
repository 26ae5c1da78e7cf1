import { randomBytes, webcrypto } from "node:crypto";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import type { Claims } from "./types";

export interface SigningKey {
  kid: string;
  privateKey: CryptoKey;
  publicKey: CryptoKey;
  jwk: JWK;
}

export interface PoolKeys {
  /** Cognito signs the two tokens of one sign-in with different keys. */
  id: SigningKey;
  access: SigningKey;
  /** Published but no longer used; a test may add its own. */
  retired: SigningKey[];
}

async function createKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  const { e, n } = await exportJWK(publicKey);
  const kid = randomBytes(32).toString("base64");
  return { kid, privateKey, publicKey, jwk: { alg: "RS256", e, kid, kty: "RSA", n, use: "sig" } as JWK };
}

export async function createKeys(): Promise<PoolKeys> {
  const [id, access] = await Promise.all([createKey(), createKey()]);
  return { id, access, retired: [] };
}

export async function rotateKeys(keys: PoolKeys, keepOld: boolean): Promise<void> {
  const { id, access } = await createKeys();
  keys.retired = keepOld ? [keys.id, keys.access, ...keys.retired] : [];
  keys.id = id;
  keys.access = access;
}

export function publishedKeys(keys: PoolKeys): SigningKey[] {
  return [keys.id, keys.access, ...keys.retired];
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Not jose's SignJWT, which refuses the wrong headers and payloads that tests need; Cognito sends no `typ`. */
export async function signToken(key: SigningKey, claims: unknown, header: Claims = {}): Promise<string> {
  const input = `${base64url({ kid: key.kid, alg: "RS256", ...header })}.${base64url(claims)}`;
  const signature = await webcrypto.subtle.sign("RSASSA-PKCS1-v1_5", key.privateKey, Buffer.from(input));
  return `${input}.${Buffer.from(signature).toString("base64url")}`;
}
