// A proxy between a store and its database that makes single requests, or all of them, go wrong.
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, request, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

type Forward = () => Promise<Answer>;
type Fault = (response: ServerResponse, forward: Forward) => unknown;

const SLOW_MS = 300;

function answer(response: ServerResponse, { status, headers, body }: Answer, length = body.length): void {
  response.writeHead(status, { ...headers, "content-length": body.length });
  response.write(body.subarray(0, length), () => (length < body.length ? response.destroy() : response.end()));
}

const fail = (status: number, text: string): Fault => {
  return (response) => answer(response, { status, headers: {}, body: Buffer.from(text) });
};
const typed = (name: string) => JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: "no" });

export const FAULTS = {
  "answers 500": fail(500, typed("InternalServerError")),
  "answers 503 with a page": fail(503, "<html>Service Unavailable</html>"),
  throttles: fail(400, typed("ProvisionedThroughputExceededException")),
  "cuts connections": (response) => response.destroy(),
  "does not answer": () => {},
  "answers slowly": async (response, forward) => {
    const found = await forward();
    setTimeout(() => answer(response, found), SLOW_MS);
  },
  "cuts connections before it answers": async (response, forward) => {
    await forward();
    response.destroy();
  },
  "cuts its answers short": async (response, forward) => {
    const found = await forward();
    answer(response, found, found.body.length - 1);
  },
  "works, and does not answer": (_response, forward) => forward(),
  "works, and answers 500": async (response, forward) => {
    await forward();
    fail(500, typed("InternalServerError"))(response, forward);
  },
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;

export interface Received {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export async function startFaultProxy(targetPort: number) {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  let fault: Fault | null = null;
  let left = 0;
  let isHit = (_operation: string): boolean => true;

  const server = createServer(async (incoming, response) => {
    response.on("error", () => {});
    const body = await readAll(incoming).catch(() => null);
    if (!body) return;
    received.push({ headers: incoming.headers, body: body.toString() });
    const forward = () => send(targetPort, incoming, body);
    const operation = String(incoming.headers["x-amz-target"]).split(".")[1] ?? "";
    if (fault && isHit(operation) && left-- > 0) await fault(response, forward);
    else answer(response, await forward());
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const listen = (at: number) => new Promise<void>((resolve) => server.listen(at, "127.0.0.1", resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;

  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return {
    url: `http://127.0.0.1:${port}`,
    /** All requests since the start. */
    received,
    /** The next `count` requests go wrong, of the operations that `match` chooses. */
    inject(name: FaultName, count = Number.POSITIVE_INFINITY, match: (operation: string) => boolean = () => true) {
      [fault, left, isHit] = [FAULTS[name], count, match];
    },
    heal() {
      fault = null;
    },
    /** Refuses connections. */
    stop,
    restart: () => listen(port),
  };
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

function send(port: number, { method = "POST", headers }: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: "127.0.0.1", method, headers }, async (answered) => {
      resolve({ status: answered.statusCode ?? 502, headers: answered.headers, body: await readAll(answered) });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
