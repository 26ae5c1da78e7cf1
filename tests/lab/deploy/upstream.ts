// The kit on a plain Node server, for deploy/nginx.ts: configured by its environment, prints its port.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { handle } from "./handler";

const server = createServer({ maxHeaderSize: 65_536 }, async (incoming, outgoing) => {
  const { method = "GET", url = "/", rawHeaders } = incoming;
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "");
  const response = await handle(new Request(new URL(url, process.env.APP_BASE_URL), { method, headers }));
  outgoing.setHeaders(new Headers([...response.headers].filter(([name]) => name !== "set-cookie")));
  outgoing.setHeader("set-cookie", response.headers.getSetCookie());
  outgoing.writeHead(response.status).end(await response.text());
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
