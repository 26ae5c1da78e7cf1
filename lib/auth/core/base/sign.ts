// Values that the browser may read but not change: `<HMAC-SHA-256>~<value>`.
import { decode, encode } from "jose/base64url";
import type { AuthConfig } from "./config";
import { deriveKey } from "./derive-key";

type SigningConfig = Pick<AuthConfig, "clientSecrets" | "issuer" | "clientId">;

const SIGNED = /^([\w-]{43})~([\s\S]*)$/;

const encoder = new TextEncoder();

export function isSigned(value: string): boolean {
  return SIGNED.test(value);
}

/** Signs `text`. `purpose` takes part in the key: a value for one cookie is not valid in another. */
export async function sign(text: string, purpose: string, config: SigningConfig): Promise<string> {
  const [secret = ""] = config.clientSecrets;
  const mac = await crypto.subtle.sign("HMAC", await keyFor(secret, purpose, config), encoder.encode(text));
  return `${encode(new Uint8Array(mac))}~${text}`;
}

/** Returns the text that one of the client secrets signed for `purpose`, or null. */
export async function readSigned(value: string, purpose: string, config: SigningConfig): Promise<string | null> {
  const [, mac = "", text = ""] = SIGNED.exec(value) ?? [];
  for (const secret of mac ? config.clientSecrets : []) {
    const key = await keyFor(secret, purpose, config);
    if (await crypto.subtle.verify("HMAC", key, Uint8Array.from(decode(mac)), encoder.encode(text))) return text;
  }
  return null;
}

function keyFor(secret: string, purpose: string, { issuer, clientId }: SigningConfig): Promise<CryptoKey> {
  return deriveKey(secret, JSON.stringify(["signed cookie", purpose, issuer, clientId]), "HMAC");
}
