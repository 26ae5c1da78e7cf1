import type { Browser, BrowserContext, Page } from "playwright-core";
import { type AppServer, startAppServer } from "./app-server";
import { launchBrowser } from "./chromium";
import { findFreePort } from "./ports";
import { startTlsProxy, type TlsProxy } from "./tls-proxy";
import type { Variant } from "./variants";

/** How the app is run: which build, and whether the browser comes by https, as it does in production. */
export interface Mode {
  readonly variant: Variant;
  readonly https: boolean;
}

/** The demo app in front of a browser. */
export interface App {
  /** Its APP_BASE_URL. Always localhost, while user pools are on 127.0.0.1: to a browser that is another site. */
  readonly baseUrl: string;
  readonly server: AppServer;
  readonly browser: Browser;
  /** With https only. */
  readonly tls: TlsProxy | null;
  /** A page in a browser without cookies. `closePages` closes all of them. */
  newPage(): Promise<Page>;
  closePages(): Promise<void>;
  close(): Promise<void>;
}

type Environment = Readonly<Record<string, string>>;

/** `connect` is told the app's URL, and answers with the environment that makes the app use a user pool. */
export async function openApp(mode: Mode, connect: (baseUrl: string) => Promise<Environment>): Promise<App> {
  const port = await findFreePort();
  const tls = mode.https ? await startTlsProxy(port) : null;
  const baseUrl = tls ? `https://localhost:${tls.port}` : `http://localhost:${port}`;
  const env = { APP_BASE_URL: baseUrl, ...(await connect(baseUrl)) };
  const [server, browser] = await Promise.all([startAppServer(mode.variant, port, env), launchBrowser()]);
  const closePages = async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
  };
  return {
    baseUrl,
    server,
    browser,
    tls,
    newPage: async () => (await newContext(browser, baseUrl)).newPage(),
    closePages,
    close: async () => {
      await Promise.all([browser.close(), server.stop(), tls?.close()]);
    },
  };
}

async function newContext(browser: Browser, baseURL: string): Promise<BrowserContext> {
  const context = await browser.newContext({ baseURL, ignoreHTTPSErrors: true });
  context.setDefaultTimeout(15_000);
  return context;
}
