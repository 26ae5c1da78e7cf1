import { interleave } from "./statistics";

/** Something to time, by its name. */
export interface Case {
  readonly name: string;
  /** Thunks that do it once each, on input of their own: as in a server, no string was seen before. */
  readonly prepare: (count: number) => readonly Operation[] | Promise<readonly Operation[]>;
}

export type Operation = () => unknown;

const BATCH_NS = 6_000_000;
const MAX_BATCH = 2_000;
const WARM_UPS = 12; // Until the compiler has seen enough of it.

/** Microseconds of one operation, by name, one figure a round. */
export async function timeCases(
  cases: readonly Case[],
  rounds: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const sizes = new Map<string, number>();
  for (const each of cases) {
    let size = 100;
    for (let times = 0; times < WARM_UPS; times += 1) {
      const once = await runBatch(await each.prepare(size));
      size = Math.max(10, Math.min(MAX_BATCH, Math.ceil(BATCH_NS / once)));
    }
    sizes.set(each.name, size);
  }
  const byName = new Map(cases.map((each) => [each.name, each]));
  return interleave([...byName.keys()], rounds, async (name) => {
    const operations = (await byName.get(name)?.prepare(sizes.get(name) ?? 1)) ?? [];
    return (await runBatch(operations)) / 1_000;
  });
}

/** Nanoseconds of one operation. */
async function runBatch(operations: readonly Operation[]): Promise<number> {
  globalThis.gc?.({ type: "minor", execution: "sync" }); // Not to pay for what prepared them.
  const startedAt = process.hrtime.bigint();
  for (const operation of operations) {
    const result = operation();
    if (result instanceof Promise) await result;
  }
  return Number(process.hrtime.bigint() - startedAt) / operations.length;
}

/** The same characters in a string of its own, without a hash that some map may have left in it. */
export function freshCopy(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

/** Hands out `items` in turn, from the first again after the last. */
export function takeInTurn<T>(items: readonly T[]): (count: number) => readonly T[] {
  let next = 0;
  return (count) =>
    Array.from({ length: count }, () => {
      const item = items[next % items.length];
      next += 1;
      if (item === undefined) throw new Error("Nothing to hand out");
      return item;
    });
}

/** How often signatures are checked while `operations` run: what is called remembered must not, all else must. */
export async function countVerifications(operations: readonly Operation[]): Promise<number> {
  const { subtle } = crypto;
  const { verify } = subtle;
  let count = 0;
  subtle.verify = (...parameters) => {
    count += 1;
    return verify.apply(subtle, parameters);
  };
  for (const operation of operations) await operation();
  Reflect.deleteProperty(subtle, "verify");
  return count;
}
