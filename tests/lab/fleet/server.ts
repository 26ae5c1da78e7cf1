// One light server: the kit's routes on Node's own HTTP server, without Next. Its environment configures it.
import { createServer } from "node:http";
import { handle } from "../deploy/handler";

const STATUS: Readonly<Record<string, number>> = { signed_in: 200, signed_out: 401, unknown: 503 };

const server = createServer(async (incoming, outgoing) => {
  const { method = "GET", url = "/", headers: sent } = incoming;
  const headers = new Headers();
  for (const [name, value] of Object.entries(sent)) if (typeof value === "string") headers.set(name, value);
  const path = url === "/api/me" ? "/me" : url;
  const response = await handle(new Request(new URL(path, process.env.APP_BASE_URL), { method, headers }));
  const body = await response.text();
  const status = path === "/me" ? STATUS[JSON.parse(body).status] : response.status;
  outgoing.setHeaders(new Headers([...response.headers].filter(([name]) => name !== "set-cookie")));
  outgoing.setHeader("set-cookie", response.headers.getSetCookie());
  outgoing.writeHead(status ?? 500).end(body);
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.PORT), "localhost");
