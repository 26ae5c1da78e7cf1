// Random secrets, hashes, and a comparison of secrets.
import { encode } from "jose/base64url";

/** Returns 256 random bits in 43 unreserved characters (RFC 7636 4.1). */
export const createSecret = (): string => encode(crypto.getRandomValues(new Uint8Array(32)));

export async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** Returns a name for a secret that does not reveal it: 132 bits of its hash. */
export async function fingerprint(...parts: readonly unknown[]): Promise<string> {
  return encode(await sha256(JSON.stringify(parts))).slice(0, 22);
}

/** Compares two strings in a time that does not depend on where they differ (RFC 9700 4.7). */
export function isEqual(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
