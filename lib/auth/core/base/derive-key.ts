// Keys for cookies, derived from a secret (HKDF, RFC 5869).

const encoder = new TextEncoder();
const keys = new Map<string, Promise<CryptoKey>>();

const ALGORITHMS = {
  "AES-GCM": { algorithm: { name: "AES-GCM", length: 256 }, usages: ["encrypt", "decrypt"] },
  HMAC: { algorithm: { name: "HMAC", hash: "SHA-256", length: 256 }, usages: ["sign", "verify"] },
} as const;

/** Derives a key that no code can export. `info` takes part in it: one secret gives another key for each purpose. */
export function deriveKey(secret: string, info: string, name: keyof typeof ALGORITHMS): Promise<CryptoKey> {
  const id = JSON.stringify([secret, info, name]);
  const key = keys.get(id) ?? derive(secret, info, name);
  keys.set(id, key);
  return key;
}

async function derive(secret: string, info: string, name: keyof typeof ALGORITHMS): Promise<CryptoKey> {
  const { algorithm, usages } = ALGORITHMS[name];
  const base = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveKey"]);
  const parameters = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: encoder.encode(info) };
  return crypto.subtle.deriveKey(parameters, base, algorithm, false, usages);
}
