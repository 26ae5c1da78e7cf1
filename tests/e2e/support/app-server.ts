import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { raw } from "./raw";
import { nextCommand, type Variant, variantFolder } from "./variants";

export interface AppServer {
  /** Everything that the server has printed. */
  output(): string;
  stop(): Promise<void>;
}

const STOP_MS = 5_000;

/** `next start` of a built variant, on localhost. Resolves once it answers. */
export async function startAppServer(
  variant: Variant,
  port: number,
  env: Readonly<Record<string, string>>,
): Promise<AppServer> {
  const command = nextCommand(["start", "-p", String(port), "-H", "localhost"], env);
  const child = spawn(command.file, command.args, {
    cwd: variantFolder(variant),
    env: command.env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // A process group of its own, so that stopping it leaves nobody behind.
  });
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => printed.push(text));
  const server = { output: () => printed.join(""), stop: () => stop(child) };
  const stopWithUs = () => signal(child, "SIGKILL");
  process.once("exit", stopWithUs);
  child.once("exit", () => process.off("exit", stopWithUs));
  await waitUntilItAnswers(child, `http://localhost:${port}/robots.txt`, server);
  return server;
}

async function waitUntilItAnswers(child: ChildProcess, url: string, server: AppServer): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    if (await raw(url).catch(() => null)) return;
    await delay(50);
  }
  throw new Error(`next start ended before it answered:\n${server.output()}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  signal(child, "SIGTERM");
  const impatience = setTimeout(() => signal(child, "SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(impatience);
  signal(child, "SIGKILL"); // Whoever is left of the group.
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // The group is gone.
  }
}
