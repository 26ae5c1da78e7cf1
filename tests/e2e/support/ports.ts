import { once } from "node:events";
import { createServer } from "node:http";

// Below the ports that systems give to outgoing connections and to servers that ask for any port.
const LOWEST = 15_000;
const RANGE = 15_000;

let next = LOWEST + Math.floor(Math.random() * RANGE);

/**
 * A free port of localhost: the app's URL has to be known before the app starts. Test files run at the same time, so each
 * process counts up from a random start. No other process takes the port before the app does.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    next = next + 1 < LOWEST + RANGE ? next + 1 : LOWEST;
    if (await isFree(next)) return next;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "localhost");
  const isListening = await once(server, "listening").then(
    () => true,
    () => false,
  );
  if (isListening) await once(server.close(), "close");
  return isListening;
}
