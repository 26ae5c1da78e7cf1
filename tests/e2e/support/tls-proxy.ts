import { once } from "node:events";
import { type IncomingMessage, type RequestListener, request, type ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import { generate } from "selfsigned";

/** One Set-Cookie line of the app's, to be sent on in this form. */
export type RewriteSetCookie = (line: string) => string;

export interface TlsProxy {
  readonly port: number;
  /** For planting mistakes: null sends the app's lines on as they are. */
  rewriteSetCookie: RewriteSetCookie | null;
  close(): Promise<void>;
}

export interface TlsServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Ends TLS in front of http://localhost:<appPort>, as a load balancer does. Its certificate is its own. */
export async function startTlsProxy(appPort: number): Promise<TlsProxy> {
  const server = await startTlsServer((incoming, outgoing) =>
    forward(incoming, outgoing, appPort, (line) => proxy.rewriteSetCookie?.(line) ?? line),
  );
  const proxy: TlsProxy = { ...server, rewriteSetCookie: null };
  return proxy;
}

/** An https server on localhost, which every name that ends in .localhost leads to. */
export async function startTlsServer(listener: RequestListener): Promise<TlsServer> {
  const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    algorithm: "sha256",
  });
  const server = createServer({ key, cert, maxHeaderSize: 65_536 }, listener);
  server.listen(0, "localhost");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => closeAtOnce(server) };
}

function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  appPort: number,
  rewriteSetCookie: RewriteSetCookie,
): void {
  const { method, url, headers } = incoming;
  const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": headers.host ?? "", "x-forwarded-for": "::1" };
  const inner = request({ host: "localhost", port: appPort, method, path: url, headers: { ...headers, ...forwarded } });
  inner.on("error", () => outgoing.destroy());
  inner.on("response", (response) => {
    const setCookie = response.headers["set-cookie"]?.map(rewriteSetCookie);
    outgoing.writeHead(response.statusCode ?? 502, {
      ...response.headers,
      ...(setCookie && { "set-cookie": setCookie }),
    });
    outgoing.flushHeaders();
    pipeline(response, outgoing, () => {});
  });
  pipeline(incoming, inner, () => {});
}

async function closeAtOnce(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
