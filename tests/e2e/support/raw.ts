import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { connect } from "node:net";

export interface RawRequest {
  readonly method?: string;
  /** Sent as they are: Node's fetch would neither send Sec-Fetch-* nor Cookie. */
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly setCookie: readonly string[];
  readonly body: string;
}

/** What a browser sends when somebody types an address. */
export const DOCUMENT = {
  accept: "text/html,application/xhtml+xml,*/*;q=0.8",
  "sec-fetch-dest": "document",
  "sec-fetch-mode": "navigate",
  "sec-fetch-site": "none",
  "sec-fetch-user": "?1",
} as const;

/** What a browser sends when somebody clicks a link or a form's button on one of the app's own pages. */
export const CLICKED_FORM = { ...DOCUMENT, "sec-fetch-site": "same-origin" } as const;

/** What a browser sends with a page's own fetch. */
export const FETCH = {
  accept: "*/*",
  "sec-fetch-dest": "empty",
  "sec-fetch-mode": "cors",
  "sec-fetch-site": "same-origin",
} as const;

/** One request on a connection of its own, which follows no redirect and keeps no cookie. */
export async function raw(url: string, { method = "GET", headers = {}, body }: RawRequest = {}): Promise<RawResponse> {
  const send = url.startsWith("https:") ? requestHttps : requestHttp;
  return answerTo(send(url, { method, headers, agent: false, rejectUnauthorized: false }).end(body));
}

/** Sends a path as it is: a URL would tidy it up. */
export async function asIs(baseUrl: string, path: string, headers: OutgoingHttpHeaders = {}, method = "GET") {
  const { hostname, port } = new URL(baseUrl);
  return answerTo(requestHttp({ hostname, port, path, method, headers, agent: false }).end());
}

/** A GET whose header lines are sent byte for byte, one character for each byte: Node's own client refuses some. */
export async function getBytes(
  baseUrl: string,
  path: string,
  lines: readonly string[],
  name = new URL(baseUrl).host,
): Promise<RawResponse> {
  const { hostname: host, port } = new URL(baseUrl);
  const head = [`GET ${path} HTTP/1.1`, `host: ${name}`, "connection: close", ...lines];
  const socket = connect({ host, port: Number(port) });
  socket.write(`${head.join("\r\n")}\r\n\r\n`, "latin1");
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  const [top = "", ...rest] = Buffer.concat(chunks).toString("latin1").split("\r\n\r\n");
  const [status = "", ...fields] = top.split("\r\n");
  const pairs = fields.map((field) => [field.slice(0, field.indexOf(":")).toLowerCase(), field.replace(/^.*?: */, "")]);
  return {
    status: Number(status.split(" ")[1]),
    headers: Object.fromEntries(pairs),
    setCookie: pairs.flatMap(([name, value = ""]) => (name === "set-cookie" ? value : [])),
    body: rest.join("\r\n\r\n"),
  };
}

async function answerTo(outgoing: ClientRequest): Promise<RawResponse> {
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    setCookie: response.headers["set-cookie"] ?? [],
    body: Buffer.concat(chunks).toString(),
  };
}
