import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { findFreePort } from "../../e2e/support/ports";
import { buildVariant } from "../../e2e/support/variants";
import { Instance, type Launch, launchNext } from "../chaos/instance";
import { RoundRobin } from "../chaos/proxy";
import type { StandIn } from "./cognito";
import type { Database } from "./database";
import { startWorker, type Worker } from "./worker";

/** What a server is: the kit's routes on Node's HTTP server, or a whole `next start`. */
export type Kind = "light" | "next";

/** Servers that know nothing of each other, the proxy before them, and the stand-ins that they ask. */
export interface Site {
  readonly baseUrl: string;
  readonly kind: Kind;
  readonly instances: readonly Instance[];
  readonly proxy: RoundRobin;
  readonly cognito: Worker<StandIn>;
  readonly database: Worker<Database>;
  close(): Promise<void>;
}

interface Plan {
  readonly kind: Kind;
  readonly size: number;
  readonly isStored: boolean;
  readonly users: number;
}

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const BUNDLE = join(ROOT, "tests/.output/fleet/server.cjs");

/** Builds what servers of these kinds run. */
export async function buildSites(kinds: readonly Kind[]): Promise<void> {
  if (kinds.includes("next")) await buildVariant("stored");
  await build({
    entryPoints: [join(ROOT, "tests/lab/fleet/server.ts")],
    outfile: BUNDLE,
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["next"],
    alias: { "server-only": join(ROOT, "tests/support/server-only.ts") },
    plugins: [
      {
        name: "the store of the environment",
        setup: ({ onResolve }) =>
          onResolve({ filter: /^\.\/store$/ }, () => ({ path: join(ROOT, "tests/lab/fleet/store.ts") })),
      },
    ],
  });
}

const launchLight: Launch = (port, env) => {
  const { PATH = "" } = process.env;
  return {
    file: process.execPath,
    args: [BUNDLE],
    env: { NODE_ENV: "production", PATH, PORT: String(port), ...env },
    cwd: ROOT,
  };
};

export async function startSite({ kind, size, isStored, users }: Plan): Promise<Site> {
  const proxy = await RoundRobin.start();
  const [cognito, database] = [startWorker<StandIn>("./cognito.ts"), startWorker<Database>("./database.ts")];
  const instances: Instance[] = [];
  const close = async () => {
    await Promise.all([...instances.map((it) => it.close()), proxy.close(), cognito.close(), database.close()]);
  };
  try {
    const baseUrl = `http://localhost:${proxy.port}`;
    const store = `http://127.0.0.1:${await database.call("start")}`;
    const env = {
      ...(await cognito.call("start", baseUrl, users)),
      AUTH_SECRET: "a-secret-of-more-than-thirty-two-bytes",
      ...(isStored && { FLEET_STORE: store }),
    };
    const launch = kind === "next" ? launchNext("stored") : launchLight;
    while (instances.length < size) instances.push(new Instance(await findFreePort(), env, launch));
    for (const instance of instances) {
      await instance.start();
      proxy.add(instance.port);
    }
    return { baseUrl, kind, instances, proxy, cognito, database, close };
  } catch (error) {
    await close();
    throw error;
  }
}
