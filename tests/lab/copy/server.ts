import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { raw } from "../../e2e/support/raw";
import { type Command, environment } from "./project";

export interface Server {
  stop(): Promise<void>;
}

const START_MS = 60_000;

/** Resolves once the server answers on its port of localhost. */
export async function startServer(
  { file, args, cwd }: Command,
  port: number,
  env: Readonly<Record<string, string>>,
): Promise<Server> {
  const child = spawn(file, args, {
    cwd,
    env: environment({ ...env, NODE_ENV: "production" }),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // A process group of its own, so that stopping it leaves nobody behind.
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  }
  const killWithUs = () => kill(child);
  process.once("exit", killWithUs);
  child.once("exit", () => process.off("exit", killWithUs));
  const deadline = Date.now() + START_MS;
  while (isRunning(child) && Date.now() < deadline) {
    if (await raw(`http://localhost:${port}/robots.txt`).catch(() => null)) return { stop: () => stop(child) };
    await delay(50);
  }
  await stop(child);
  throw new Error(`The server did not answer:\n${printed}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  const ended = once(child, "exit");
  kill(child);
  await ended;
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

function kill({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group is gone.
  }
}
