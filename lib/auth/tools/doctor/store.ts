// With a store for sessions: reads lib/auth/store.ts, and writes, reads and deletes an entry of its own in that store.
import { existsSync, readFileSync } from "node:fs";
import { AuthError } from "../../core/base/errors";
import { createSecret } from "../../core/base/hash";
import type { SessionStore } from "../../core/base/session-store";
import { guardStore } from "../../core/store/guarded-store";
import { type Check, type Finding, fault, ok, runChecks, type Verdict, warning } from "./check";
import type { Variables } from "./variables";

interface Deployment {
  readonly store: SessionStore;
  readonly isProduction: boolean;
  /** Of each tenant; without tenants, those of the environment. */
  readonly variables: readonly Variables[];
}

const FILE = "lib/auth/store.ts";
const SOURCE = new URL("../../store.ts", import.meta.url);
const MIDDLEWARE = new URL("../../../../middleware.ts", import.meta.url);
/** The name by which memory.ts shares its entries. */
const MEMORY = Symbol.for("nextjs-cognito-auth.memory-store");
const LIFE_S = 60; // If the doctor is stopped, its entry ends by itself.

const KIND = { id: "store", title: "Session store" } as const;
const checks: readonly Check<Deployment>[] = [
  { ...KIND, run: checkKind },
  { id: "store_secret", title: "AUTH_SECRET for the store", run: checkSecret },
  { id: "store_read", title: "The store answers", run: checkRead },
  { id: "store_write", title: "The store keeps its contract", needs: ["store_read"], run: checkWrite },
];

/** Checks the app's store. The file may read process.env: the .env files must be loaded before. */
export async function examineStore(
  isProduction: boolean,
  variables: readonly Variables[],
): Promise<readonly Finding[]> {
  try {
    const { store }: { store: SessionStore | null } = await import("../../store");
    if (store === null) return [{ ...KIND, status: "ok", text: "none: sessions are in cookies" }];
    return await runChecks(checks, { store, isProduction, variables });
  } catch (error) {
    const name = error instanceof Error ? error.name : "error"; // The message may quote a value.
    const text = `${FILE} cannot be loaded: ${name}`;
    const fix = `Copy ${FILE} from the kit if it is missing. Install the package of your store (lib/auth/docs/stores.md)`;
    return [{ ...KIND, status: "fault", text, fix }];
  }
}

function checkKind({ isProduction }: Deployment): Verdict {
  const [, adapter = null] = /^import .*stores\/([\w-]+)["']/m.exec(readFileSync(SOURCE, "utf8")) ?? [];
  const isMemory = Reflect.has(globalThis, MEMORY);
  if ((isMemory || adapter === "redis") && existsSync(MIDDLEWARE)) {
    const text = `${isMemory ? "memory" : adapter} cannot be used from middleware.ts, which runs at the edge`;
    return fault(text, "Rename middleware.ts to proxy.ts, which runs in Node");
  }
  if (!isMemory) return ok(adapter ? `${adapter}, in ${FILE}` : `on, in ${FILE}`);
  const fix = "Take a database for production: lib/auth/docs/stores.md";
  if (!isProduction) return ok(`memory, in ${FILE}: a restart signs every user out`);
  return warning("memory: a restart signs every user out, and a second server knows none of them", fix);
}

/** The kit rejects every request without it. */
function checkSecret({ variables }: Deployment): Verdict {
  const isSet = variables.every(({ env }) => env.AUTH_SECRET?.trim());
  if (isSet) return ok("set: records are encrypted");
  return fault("is missing: with a store, every request ends with config_invalid", "openssl rand -base64 32");
}

async function checkRead({ store }: Deployment): Promise<Verdict> {
  const startedAt = Date.now();
  const found = await attempt(() => guardStore(store).get(createKey()));
  if (found instanceof AuthError) return fault(found.message, adviseOnAccess());
  if (found !== null) return fault("it returns a value for a key that nobody has written", adviseOnContract());
  return ok(`a read took ${Date.now() - startedAt} ms`);
}

/** Each step is one rule of `SessionStore`. */
async function checkWrite({ store: unguarded }: Deployment): Promise<Verdict> {
  const [store, key] = [guardStore(unguarded), createKey()];
  const broken = await attempt(() => findBrokenRule(store, key));
  const left = await attempt(() => store.delete(key));
  if (broken instanceof AuthError) return fault(broken.message, adviseOnAccess());
  if (broken !== null) return fault(broken, adviseOnContract());
  if (left instanceof AuthError) return fault(left.message, adviseOnAccess());
  return ok("it writes, reads and deletes, and only from the version that it has");
}

/** Returns the rule that the store breaks, or null. */
async function findBrokenRule(store: SessionStore, key: string): Promise<string | null> {
  const expiresAt = Math.floor(Date.now() / 1000) + LIFE_S;
  const put = (value: string, ifVersion: string | null) => store.put(key, value, { expiresAt, ifVersion });
  if (!(await put("first", null))) return "a put of a new entry returns false";
  const first = await store.get(key);
  if (first?.value !== "first") return "a get does not return the value of the put before it";
  if (await put("second", null)) return "a put with ifVersion null replaces an entry that exists";
  if (!(await put("second", first.version))) return "a put with the entry's version returns false";
  if (await put("third", first.version)) return "a put with an old version replaces the entry";
  const second = await store.get(key);
  if (second?.value !== "second") return "a put that returned true or false did not keep its word";
  await store.delete(key);
  if ((await store.get(key)) !== null) return "a get returns an entry that was deleted";
  return (await put("third", second.version)) ? "a put after the delete brings the entry back" : null;
}

async function attempt<T>(call: () => Promise<T>): Promise<T | AuthError> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AuthError) return error; // Its message is for logs.
    const name = error instanceof Error ? error.name : "error";
    return new AuthError("store_unavailable", `The store failed: ${name}`);
  }
}

const createKey = () => `session.doctor.${createSecret()}`;
const adviseOnAccess = () =>
  `Check address, credentials and rights of the store in ${FILE}, and that this machine may reach it`;
const adviseOnContract = () => "See the rules of SessionStore in lib/auth/core/base/session-store.ts";
