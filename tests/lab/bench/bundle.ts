import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { raw } from "../../e2e/support/raw";
import { type AppName, appFolder, buildApp } from "./apps";
import { fixed, type Part } from "./report";
import { Server } from "./server";
import { Stage } from "./stage";

const GOAL_BYTES = 12_000;

interface Size {
  readonly bytes: number;
  readonly gzipped: number;
}

/** What the kit adds to the code that runs at the edge, and to what a browser loads. */
export async function runBundle(): Promise<Part> {
  const stage = await Stage.open();
  const apps = ["empty", "jose", "kit"] as const;
  for (const app of apps) await buildApp(app);
  const edge = new Map<AppName, Size>();
  const client = new Map<AppName, Size>();
  for (const app of apps) {
    edge.set(app, await weighEdge(app));
    client.set(app, await weighFirstLoad(app, stage));
  }
  await stage.cognito.close();
  const added = (sizes: ReadonlyMap<AppName, Size>, app: AppName, what: keyof Size) =>
    (sizes.get(app)?.[what] ?? Number.NaN) - (sizes.get("empty")?.[what] ?? Number.NaN);
  const row = (title: string, sizes: ReadonlyMap<AppName, Size>, app: AppName) => [
    title,
    fixed(sizes.get(app)?.bytes ?? Number.NaN, 0),
    fixed(added(sizes, app, "bytes"), 0),
    fixed(added(sizes, app, "gzipped"), 0),
  ];
  const [atEdge, inBrowser] = [added(edge, "kit", "gzipped"), added(client, "kit", "bytes")];
  return {
    tables: [
      {
        title: "Bundles",
        head: ["", "bytes", "added to the empty middleware's", "added, gzip"],
        rows: [
          row("middleware, empty", edge, "empty"),
          row("middleware, jose", edge, "jose"),
          row("middleware, the kit", edge, "kit"),
          row("first-load JavaScript of /private, empty", client, "empty"),
          row("first-load JavaScript of /private, the kit", client, "kit"),
        ],
      },
    ],
    goals: [
      {
        claim: `The kit adds at most ${fixed(GOAL_BYTES, 0)} bytes, gzip, to the middleware`,
        found: fixed(atEdge, 0),
        isReached: atEdge <= GOAL_BYTES,
      },
      { claim: "The kit adds no first-load JavaScript", found: fixed(inBrowser, 0), isReached: inBrowser === 0 },
    ],
  };
}

async function weighEdge(app: AppName): Promise<Size> {
  const folder = join(appFolder(app), ".next/server/edge/chunks");
  const files = (await readdir(folder)).filter((file) => file.endsWith(".js"));
  return weigh(await Promise.all(files.map((file) => readFile(join(folder, file)))));
}

/** All scripts that the page asks for. */
async function weighFirstLoad(app: AppName, stage: Stage): Promise<Size> {
  const server = await Server.start(app, stage.env);
  try {
    const cookie = await stage.signIn(stage.config());
    const { body } = await raw(`${server.url}/private`, { headers: { cookie, accept: "text/html" } });
    const scripts = new Set([...body.matchAll(/\/_next\/(static\/[^"'\\?]+\.js)/g)].map(([, path = ""]) => path));
    if (scripts.size === 0) throw new Error(`${app}: the page loads no script\n${body.slice(0, 200)}`);
    return weigh(await Promise.all([...scripts].map((path) => readFile(join(appFolder(app), ".next", path)))));
  } finally {
    await server.stop();
  }
}

function weigh(files: readonly Buffer[]): Size {
  const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);
  return { bytes: sum(files.map((file) => file.length)), gzipped: sum(files.map((file) => gzipSync(file).length)) };
}
