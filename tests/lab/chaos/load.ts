import { type ChildProcess, spawn } from "node:child_process";
import { cpus } from "node:os";

const PROCESSES_A_CORE = 4; // With the servers and the browsers: a load average of about 10 on two cores.

// Pauses for its input between two turns. The input ends with this process, however that ends, kill -9 included.
const SPINNER = `
process.stdin.on("end", () => process.exit()).on("error", () => process.exit()).resume();
const spin = () => {
  for (const end = Date.now() + 100; Date.now() < end; );
  setImmediate(spin);
};
spin();`;

/** Keeps every core busy. Returns how to stop that. */
export function startLoad(): () => void {
  const spin = () => spawn(process.execPath, ["-e", SPINNER], { stdio: ["pipe", "ignore", "ignore"] });
  const children: readonly ChildProcess[] = Array.from({ length: PROCESSES_A_CORE * cpus().length }, spin);
  const stop = () => {
    process.off("exit", stop);
    for (const child of children) child.kill("SIGKILL");
  };
  process.on("exit", stop);
  return stop;
}
