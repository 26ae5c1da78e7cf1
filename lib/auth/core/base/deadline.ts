// Time limits that stay fair when the process itself stands still.

const LATE_MS = 500;
const EXTRA_MS = 1_000;

/**
 * Calls `onOver` after `ms`; the function that it returns cancels that. When the timer fires late, the process was
 * stopped or too busy, and an answer may be waiting to be read: then there is one second more.
 */
export function startDeadline(ms: number, onOver: () => void): () => void {
  const dueAt = Date.now() + ms;
  let timer = setTimeout(() => {
    if (Date.now() - dueAt < LATE_MS) onOver();
    else timer = setTimeout(onOver, EXTRA_MS);
  }, ms);
  return () => clearTimeout(timer);
}

/** Whether `promise` fulfils or rejects within `ms`. */
export async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let cancel = () => {};
  const isOver = new Promise<boolean>((resolve) => {
    cancel = startDeadline(ms, () => resolve(false));
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, isOver]).finally(() => cancel());
}
