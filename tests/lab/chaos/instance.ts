import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { raw } from "../../e2e/support/raw";
import { nextCommand, type Variant, variantFolder } from "../../e2e/support/variants";

const START_MS = 60_000;
const KEPT_LINES = 40;

/** How a server is started. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** Returns the program of a port and its variables. */
export type Launch = (port: number, env: Readonly<Record<string, string>>) => Program;

/** Returns how `next start` runs a variant of the project. */
export function launchNext(variant: Variant): Launch {
  return (port, env) => ({
    ...nextCommand(["start", "-p", String(port), "-H", "localhost"], env),
    cwd: variantFolder(variant),
  });
}

/** One server that can be killed as by a power cut, started again on the same port, and stopped for a while. */
export class Instance {
  readonly port: number;
  readonly #env: Readonly<Record<string, string>>;
  readonly #launch: Launch;
  #child: ChildProcess | null = null;
  #printed: string[] = [];

  constructor(port: number, env: Readonly<Record<string, string>>, launch: Launch = launchNext("middleware")) {
    this.port = port;
    this.#env = env;
    this.#launch = launch;
    process.on("exit", this.#destroy);
  }

  /** Resolves once it answers. */
  async start(): Promise<void> {
    const { file, args, env, cwd } = this.#launch(this.port, this.#env);
    const child = spawn(file, args, {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // A process group of its own, so that killing it leaves nobody behind.
    });
    this.#child = child;
    this.#printed = [];
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", this.#print);
    const deadline = Date.now() + START_MS;
    while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
      if (await raw(`http://localhost:${this.port}/robots.txt`).catch(() => null)) return;
      await delay(30);
    }
    throw new Error(`The server did not answer:\n${this.#printed.join("")}`);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    this.#destroy();
    await ended;
  }

  /** Nothing in it runs until `resume`, as in a virtual machine that is moved: connections are accepted, no answer comes. */
  stop(): void {
    this.#signal("SIGSTOP");
  }

  resume(): void {
    this.#signal("SIGCONT");
  }

  async close(): Promise<void> {
    await this.kill();
    process.off("exit", this.#destroy);
  }

  readonly #print = (text: string): void => {
    this.#printed.push(text);
    if (this.#printed.length > KEPT_LINES) this.#printed.shift();
  };

  readonly #destroy = (): void => this.#signal("SIGKILL");

  #signal(signal: NodeJS.Signals): void {
    if (this.#child?.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // The group is gone.
    }
  }
}
