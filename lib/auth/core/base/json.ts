// Reads JSON that others wrote.
import { decode, encode } from "jose/base64url";

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
