import { decode, encode } from "jose/base64url";

/** Seconds since the epoch, as in JWTs. */
export const now = (): number => Math.floor(Date.now() / 1000);

/** 256 random bits in 43 characters, all unreserved (RFC 7636 4.1). */
export const createSecret = (): string => encode(crypto.getRandomValues(new Uint8Array(32)));

export async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** A name for a secret that does not reveal it: 132 bits of its hash. */
export async function fingerprint(...parts: readonly unknown[]): Promise<string> {
  return encode(await sha256(JSON.stringify(parts))).slice(0, 22);
}

/** In a time that does not tell where two strings differ (RFC 9700 4.7). */
export function isEqual(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

export const base64url: (bytes: Uint8Array | string) => string = encode;

export const encodeJson = (value: unknown): string => encode(JSON.stringify(value));

/** Undefined when `text` is not base64url of JSON in UTF-8. The value is frozen. */
export function decodeJson(text: string): unknown {
  try {
    const json = new TextDecoder("utf-8", { fatal: true }).decode(decode(text));
    return JSON.parse(json, (_member, value) => Object.freeze(value));
  } catch {
    return undefined;
  }
}

/** Undefined when `text` is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object's members; of anything else, none. */
export const asRecord = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : {});
