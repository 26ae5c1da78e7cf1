// Starts a Redis or Valkey server that is installed on this machine.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The server's program, or null: none is installed. */
export const program =
  ["valkey-server", "redis-server"].find((name) => spawnSync(name, ["--version"]).status === 0) ?? null;

export async function startRedis(password: string) {
  if (!program) throw new Error("No Redis or Valkey is installed");
  const name = program;
  const folder = mkdtempSync(join(tmpdir(), "redis-"));
  const port = await findPort();
  let server: ChildProcess | null = null;

  async function start(): Promise<void> {
    const options = { port, bind: "127.0.0.1", save: "", appendonly: "no", dir: folder, requirepass: password };
    const args = Object.entries(options).flatMap(([option, value]) => [`--${option}`, String(value)]);
    const started = spawn(name, args, { stdio: ["ignore", "pipe", "inherit"] });
    server = started;
    started.stdout.setEncoding("utf8");
    let output = "";
    for await (const text of started.stdout.iterator({ destroyOnReturn: false })) {
      output += text;
      if (output.includes("Ready to accept connections")) break;
    }
    if (started.exitCode !== null) throw new Error(output);
    started.stdout.resume();
  }

  async function kill(): Promise<void> {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const isGone = once(server, "exit");
    server.kill("SIGKILL");
    await isGone;
  }

  await start();
  return {
    port,
    url: `redis://:${password}@127.0.0.1:${port}`,
    start,
    kill,
    /** The server keeps its connections, and answers nothing. */
    pause: async () => void server?.kill("SIGSTOP"),
    resume: async () => void server?.kill("SIGCONT"),
    async close() {
      await kill();
      rmSync(folder, { recursive: true });
    },
  };
}

async function findPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address ? address.port : 0;
}
