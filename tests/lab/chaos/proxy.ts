import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const AVOIDED_MS = 500;
const CHECK_MS = 1_000;
const CHECK_TIMEOUT_MS = 2_000;
const CHECKS_MISSED = 2;

interface Target {
  readonly name: string;
  readonly port: number;
  avoidedUntil: number;
  /** Health checks in a row that had no answer. */
  missed: number;
}

/**
 * Sends requests to the instances in turn, as load balancers do. It learns of a dead instance by failing on it, and of a
 * stopped one, which accepts connections, by health checks. A request that waits in a stopped one goes on waiting: usual
 * timeouts (60 s) are longer than the patience of the browsers here. When no instance is healthy, all are tried.
 */
export class RoundRobin {
  /** When set, all requests go to this instance. */
  only: number | null = null;
  readonly port: number;
  readonly #server: ReturnType<typeof createServer>;
  readonly #agent: Agent;
  readonly #targets: Target[] = [];
  readonly #checks: NodeJS.Timeout;
  #turn = 0;

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.#agent = new Agent({ keepAlive: true });
    this.port = (server.address() as AddressInfo).port;
    server.on("request", (incoming, outgoing) => this.#forward(incoming, outgoing));
    this.#checks = setInterval(() => this.#targets.forEach(check), CHECK_MS);
  }

  static async start(): Promise<RoundRobin> {
    const server = createServer({ keepAliveTimeout: 60_000 }).listen(0, "localhost");
    await once(server, "listening");
    return new RoundRobin(server);
  }

  add(port: number): void {
    this.#targets.push({ name: String.fromCharCode(65 + this.#targets.length), port, avoidedUntil: 0, missed: 0 });
  }

  async close(): Promise<void> {
    clearInterval(this.#checks);
    this.#agent.destroy();
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #choose(): Target {
    const alive = this.#targets.filter(
      ({ avoidedUntil, missed }) => avoidedUntil <= Date.now() && missed < CHECKS_MISSED,
    );
    const candidates = alive.length > 0 ? alive : this.#targets;
    this.#turn += 1;
    const target = this.only === null ? candidates[this.#turn % candidates.length] : this.#targets[this.only];
    if (!target) throw new Error("No instance to send a request to");
    return target;
  }

  /** Nothing is tried twice: a request that was under way may have done its work. */
  #forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const target = this.#choose();
    const { method, url: path, headers } = incoming;
    const onward = request({ host: "localhost", port: target.port, method, path, headers, agent: this.#agent });
    const fail = () => {
      if (outgoing.destroyed) return; // The browser went away, and the request after it: no fault of the instance's.
      target.avoidedUntil = Date.now() + AVOIDED_MS;
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(502, { "x-served-by": target.name }).end();
    };
    outgoing.once("close", () => onward.destroy());
    onward.once("error", fail).once("response", (answer) => {
      const { connection: _, "keep-alive": __, ...kept } = answer.headers;
      answer.once("error", fail);
      outgoing.writeHead(answer.statusCode ?? 502, { ...kept, "x-served-by": target.name });
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  }
}

function check(target: Target): void {
  const { port } = target;
  const timeout = CHECK_TIMEOUT_MS;
  const outgoing = request({ host: "localhost", port, path: "/robots.txt", agent: false, timeout });
  outgoing.once("timeout", () => outgoing.destroy(new Error("No answer")));
  outgoing.once("error", () => {
    target.missed += 1;
  });
  outgoing.once("response", (answer) => {
    target.missed = 0;
    answer.resume();
  });
  outgoing.end();
}
