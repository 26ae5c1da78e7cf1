// Values that the browser can neither read nor change.
import { decode, encode } from "jose/base64url";
import type { AuthConfig } from "./config";
import { deriveKey } from "./derive-key";
import { SecretCache } from "./secret-cache";

type SealConfig = Pick<AuthConfig, "secrets" | "issuer" | "clientId" | "tenant">;

// A sealed value is a compact JWE (RFC 7516), alg "dir", enc "A256GCM". The code uses Web Crypto, because jose's general
// JWE code would double what middleware adds to the edge bundle.
const HEADER = encode(JSON.stringify({ alg: "dir", enc: "A256GCM" }));
const TAG_BYTES = 16;

const encoder = new TextEncoder();
const HEADER_BYTES = encoder.encode(HEADER);
const opened = new SecretCache<{ config: SealConfig; purpose: string; text: string }>();

/**
 * Encrypts and authenticates `text` with the first secret. `purpose`, issuer and client id take part in the key: a value
 * sealed for one does not open for another.
 */
export async function seal(text: string, purpose: string, config: SealConfig): Promise<string> {
  const [[secret = ""], [info]] = [config.secrets, infosOf(purpose, config)];
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const parameters = { name: "AES-GCM", iv, additionalData: HEADER_BYTES };
  const sealed = new Uint8Array(
    await crypto.subtle.encrypt(parameters, await deriveKey(secret, info, "AES-GCM"), encoder.encode(text)),
  );
  const [ciphertext, tag] = [sealed.subarray(0, -TAG_BYTES), sealed.subarray(-TAG_BYTES)];
  return `${HEADER}..${encode(iv)}.${encode(ciphertext)}.${encode(tag)}`;
}

/** Returns the text that was sealed with one of the secrets for `purpose`, or null. Remembers opened values. */
export async function unseal(value: string, purpose: string, config: SealConfig): Promise<string | null> {
  const known = opened.get(value);
  if (known?.config === config && known.purpose === purpose) return known.text;
  const [header, encryptedKey, iv = "", ciphertext = "", tag = "", ...rest] = value.split(".");
  if (header !== HEADER || encryptedKey !== "" || rest.length > 0) return null;
  for (const secret of config.secrets) {
    for (const info of infosOf(purpose, config)) {
      try {
        const sealed = new Uint8Array([...decode(ciphertext), ...decode(tag)]);
        const parameters = { name: "AES-GCM", iv: decode(iv), additionalData: HEADER_BYTES };
        const bytes = await crypto.subtle.decrypt(parameters, await deriveKey(secret, info, "AES-GCM"), sealed);
        const text = new TextDecoder().decode(bytes);
        opened.set(value, { config, purpose, text });
        return text;
      } catch {
        // The value was changed, or sealed with another key. The next one may fit.
      }
    }
  }
  return null;
}

/** The key's info, and that of version 0.1, which had no issuer and no client. Read for one release, without tenants. */
function infosOf(purpose: string, { issuer, clientId, tenant }: SealConfig): readonly [string, ...string[]] {
  const info = JSON.stringify(["sealed cookie", purpose, issuer, clientId]);
  return tenant === null ? [info, `cookie ${purpose}`] : [info];
}
