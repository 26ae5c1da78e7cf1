import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { type Answer, html, json, redirect } from "./http";
import type { PendingFault, Pool } from "./pool";
import type { Claims, EndpointName, Fault, Params } from "./types";

/** The first fault of the endpoint that matches; it counts as used. */
export function takeFault(pool: Pool, endpoint: EndpointName | undefined, params: Params): Fault {
  const found = pool.faults.find(
    (pending) => pending.endpoint === endpoint && pending.left > 0 && matches(pending.match, params),
  );
  if (!found) return {};
  found.left -= 1;
  return found.fault;
}

function matches(match: PendingFault["match"], params: Params): boolean {
  if (typeof match === "function") return match(params);
  return Object.entries(match ?? {}).every(([name, value]) => params[name] === value);
}

/** What comes instead of the endpoint's work: an answer, null when there is none to come, or undefined to go on. */
export async function interrupt(fault: Fault, response: ServerResponse): Promise<Answer | null | undefined> {
  if (fault.delayMs) await delay(fault.delayMs, undefined, { ref: false });
  if (fault.hang) return null;
  if (fault.reset) {
    response.socket?.resetAndDestroy();
    return null;
  }
  if (fault.redirect !== undefined) return redirect(fault.redirect);
  if (fault.status === undefined) return undefined;
  const { status, body = "" } = fault;
  if (typeof body !== "string") return json(status, body);
  const isJson = /^\s*[[{]/.test(body);
  return isJson ? { ...json(status, null), body } : html(status, body, "default-src 'none'");
}

export async function changeAnswer(fault: Fault, answer: Answer): Promise<Answer> {
  const own = readJson(answer);
  const body = fault.transform && own ? JSON.stringify(await fault.transform(own)) : answer.body;
  const headers = Object.entries(fault.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    status: answer.status,
    headers: { ...answer.headers, ...Object.fromEntries(headers) },
    body: body + " ".repeat(fault.oversize ?? 0),
  };
}

/** Undefined unless the answer is a JSON object. */
export function readJson({ headers, body }: Answer): Claims | undefined {
  if (!headers["content-type"]?.startsWith("application/json") || !body.startsWith("{")) return undefined;
  try {
    return JSON.parse(body) as Claims;
  } catch {
    return undefined;
  }
}

/** Sends the answer, or as much of it as the fault lets through. */
export async function deliver(fault: Fault, answer: Answer, response: ServerResponse): Promise<void> {
  if (fault.answerDelayMs) await delay(fault.answerDelayMs, undefined, { ref: false });
  if (fault.resetAfter) {
    response.socket?.resetAndDestroy();
    return;
  }
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...answer.headers, "content-length": body.length });
  if (fault.slowBody) await drip(body, fault.slowBody === true ? 200 : fault.slowBody, response);
  else if (fault.truncate) {
    response.write(body.subarray(0, body.length / 2));
    response.socket?.end();
  } else response.end(body);
}

async function drip(body: Buffer, pauseMs: number, response: ServerResponse): Promise<void> {
  const step = 16;
  for (let sent = 0; sent < body.length && !response.destroyed; sent += step) {
    response.write(body.subarray(sent, sent + step));
    await delay(pauseMs, undefined, { ref: false });
  }
  response.end();
}
