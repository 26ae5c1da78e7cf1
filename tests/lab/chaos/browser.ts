import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";

/** What came back. Status 0: nothing did. */
export interface Answer {
  readonly status: number;
  readonly location: string | null;
  readonly body: string;
  /** False when the connection broke before the end of the body. */
  readonly isWhole: boolean;
  readonly servedBy: string;
}

interface Sending {
  readonly headers: OutgoingHttpHeaders;
  /** Closes the connection after so many milliseconds, as a browser does whose user clicks on something else. */
  readonly abortAfterMs?: number | undefined;
  /** A Cookie header that left earlier and was long on the way; by default what the jar holds now. */
  readonly cookie?: string | undefined;
}

interface StoredCookie {
  readonly value: string;
  readonly expiresAt: number;
}

const MAX_COOKIE_BYTES = 4_096;
export const PATIENCE_MS = 20_000;
const NOTHING: Answer = { status: 0, location: null, body: "", isWhole: false, servedBy: "-" };

export const sharedAgent = new Agent({ keepAlive: true });

/** A cookie jar that keeps what browsers keep, and requests that arrive, fail, or are broken off. */
export class Browser {
  readonly origin: string;
  readonly #jar = new Map<string, StoredCookie>();
  /** Requests on their way. */
  pending = 0;

  constructor(origin: string) {
    this.origin = origin;
  }

  get cookieHeader(): string {
    const alive = [...this.#jar].filter(([, { expiresAt }]) => expiresAt > Date.now());
    return alive.map(([name, { value }]) => `${name}=${value}`).join("; ");
  }

  /** Null when it is not there, or has expired. */
  cookie(name: string): string | null {
    const found = this.#jar.get(name);
    return found && found.expiresAt > Date.now() ? found.value : null;
  }

  forget(isForgotten: (name: string) => boolean): void {
    for (const name of [...this.#jar.keys()].filter(isForgotten)) this.#jar.delete(name);
  }

  async send(path: string, { headers, abortAfterMs, cookie = this.cookieHeader }: Sending): Promise<Answer> {
    this.pending += 1;
    try {
      return await this.#exchange(path, { ...headers, ...(cookie && { cookie }) }, abortAfterMs);
    } finally {
      this.pending -= 1;
    }
  }

  #exchange(path: string, headers: OutgoingHttpHeaders, abortAfterMs = PATIENCE_MS): Promise<Answer> {
    return new Promise((resolve) => {
      const outgoing = request(this.origin + path, { headers, agent: sharedAgent });
      const end = (answer: Answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      const timer = setTimeout(() => {
        outgoing.destroy();
        end(NOTHING);
      }, abortAfterMs);
      outgoing.once("error", () => end(NOTHING)).once("response", (response) => this.#receive(response, end));
      outgoing.end();
    });
  }

  #receive(response: IncomingMessage, end: (answer: Answer) => void): void {
    this.#store(response.headers["set-cookie"] ?? []); // Cookies count when the head arrives, whatever becomes of the body.
    const chunks: Buffer[] = [];
    const { statusCode: status = 0, headers } = response;
    const head = { status, location: headers.location ?? null, servedBy: String(headers["x-served-by"] ?? "-") };
    const finish = () => end({ ...head, isWhole: response.complete, body: Buffer.concat(chunks).toString() });
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.once("end", finish).once("error", finish);
  }

  /** RFC 6265bis 5.7: what a browser would refuse is not stored. */
  #store(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = "", ...attributes] = line.split("; ");
      const at = pair.indexOf("=");
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      const isHostWide = attributes.includes("Secure") && attributes.includes("Path=/");
      if (pair.length > MAX_COOKIE_BYTES || (name.startsWith("__Host-") && !isHostWide)) continue;
      const maxAge = Number(attributes.find((attribute) => attribute.startsWith("Max-Age="))?.slice(8));
      if (maxAge <= 0) this.#jar.delete(name);
      else this.#jar.set(name, { value, expiresAt: Date.now() + maxAge * 1000 });
    }
  }
}
