import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findFreePort } from "../../e2e/support/ports";
import { nextCommand } from "../../e2e/support/variants";
import { type AppName, appFolder } from "./apps";

const START_MS = 60_000;

/** `next start` of a built app, on a port of its own. */
export class Server {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
    process.on("exit", this.#kill);
  }

  /** Resolves once it says that it is ready, with no request made yet. */
  static async start(app: AppName, env: Readonly<Record<string, string>>): Promise<Server> {
    const port = await findFreePort();
    const url = `http://localhost:${port}`;
    const command = nextCommand(["start", "-p", String(port), "-H", "localhost"], { APP_BASE_URL: url, ...env });
    const log = join(appFolder(app), `server-${port}.log`);
    const file = openSync(log, "w");
    const child = spawn(command.file, command.args, {
      cwd: appFolder(app),
      env: command.env,
      stdio: ["ignore", file, file],
      detached: true, // A process group of its own, so that killing it leaves nobody behind.
    });
    closeSync(file);
    const server = new Server(child, url);
    const deadline = Date.now() + START_MS;
    while (child.exitCode === null && Date.now() < deadline) {
      if (readFileSync(log, "utf8").includes("Ready in")) return server;
      await delay(10);
    }
    throw new Error(`next start of ${app} is not ready:\n${readFileSync(log, "utf8")}`);
  }

  /** Nanoseconds of processor that its processes, all threads of them, have used so far. */
  cpuTime(): bigint {
    return processTree(this.#child.pid ?? 0).reduce((sum, pid) => sum + timeOf(pid), 0n);
  }

  async stop(): Promise<void> {
    process.off("exit", this.#kill);
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#kill();
    await ended;
  }

  readonly #kill = (): void => {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // The group is gone.
    }
  };
}

/** A process and its descendants (proc(5): the fourth field of stat is the parent). */
function processTree(root: number): readonly number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const parents = pids.map((pid) => [Number(pid), Number(readStat(pid)[1])] as const);
  const tree = [root];
  for (const parent of tree) tree.push(...parents.filter(([, it]) => it === parent).map(([pid]) => pid));
  return tree;
}

/** What follows the command's name in /proc/<pid>/stat: state, parent … */
function readStat(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
  } catch {
    return [];
  }
}

/** To the nanosecond, while utime and stime of stat count in hundredths of a second. */
function timeOf(pid: number): bigint {
  const threads = readdirSync(`/proc/${pid}/task`);
  const times = threads.map((tid) => readFileSync(`/proc/${pid}/task/${tid}/schedstat`, "utf8").split(" ")[0] ?? "0");
  return times.reduce((sum, time) => sum + BigInt(time), 0n);
}
