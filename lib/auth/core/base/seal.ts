// Values that the browser can neither read nor change.
import { decode, encode } from "jose/base64url";
import { deriveKey } from "./derive-key";
import { SecretCache } from "./secret-cache";

// A sealed value is a compact JWE (RFC 7516), alg "dir", enc "A256GCM". The code uses Web Crypto, because jose's general
// JWE code would double what middleware adds to the edge bundle.
const HEADER = encode(JSON.stringify({ alg: "dir", enc: "A256GCM" }));
const TAG_BYTES = 16;

const encoder = new TextEncoder();
const HEADER_BYTES = encoder.encode(HEADER);
const opened = new SecretCache<{ secrets: readonly string[]; purpose: string; text: string }>();

/**
 * Encrypts and authenticates `text`. `purpose` takes part in the key: a value sealed for one does not open for another.
 */
export async function seal(text: string, purpose: string, secret: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const parameters = { name: "AES-GCM", iv, additionalData: HEADER_BYTES };
  const sealed = new Uint8Array(
    await crypto.subtle.encrypt(parameters, await keyFor(purpose, secret), encoder.encode(text)),
  );
  const [ciphertext, tag] = [sealed.subarray(0, -TAG_BYTES), sealed.subarray(-TAG_BYTES)];
  return `${HEADER}..${encode(iv)}.${encode(ciphertext)}.${encode(tag)}`;
}

/** Returns the text that one of `secrets` sealed for `purpose`, or null. Remembers opened values. */
export async function unseal(value: string, purpose: string, secrets: readonly string[]): Promise<string | null> {
  const known = opened.get(value);
  if (known?.secrets === secrets && known.purpose === purpose) return known.text;
  const [header, encryptedKey, iv = "", ciphertext = "", tag = "", ...rest] = value.split(".");
  if (header !== HEADER || encryptedKey !== "" || rest.length > 0) return null;
  for (const secret of secrets) {
    try {
      const sealed = new Uint8Array([...decode(ciphertext), ...decode(tag)]);
      const parameters = { name: "AES-GCM", iv: decode(iv), additionalData: HEADER_BYTES };
      const bytes = await crypto.subtle.decrypt(parameters, await keyFor(purpose, secret), sealed);
      const text = new TextDecoder().decode(bytes);
      opened.set(value, { secrets, purpose, text });
      return text;
    } catch {
      // The value was changed, or sealed with another secret or for another purpose. The next secret may fit.
    }
  }
  return null;
}

function keyFor(purpose: string, secret: string): Promise<CryptoKey> {
  return deriveKey(secret, `cookie ${purpose}`, "AES-GCM");
}
