import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type AppServer, startAppServer } from "./app-server";
import { launchBrowser } from "./chromium";
import { findLeaks } from "./leaks";
import { findFreePort } from "./ports";
import { startTap } from "./tap";
import { startTlsProxy, type TlsProxy } from "./tls-proxy";
import { basePathOf, type Variant, variantFolder } from "./variants";

/** How the app is run: which build, and whether the browser comes by https, as it does in production. */
export interface Mode {
  readonly variant: Variant;
  readonly https: boolean;
  /** Its name, localhost by default. A name that ends in .localhost can have siblings. */
  readonly host?: string;
  /** A second name of the same server, with an entry of its own in APP_BASE_URL. */
  readonly otherHost?: string;
}

/** The demo app in front of a browser. */
export interface App {
  /** Its APP_BASE_URL: localhost or below it, while user pools are on 127.0.0.1: to a browser that is another site. */
  readonly baseUrl: string;
  /** The entry of `otherHost`; without one, `baseUrl`. */
  readonly otherUrl: string;
  /** Next's name for this build. */
  readonly buildId: string;
  readonly server: AppServer;
  readonly browser: Browser;
  /** With https only. */
  readonly tls: TlsProxy | null;
  /** A page in a browser without cookies. `closePages` closes all of them. */
  newPage(): Promise<Page>;
  closePages(): Promise<void>;
  /** Where a token, code, verifier or secret of this run turned up outside the cookies that belong to it. */
  findLeaks(): Promise<readonly string[]>;
  /** Throws when there was a leak. */
  close(): Promise<void>;
}

type Environment = Readonly<Record<string, string>>;

/** `connect` is told the app's URLs, and answers with the environment that makes the app use a user pool. */
export async function openApp(
  mode: Mode,
  connect: (baseUrl: string, otherUrl: string) => Promise<Environment>,
): Promise<App> {
  const tap = await startTap();
  const tls = mode.https ? await startTlsProxy(tap.port) : null;
  const urlOf = (host = "localhost") =>
    (tls ? `https://${host}:${tls.port}` : `http://${host}:${tap.port}`) + basePathOf(mode.variant);
  const [baseUrl, otherUrl] = [urlOf(mode.host), urlOf(mode.otherHost ?? mode.host)];
  const list = mode.otherHost ? `${baseUrl}, ${otherUrl}` : baseUrl;
  const env = { APP_BASE_URL: list, ...(await connect(baseUrl, otherUrl)) };
  tap.appPort = await findFreePort(); // Last, so that nobody else takes it.
  const [server, browser] = await Promise.all([startAppServer(mode.variant, tap.appPort, env), launchBrowser()]);
  const closePages = async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
  };
  const seekLeaks = () => findLeaks({ tap, env, output: server.output(), folder: variantFolder(mode.variant) });
  return {
    baseUrl,
    otherUrl,
    buildId: await readFile(join(variantFolder(mode.variant), ".next/BUILD_ID"), "utf8"),
    server,
    browser,
    tls,
    newPage: async () => (await newContext(browser, baseUrl)).newPage(),
    closePages,
    findLeaks: seekLeaks,
    close: async () => {
      await Promise.all([browser.close(), server.stop(), tls?.close(), tap.close()]);
      const leaks = await seekLeaks();
      if (leaks.length > 0) throw new Error(`The app gave away what is secret:\n${leaks.join("\n")}`);
    },
  };
}

async function newContext(browser: Browser, baseURL: string): Promise<BrowserContext> {
  const context = await browser.newContext({ baseURL, ignoreHTTPSErrors: true });
  context.setDefaultTimeout(15_000);
  return context;
}
