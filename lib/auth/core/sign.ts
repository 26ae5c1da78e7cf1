// Values that the browser may read but not change: `<HMAC-SHA-256>~<value>`.
import { decode } from "jose/base64url";
import type { AuthConfig } from "./config";
import { base64url } from "./encoding";

type SigningConfig = Pick<AuthConfig, "clientSecrets" | "issuer" | "clientId">;

const SIGNED = /^([\w-]{43})~([\s\S]*)$/;

const encoder = new TextEncoder();
const keys = new Map<string, Promise<CryptoKey>>();

export function isSigned(value: string): boolean {
  return SIGNED.test(value);
}

/** `purpose` takes part in the key: a value that was signed for one cookie is not valid in another. */
export async function sign(text: string, purpose: string, config: SigningConfig): Promise<string> {
  const [secret = ""] = config.clientSecrets;
  const key = await keyFor(purpose, secret, config);
  const mac = await crypto.subtle.sign("HMAC", key, encoder.encode(text));
  return `${base64url(new Uint8Array(mac))}~${text}`;
}

/** The text that one of the client secrets signed for `purpose`, or null. */
export async function readSigned(value: string, purpose: string, config: SigningConfig): Promise<string | null> {
  const [, mac = "", text = ""] = SIGNED.exec(value) ?? [];
  if (mac === "") return null;
  for (const secret of config.clientSecrets) {
    const key = await keyFor(purpose, secret, config);
    if (await crypto.subtle.verify("HMAC", key, Uint8Array.from(decode(mac)), encoder.encode(text))) return text;
  }
  return null;
}

function keyFor(purpose: string, secret: string, { issuer, clientId }: SigningConfig): Promise<CryptoKey> {
  const info = JSON.stringify(["signed cookie", purpose, issuer, clientId]);
  const id = JSON.stringify([info, secret]);
  const key = keys.get(id) ?? deriveKey(secret, info);
  keys.set(id, key);
  return key;
}

async function deriveKey(secret: string, info: string): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveKey"]);
  const parameters = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: encoder.encode(info) };
  const algorithm = { name: "HMAC", hash: "SHA-256", length: 256 };
  return crypto.subtle.deriveKey(parameters, base, algorithm, false, ["sign", "verify"]);
}
