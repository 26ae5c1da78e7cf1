// A session store in Redis (6.2 or newer) or Valkey, with the package `redis`: npm install redis
//
//   // lib/auth/store.ts
//   export const store: SessionStore | null = createRedisStore(process.env.REDIS_URL);
//
// It needs Node, because it opens TCP connections: use `proxy.ts`, not `middleware.ts` at the edge.
// Set `maxmemory-policy noeviction` and turn on persistence: a lost entry is a user who is signed out, or a sign-out
// everywhere that is forgotten. Replication is asynchronous: a failover can lose the last writes.
import { createClient } from "redis";
import type { SessionStore } from "@/lib/auth/session";

/** A call ends within this time, with the time to connect. */
const TIMEOUT_MS = 2_000;
const GRACE_MS = 100;
const VERSION_LENGTH = 36;

// An entry is its version, a colon and the value. The script has one key, so it runs in a cluster, too. It is atomic.
// ARGV: the expected start of the entry (empty: there must be no entry), the new entry, when it expires.
const PUT = `
if redis.call("GETRANGE", KEYS[1], 0, ${VERSION_LENGTH}) ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[2], "EXAT", ARGV[3])
return 1`;

type Client = ReturnType<typeof createClient>;

interface Connection {
  readonly client: Client;
  readonly ready: Promise<unknown>;
}

/**
 * Returns a store in the Redis of `url`: `redis://` or, with TLS, `rediss://user:password@host:port`. It connects at the
 * first call. While Redis is away each call throws, and tries to connect again. Keys begin with `prefix`.
 */
export function createRedisStore(url: string | undefined, prefix = "auth:"): SessionStore {
  let connection: Connection | null = null;

  function drop(dropped: Connection) {
    if (connection === dropped) connection = null;
    if (dropped.client.isOpen) dropped.client.destroy();
  }

  async function run<T>(command: (client: Client) => Promise<T>): Promise<T> {
    if (connection && !connection.client.isOpen) connection = null;
    connection ??= connect(url);
    const used = connection;
    const limit = startLimit(() => drop(used)); // A connection without answers may be dead: the next call gets a new one.
    try {
      return await Promise.race([used.ready.then(() => command(used.client)), limit.isOver]);
    } finally {
      limit.cancel();
    }
  }

  return {
    async get(key) {
      const entry = await run((client) => client.get(prefix + key));
      if (entry === null) return null;
      return { version: entry.slice(0, VERSION_LENGTH), value: entry.slice(VERSION_LENGTH + 1) };
    },
    async put(key, value, { expiresAt, ifVersion }) {
      const expected = ifVersion === null ? "" : `${ifVersion}:`;
      const entry = `${crypto.randomUUID()}:${value}`;
      const options = { keys: [prefix + key], arguments: [expected, entry, String(Math.ceil(expiresAt))] };
      return (await run((client) => client.eval(PUT, options))) === 1;
    },
    async delete(key) {
      await run((client) => client.del(prefix + key));
    },
  };
}

/** The client never reconnects, so it has no queue of commands that wait: the next call makes a new client. */
function connect(url: string | undefined): Connection {
  const client = createClientOf(url);
  client.on("error", () => {}); // Without a listener it would end the process. The calls throw it, too.
  const ready = client.connect();
  return { client, ready };
}

function createClientOf(url: string | undefined): Client {
  if (!url) throw new Error("The Redis store has no URL");
  try {
    return createClient({
      url,
      disableOfflineQueue: true,
      socket: { connectTimeout: TIMEOUT_MS, reconnectStrategy: false },
    });
  } catch {
    throw new Error("The URL of Redis is malformed"); // Without the cause, which can hold the password.
  }
}

/** The promise rejects when the time is over. */
function startLimit(onOver: () => void): { isOver: Promise<never>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const isOver = new Promise<never>((_, reject) => {
    const end = () => {
      onOver();
      reject(new Error("Redis did not answer in time"));
    };
    // In two steps: after a stop of this process, an answer that waits is read between them.
    timer = setTimeout(() => {
      timer = setTimeout(end, GRACE_MS);
    }, TIMEOUT_MS - GRACE_MS);
  });
  return { isOver, cancel: () => clearTimeout(timer) };
}
