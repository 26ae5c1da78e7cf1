// JSON of unknown origin: in tokens, cookies and answers.
import { decode, encode } from "jose/base64url";

export const encodeJson = (value: unknown): string => encode(JSON.stringify(value));

/** The value in base64url of JSON in UTF-8, frozen. Undefined when `text` is something else. */
export function decodeJson(text: string): unknown {
  try {
    const json = new TextDecoder("utf-8", { fatal: true }).decode(decode(text));
    return JSON.parse(json, (_member, value) => Object.freeze(value));
  } catch {
    return undefined;
  }
}

/** The value of a JSON text. Undefined when `text` is something else. */
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

/** The members of an object. Every other value has none. */
export const asRecord = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : {});
