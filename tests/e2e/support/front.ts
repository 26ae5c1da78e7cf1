import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";

export interface Front {
  readonly origin: string;
  close(): Promise<void>;
}

/**
 * One address for several servers: `choose` returns the port of localhost that a path is sent to. The browser gets an
 * answer when `hold` resolves, which is called once the server has answered.
 */
export async function startFront(
  choose: (path: string) => number,
  hold: (path: string) => Promise<void> = async () => {},
): Promise<Front> {
  const server = createServer((incoming, outgoing) => {
    const { method, url: path = "/", headers } = incoming;
    const onward = request({ host: "localhost", port: choose(path), method, path, headers, agent: false });
    onward.on("error", () => outgoing.destroy());
    onward.on("response", async (answer) => {
      await hold(path);
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, outgoing, () => {});
    });
    pipeline(incoming, onward, () => {});
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
