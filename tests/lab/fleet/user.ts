import { setTimeout as delay } from "node:timers/promises";
import { DOCUMENT, FETCH } from "../../e2e/support/raw";
import { Browser } from "../chaos/browser";
import type { Site } from "./site";

/** What one request of a page load got, and after how long. */
export interface Outcome {
  /** Of the last attempt. */
  readonly status: number;
  readonly milliseconds: number;
}

export const PAGE_LOAD = 40;

const NO_SERVER = [0, 502];
const ATTEMPTS = 5;
const RETRY_MS = 100;
const PATIENCE_MS = 60_000;

/** One user in one browser. */
export class User {
  readonly #browser: Browser;
  readonly #site: Site;
  readonly #username: string;

  constructor(site: Site, index: number) {
    this.#site = site;
    this.#username = `user-${index}`;
    this.#browser = new Browser(site.baseUrl);
  }

  async signIn(): Promise<void> {
    const login = await this.#browser.send("/auth/login?returnTo=/dashboard", { headers: DOCUMENT });
    const callback = await this.#site.cognito.call("authorize", login.location ?? "", this.#username);
    const headers = { ...DOCUMENT, "sec-fetch-site": "cross-site" };
    const { status, location } = await this.#browser.send(callback.slice(this.#site.baseUrl.length), { headers });
    if (!location?.endsWith("/dashboard")) throw new Error(`The sign-in ended with ${status} ${location}`);
  }

  /** As if an hour had passed: access and ID cookie end with their tokens. */
  oversleep(): void {
    this.#browser.forget((name) => /^auth\.(access|id)\b/.test(name));
  }

  /** The parallel requests of a page that loads its data: all with the cookies that the browser has now. */
  load(count = PAGE_LOAD, isDocument = false): Promise<readonly Outcome[]> {
    const cookie = this.#browser.cookieHeader;
    return Promise.all(Array.from({ length: count }, () => this.#ask(cookie, isDocument)));
  }

  /** A server that dies takes its requests along: a browser, or its user, sends them again. */
  async #ask(cookie: string, isDocument: boolean): Promise<Outcome> {
    const startedAt = performance.now();
    const headers = isDocument ? DOCUMENT : FETCH;
    let status = 0;
    for (let attempt = 0; attempt < ATTEMPTS && NO_SERVER.includes(status); attempt += 1) {
      if (attempt > 0) await delay(RETRY_MS);
      ({ status } = await this.#browser.send("/api/me", { headers, cookie, abortAfterMs: PATIENCE_MS }));
    }
    return { status, milliseconds: performance.now() - startedAt };
  }
}
