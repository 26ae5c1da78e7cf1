import { type AppName, buildApp } from "./apps";
import { load, type Target } from "./load";
import { formatSpread, type Part, type Table } from "./report";
import { Server } from "./server";
import { Stage } from "./stage";
import { interleave, spread } from "./statistics";

const APPS: Readonly<Record<string, AppName>> = {
  "no middleware": "page-only",
  "an empty proxy.ts": "page-empty-proxy",
  "the kit as proxy.ts": "kit-proxy",
  "an empty middleware.ts": "page-empty-middleware",
  "the kit as middleware.ts": "kit",
};
const CONNECTIONS = 16;
const USERS = 50;
const REQUESTS = 300; // In one block: short, so that a slow second of the machine falls on all apps.
const WARM_UP = 2_000;

const NOTE = `Milliseconds of processor in the server for one request: median and quartiles. Blocks of ${REQUESTS} requests on ${CONNECTIONS} connections, in turn. The guarded page calls requireSession() in every row. The static page is public, and its visitor sends no cookie.`;

interface Site {
  readonly server: Server;
  readonly cookies: readonly string[];
}

/** What a request costs the server by the file that guards it: none, proxy.ts in Node, middleware.ts at the edge. */
export async function runCosts(isQuick: boolean): Promise<Part> {
  for (const app of Object.values(APPS)) await buildApp(app);
  const stage = await Stage.open();
  const sites = new Map<string, Site>();
  try {
    const cookies = await stage.signInMany(USERS, stage.config());
    for (const [name, app] of Object.entries(APPS)) {
      sites.set(name, { server: await Server.start(app, stage.env), cookies });
    }
    return { tables: [await measure(sites, isQuick)], goals: [] };
  } finally {
    for (const { server } of sites.values()) await server.stop();
    await stage.cognito.close();
  }
}

async function measure(sites: ReadonlyMap<string, Site>, isQuick: boolean): Promise<Table> {
  const guarded = ({ cookies }: Site): Target => ({ path: "/private", status: 200, cookies });
  const published = (): Target => ({ path: "/about", status: 200, cookies: [] });
  const costsOf = async (aim: (site: Site) => Target) => {
    for (const site of sites.values()) await load(site.server, aim(site), isQuick ? REQUESTS : WARM_UP, CONNECTIONS);
    return interleave([...sites.keys()], isQuick ? 4 : 24, async (name) => {
      const site = sites.get(name);
      if (!site) throw new Error(`No ${name}`);
      const { cpu } = await load(site.server, aim(site), REQUESTS, CONNECTIONS);
      return cpu;
    });
  };
  const [ofGuarded, ofPublic] = [await costsOf(guarded), await costsOf(published)];
  const cell = (costs: ReadonlyMap<string, readonly number[]>, name: string) =>
    formatSpread(spread(costs.get(name) ?? []), 2);
  return {
    title: "What the guard costs: processor time for one request",
    head: ["", "guarded page, ms", "static public page, ms"],
    rows: [...sites.keys()].map((name) => [name, cell(ofGuarded, name), cell(ofPublic, name)]),
    notes: [NOTE],
  };
}
