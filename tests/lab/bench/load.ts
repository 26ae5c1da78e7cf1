import autocannon from "autocannon";
import { DOCUMENT, raw } from "../../e2e/support/raw";
import type { Server } from "./server";
import { quantile } from "./statistics";

export const CONNECTIONS = 8;

/** What a block of requests took. */
export interface Measured {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds of processor in the server, all its threads, per request. */
  readonly cpu: number;
}

/** Where requests go, and what they must come back with. */
export interface Target {
  readonly path: string;
  readonly status: number;
  /** The Cookie headers of so many browsers, or none. */
  readonly cookies: readonly string[];
}

/** `amount` requests on a few connections, as fast as they are answered. */
export async function load(
  server: Server,
  { path, status, cookies }: Target,
  amount: number,
  connections = CONNECTIONS,
): Promise<Measured> {
  const requests = cookies.length > 0 ? cookies.map((cookie) => ({ ...DOCUMENT, cookie })) : [DOCUMENT];
  const before = server.cpuTime();
  const instance = autocannon({
    url: server.url + path,
    connections,
    amount,
    requests: requests.map((headers) => ({ headers })),
  });
  const [latencies, odd]: [number[], number[]] = [[], []];
  const startedAt = performance.now();
  let endedAt = startedAt;
  // autocannon's own figures are whole milliseconds.
  instance.on("response", (_client: unknown, code: number, _bytes: number, milliseconds: number) => {
    latencies.push(milliseconds);
    endedAt = performance.now();
    if (code !== status) odd.push(code);
  });
  const { errors } = await instance;
  if (errors > 0 || odd.length > 0) throw new Error(`${path}: ${errors} errors, ${odd.length} times ${odd[0]}`);
  return {
    perSecond: (amount / (endedAt - startedAt)) * 1_000,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpu: Number(server.cpuTime() - before) / amount / 1e6,
  };
}

/** Bytes of the body and number of Set-Cookie lines in one answer for each of these browsers. */
export async function inspect(server: Server, { path, cookies }: Target) {
  let [bytes, setCookies] = [0, 0];
  for (const cookie of cookies) {
    const { body, setCookie } = await raw(server.url + path, { headers: { ...DOCUMENT, cookie } });
    [bytes, setCookies] = [body.length, setCookies + setCookie.length];
  }
  return { bytes, setCookies };
}
