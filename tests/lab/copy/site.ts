import { cp } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { startTestPool, type TestPool } from "../../cognito/testing";
import { launchBrowser } from "../../e2e/support/chromium";
import { findFreePort } from "../../e2e/support/ports";
import { RoundRobin } from "../chaos/proxy";
import type { Layout } from "./layouts";
import type { Project } from "./project";
import { type Server, startServer } from "./server";

/** A copied project that runs, the user pool that it signs in with, and a browser. */
export interface Site {
  readonly layout: Layout;
  readonly pool: TestPool;
  readonly browser: Browser;
  readonly origin: string;
  /** The full address of a page, or of an API, as the layout writes it. */
  url(path: string): string;
  /** The Cookie header of somebody who is signed in. */
  cookieOf(who: string): Promise<string>;
  /** In a browser of its own, signed in when `who` is named. */
  newPage(who?: string): Promise<Page>;
  close(): Promise<void>;
}

/** Starts what a build made: one `next start`, or two standalone servers behind a proxy that asks them in turn. */
export async function openSite(layout: Layout, project: Project): Promise<Site> {
  const balancer = layout.isStandalone ? await RoundRobin.start() : null;
  const port = balancer?.port ?? (await findFreePort());
  const origin = `http://localhost:${port}`;
  const pool = await startTestPool({
    appUrl: origin + (layout.basePath ?? ""),
    ...(layout.env && { env: layout.env }),
  });
  const servers: Server[] = balancer
    ? await startReplicas(project, balancer, pool.env)
    : [await startServer(nextStart(project, port), port, pool.env)];
  const browser = await launchBrowser();
  return {
    layout,
    pool,
    browser,
    origin,
    url: (path) => addressOf(layout, origin, path),
    cookieOf: async (who) => {
      const cookies = await pool.signedInCookies(who);
      return cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    },
    newPage: async (who) => {
      const context = await browser.newContext();
      context.setDefaultTimeout(15_000);
      if (who) await context.addCookies(await pool.signedInCookies(who));
      return context.newPage();
    },
    close: async () => {
      await Promise.all([browser.close(), pool.close(), balancer?.close(), ...servers.map((server) => server.stop())]);
    },
  };
}

function addressOf({ basePath = "", trailingSlash }: Layout, origin: string, path: string): string {
  const url = new URL(basePath + path, origin);
  if (trailingSlash && !url.pathname.endsWith("/")) url.pathname += "/";
  return url.href;
}

function nextStart({ root }: Project, port: number) {
  const args = [join(root, "node_modules/next/dist/bin/next"), "start", "-p", String(port), "-H", "localhost"];
  return { file: process.execPath, args, cwd: root };
}

async function startReplicas({ root }: Project, balancer: RoundRobin, env: TestPool["env"]): Promise<Server[]> {
  const cwd = join(root, ".next/standalone");
  await cp(join(root, ".next/static"), join(cwd, ".next/static"), { recursive: true }); // As Next's documentation says.
  const servers: Server[] = [];
  for (const _ of ["A", "B"]) {
    const port = await findFreePort();
    const own = { ...env, PORT: String(port), HOSTNAME: "localhost" };
    servers.push(await startServer({ file: process.execPath, args: ["server.js"], cwd }, port, own));
    balancer.add(port);
  }
  return servers;
}
