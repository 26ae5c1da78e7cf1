import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Tap {
  readonly port: number;
  /** To be set before the first request. */
  appPort: number;
  /** All that was sent to the app. */
  requests(): string;
  /** All that the app answered, headers and bodies. */
  answers(): string;
  close(): Promise<void>;
}

/**
 * Stands in front of http://localhost:<appPort>, passes every byte on as it is, and keeps a copy. It listens on
 * localhost and on 127.0.0.1, which can be two addresses.
 */
export async function startTap(): Promise<Tap> {
  const requests: Buffer[][] = [];
  const answers: Buffer[][] = [];
  const sockets = new Set<Socket>();
  const serve = (client: Socket) => {
    const app = connect({ port: tap.appPort, host: "localhost", allowHalfOpen: true, noDelay: true });
    pass(client, app, requests);
    pass(app, client, answers);
    for (const socket of [client, app]) sockets.add(socket.on("close", () => sockets.delete(socket)));
  };
  const options = { allowHalfOpen: true, noDelay: true };
  const server = createServer(options, serve).listen(0, "localhost");
  await once(server, "listening");
  const { port, address } = server.address() as AddressInfo;
  const second = address === "127.0.0.1" ? null : createServer(options, serve).listen(port, "127.0.0.1");
  if (second) await once(second, "listening");
  const tap: Tap = {
    port,
    appPort: 0,
    requests: () => join(requests),
    answers: () => join(answers).replace(/\r\n[0-9a-f]+\r\n/g, ""), // The seams of chunked bodies (RFC 9112 7.1).
    close: async () => {
      const listening = second ? [server, second] : [server];
      const closed = listening.map((it) => once(it.close(), "close"));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
  return tap;
}

function pass(from: Socket, to: Socket, copy: Buffer[][]): void {
  const parts: Buffer[] = [];
  copy.push(parts);
  from.on("data", (part) => parts.push(part));
  from.pipe(to);
  from.on("error", () => to.destroy());
  from.on("close", () => to.destroySoon());
}

function join(connections: readonly Buffer[][]): string {
  return connections.map((parts) => Buffer.concat(parts).toString("latin1")).join("\n");
}
