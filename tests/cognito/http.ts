import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Fault, Params } from "./types";

/** One request, as the endpoints see it. */
export interface Exchange {
  method: string;
  path: string;
  headers: Record<string, string>;
  /** As it was sent, with the question mark. */
  search: string;
  query: Params;
  form: Params;
  /** The body, when it is not a form. */
  text: string;
  /** Some parameter came twice, which RFC 6749 §3.1 and §3.2 forbid. */
  repeated: boolean;
  cookie: string | undefined;
  /** How an active fault wants the tokens. */
  edits: Pick<Fault, "claims" | "header">;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

const MAX_BODY_BYTES = 1_000_000;
const FORM = "application/x-www-form-urlencoded";
const NO_STORE = { "cache-control": "no-cache, no-store, max-age=0, must-revalidate", pragma: "no-cache" };

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  const type = { "content-type": "application/json;charset=UTF-8" };
  return { status, headers: { ...type, ...NO_STORE, ...requestId(), ...headers }, body: JSON.stringify(value) };
}

export function oauthError(status: number, error: string, description?: string): Answer {
  return json(status, { error, ...(description && { error_description: description }) });
}

export function redirect(location: string, headers: Record<string, string> = {}): Answer {
  return { status: 302, headers: { location, ...NO_STORE, ...requestId(), ...headers }, body: "" };
}

export function html(status: number, body: string, policy: string): Answer {
  const headers = {
    "content-type": "text/html;charset=UTF-8",
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    ...NO_STORE,
    ...requestId(),
  };
  return { status, headers, body };
}

function requestId(): Record<string, string> {
  return { "x-amz-cognito-request-id": randomUUID() };
}

/** Null when the body is too large. */
export async function readExchange(request: IncomingMessage): Promise<Exchange | null> {
  const url = new URL(request.url ?? "/", "http://stand-in");
  const text = await readBody(request);
  if (text === null) return null;
  const isForm = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() === FORM;
  const form = new URLSearchParams(isForm ? text : "");
  return {
    method: request.method ?? "GET",
    path: url.pathname,
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    search: url.search,
    query: Object.fromEntries(url.searchParams),
    form: Object.fromEntries(form),
    text: isForm ? "" : text,
    repeated: hasRepeats(url.searchParams) || hasRepeats(form),
    cookie: readCookie(request.headers.cookie ?? "", "cognito"),
    edits: {},
  };
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function hasRepeats(params: URLSearchParams): boolean {
  const names = [...params.keys()];
  return new Set(names).size < names.length;
}

function readCookie(header: string, name: string): string | undefined {
  const pairs = header.split("; ").map((pair) => pair.split("="));
  return pairs.find(([key]) => key === name)?.[1];
}
