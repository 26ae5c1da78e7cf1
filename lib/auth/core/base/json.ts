// JSON of unknown origin: in tokens, cookies and answers.
import { decode, encode } from "jose/base64url";

export const encodeJson = (value: unknown): string => encode(JSON.stringify(value));

/** Parses base64url of JSON in UTF-8. Returns a frozen value, or undefined when `text` is something else. */
export function decodeJson(text: string): unknown {
  try {
    const json = new TextDecoder("utf-8", { fatal: true }).decode(decode(text));
    return JSON.parse(json, (_member, value) => Object.freeze(value));
  } catch {
    return undefined;
  }
}

/** Parses JSON. Returns undefined when `text` is something else. */
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

/** Returns an object as it is, and an empty one for every other value. */
export const asRecord = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : {});
