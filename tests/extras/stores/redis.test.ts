// The Redis store against a real server, if one is installed. `npm run test:stores` fails without one.
import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createRedisStore } from "@/lib/auth-extras/stores/redis";
import { type Database, describeStore, standStill } from "./contract";
import { program, startRedis } from "./redis-server";

const PASSWORD = "a-password-of-redis";
const REASON = "no redis-server or valkey-server is installed (Debian: apt-get install redis-server)";

async function startDatabase(): Promise<Database> {
  const redis = await startRedis(PASSWORD);
  return {
    connect: () => createRedisStore(redis.url),
    outages: {
      "is not running": { start: redis.kill, end: redis.start },
      "does not answer": { start: redis.pause, end: redis.resume },
    },
    close: redis.close,
  };
}

/** A proxy whose present connections can fall silent, as when a router forgets them. */
async function startTcpProxy(targetPort: number) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const target = createConnection(targetPort, "127.0.0.1");
    for (const it of [socket, target]) {
      it.on("error", () => {});
      sockets.add(it);
    }
    socket.pipe(target).pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    silence() {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const inOneHour = () => Math.floor(Date.now() / 1000) + 3_600;

if (!program) {
  if (process.env.STORES === "all") throw new Error(`The tests of the Redis store cannot run: ${REASON}`);
  console.warn(`LEFT OUT: the tests of the Redis store, because ${REASON}`);
}

describe.skipIf(!program)(`with ${program ?? "Redis"},`, () => {
  describeStore("the Redis store", startDatabase, ["is not running", "does not answer"]);

  describe("the Redis store", () => {
    let redis: Awaited<ReturnType<typeof startRedis>>;
    let admin: ReturnType<typeof createClient>;
    beforeAll(async () => {
      redis = await startRedis(PASSWORD);
      admin = createClient({ url: redis.url });
      await admin.connect();
    });
    afterAll(async () => {
      admin?.destroy();
      await redis?.close();
    });

    test("lets Redis delete an entry at its time", async () => {
      const expiresAt = inOneHour();
      await createRedisStore(redis.url).put("expiring", "a", { expiresAt, ifVersion: null });
      expect(await admin.expireTime("auth:expiring")).toBe(expiresAt);
    });

    test("keeps the entries of two prefixes apart", async () => {
      const [one, two] = [createRedisStore(redis.url, "one:"), createRedisStore(redis.url, "two:")];
      await one.put("shared", "a", { expiresAt: inOneHour(), ifVersion: null });
      expect(await two.get("shared")).toBeNull();
      expect(await admin.exists("one:shared")).toBe(1);
    });

    test("connects again when Redis or a load balancer has closed an idle connection", async () => {
      const store = createRedisStore(redis.url);
      await store.put("idle", "a", { expiresAt: inOneHour(), ifVersion: null });
      for (let round = 0; round < 3; round++) {
        expect(await admin.clientKill({ filter: "SKIPME", skipMe: true })).toBeGreaterThan(0);
        await vi.waitFor(async () => expect((await store.get("idle"))?.value).toBe("a"));
      }
    });

    test("leaves a connection that is dead without a sign, and connects again", async () => {
      const proxy = await startTcpProxy(redis.port);
      const store = createRedisStore(redis.url.replace(`:${redis.port}`, `:${proxy.port}`));
      await store.put("silent", "a", { expiresAt: inOneHour(), ifVersion: null });
      proxy.silence();
      await expect(store.get("silent")).rejects.toThrow("did not answer");
      await vi.waitFor(async () => expect((await store.get("silent"))?.value).toBe("a"), { timeout: 20_000 });
      proxy.close();
    });

    test("reads an answer that came while this process stood still for longer than a call may take", async () => {
      const store = createRedisStore(redis.url);
      await store.put("still", "a", { expiresAt: inOneHour(), ifVersion: null });
      await redis.pause();
      const answer = store.get("still");
      await new Promise((resolve) => setTimeout(resolve, 50)); // The command is sent.
      await new Promise((resolve) => setImmediate(resolve)); // From here, timers come before what a socket received.
      void redis.resume();
      standStill(2_500);
      expect((await answer)?.value).toBe("a");
    });

    test("uses one connection for calls at the same time, and opens none before the first call", async () => {
      const connections = async () => (await admin.clientList()).length;
      await admin.clientKill({ filter: "SKIPME", skipMe: true });
      await vi.waitFor(async () => expect(await connections()).toBe(1));
      const store = createRedisStore(redis.url);
      expect(await connections()).toBe(1);
      await Promise.all(Array.from({ length: 50 }, () => store.get("a")));
      expect(await connections()).toBe(2);
    });

    test("throws when the password is wrong or the URL malformed, and quotes no password", async () => {
      const urls = [
        redis.url.replace(PASSWORD, "another-password"),
        redis.url.replace(`:${PASSWORD}@`, ""),
        `redis://:${PASSWORD}@127.0.0.1:port`,
        `http://:${PASSWORD}@127.0.0.1:${redis.port}`,
        `${redis.url}/a-name`,
        `${redis.url.replace(PASSWORD, `${PASSWORD}%`)}`,
      ];
      for (const url of urls) {
        const error: unknown = await createRedisStore(url)
          .get("a")
          .catch((it: unknown) => it);
        expect(error, url).toBeInstanceOf(Error);
        const own = Object.getOwnPropertyNames(error).map((name) => String(Reflect.get(Object(error), name)));
        expect(own.join("\n")).not.toMatch(/a-password|another-password/);
      }
      await expect(createRedisStore(undefined).get("a")).rejects.toThrow("no URL");
    });

    test("needs only the commands that stores.md names, on the keys with its prefix", async () => {
      const commands = ["get", "getrange", "set", "del", "eval"].map((name) => `+${name}`);
      await admin.aclSetUser("app", ["on", ">of-the-app", "~auth:*", ...commands]);
      const store = createRedisStore(redis.url.replace(`:${PASSWORD}`, "app:of-the-app"));
      expect(await store.put("limited", "a", { expiresAt: inOneHour(), ifVersion: null })).toBe(true);
      expect((await store.get("limited"))?.value).toBe("a");
      await store.delete("limited");
      expect(await store.get("limited")).toBeNull();
      const other = createRedisStore(redis.url.replace(`:${PASSWORD}`, "app:of-the-app"), "other:");
      await expect(other.get("limited")).rejects.toThrow("NOPERM");
    });

    test("shows errors of Redis to the app", async () => {
      await admin.lPush("auth:a-list", "a");
      await expect(createRedisStore(redis.url).get("a-list")).rejects.toThrow("WRONGTYPE");
    });
  });
});
