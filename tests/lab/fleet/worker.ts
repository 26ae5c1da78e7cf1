import { fork } from "node:child_process";
import { once } from "node:events";

/** What a process can do for the one that has started it. Arguments and results travel as JSON. */
type Verbs = Readonly<Record<string, (...args: never[]) => unknown>>;

export interface Worker<V extends Verbs> {
  call<K extends keyof V & string>(verb: K, ...args: Parameters<V[K]>): Promise<Awaited<ReturnType<V[K]>>>;
  close(): Promise<void>;
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** In the started process: does what the other one asks. Ends with it. */
export function serve<V extends Verbs>(verbs: V): void {
  process.on("disconnect", () => process.exit());
  process.on("message", async ({ id, verb, args }: { id: number; verb: string; args: never[] }) => {
    try {
      process.send?.({ id, result: await verbs[verb]?.(...args) });
    } catch (error) {
      process.send?.({ id, error: String(error) });
    }
  });
}

/** Starts the program `file` in a process of its own; its verbs are `V`. */
export function startWorker<V extends Verbs>(file: string): Worker<V> {
  const child = fork(new URL(file, import.meta.url));
  const waiting = new Map<number, (reply: Reply) => void>();
  let next = 0;
  child.on("message", (reply: Reply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  child.on("exit", () => {
    for (const [id, settle] of waiting) settle({ id, error: `${file} ended` });
  });
  return {
    call: (verb, ...args) =>
      new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, ({ result, error }) => (error ? reject(new Error(error)) : resolve(result as never)));
        child.send({ id, verb, args });
      }),
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill();
      await once(child, "exit");
    },
  };
}
