import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const AVOIDED_MS = 500;

interface Target {
  readonly name: string;
  readonly port: number;
  avoidedUntil: number;
}

/** Sends requests to the instances in turn, as a load balancer does that learns of a dead one by failing on it. */
export class RoundRobin {
  /** When set, all requests go to this instance. */
  only: number | null = null;
  readonly port: number;
  readonly #server: ReturnType<typeof createServer>;
  readonly #agent: Agent;
  readonly #targets: Target[] = [];
  #turn = 0;

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.#agent = new Agent({ keepAlive: true });
    this.port = (server.address() as AddressInfo).port;
    server.on("request", (incoming, outgoing) => this.#forward(incoming, outgoing));
  }

  static async start(): Promise<RoundRobin> {
    const server = createServer({ keepAliveTimeout: 60_000 }).listen(0, "localhost");
    await once(server, "listening");
    return new RoundRobin(server);
  }

  add(port: number): void {
    this.#targets.push({ name: String.fromCharCode(65 + this.#targets.length), port, avoidedUntil: 0 });
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #choose(): Target {
    const alive = this.#targets.filter(({ avoidedUntil }) => avoidedUntil <= Date.now());
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
