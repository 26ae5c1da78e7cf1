import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { changeAnswer, deliver, interrupt, readJson, takeFault } from "./faults";
import { type Answer, type Exchange, json, oauthError, readExchange } from "./http";
import type { Pool } from "./pool";
import type { EndpointName, RecordedRequest } from "./types";

export interface Route {
  name: EndpointName;
  methods: Partial<Record<string, (pool: Pool, exchange: Exchange) => Answer | Promise<Answer>>>;
}

export type Router = (path: string) => Route | undefined;

const MAX_REQUESTS = 10_000;

export interface RunningServer {
  port: number;
  close(): Promise<void>;
}

export async function startServer(
  pool: Pool,
  address: { host: string; port: number },
  routers: { router: Router; notFound: Answer },
): Promise<RunningServer> {
  // Cookies ignore ports: on one host the app's large ones come here too.
  const server = createServer({ maxHeaderSize: 262_144 }, (request, response) => {
    serve(pool, routers, request, response).catch(() => response.destroy());
  });
  server.listen(address.port, address.host);
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => closeAtOnce(server) };
}

async function closeAtOnce(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

async function serve(
  pool: Pool,
  { router, notFound }: { router: Router; notFound: Answer },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const exchange = await readExchange(request);
  if (!exchange) {
    response.writeHead(413, { connection: "close" }).end();
    return;
  }
  const route = router(exchange.path);
  const record = recordRequest(pool, exchange, route?.name);
  const fault = takeFault(pool, route?.name, record.params);
  const instead = await interrupt(fault, response);
  if (instead === null) return;
  const done = instead ?? (await work(pool, { ...exchange, edits: fault }, route, notFound));
  const answer = await changeAnswer(fault, done);
  record.status = answer.status;
  record.error = errorOf(answer);
  await deliver(fault, answer, response);
}

async function work(pool: Pool, exchange: Exchange, route: Route | undefined, notFound: Answer): Promise<Answer> {
  if (!route) return notFound;
  const handle = route.methods[exchange.method];
  if (!handle)
    return { ...json(405, { error: "method_not_allowed" }), headers: { allow: Object.keys(route.methods).join() } };
  try {
    return await handle(pool, exchange);
  } catch {
    return oauthError(500, "server_error");
  }
}

function recordRequest(pool: Pool, exchange: Exchange, name: EndpointName | undefined): RecordedRequest {
  const { path, method, headers, query, form } = exchange;
  const record = { at: Date.now(), endpoint: path, name, method, headers, params: { ...query, ...form }, status: 0 };
  if (name === "control") return record;
  if (pool.requests.length >= MAX_REQUESTS) pool.requests.splice(0, MAX_REQUESTS / 2);
  pool.requests.push(record);
  return record;
}

function errorOf(answer: Answer): string | undefined {
  const { location = "" } = answer.headers;
  if (URL.canParse(location)) return new URL(location).searchParams.get("error") ?? undefined;
  const error = readJson(answer)?.error;
  return typeof error === "string" ? error : undefined;
}
