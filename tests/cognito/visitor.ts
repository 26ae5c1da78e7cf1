import { once } from "node:events";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

/** What Playwright's `context.addCookies` takes, and the `cookies` of its storage state. */
export interface BrowserCookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  readonly path: string;
  /** Seconds since the epoch. */
  readonly expires: number;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite: "Lax";
}

const DOCUMENT = {
  accept: "text/html",
  "sec-fetch-site": "none",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
  "upgrade-insecure-requests": "1",
};
const MAX_REDIRECTS = 5;

/** A browser, as far as a sign-in needs one: it opens pages and keeps cookies. */
export class Visitor {
  readonly #jar = new Map<string, Omit<BrowserCookie, "domain">>();

  get cookies(): readonly Omit<BrowserCookie, "domain">[] {
    return [...this.#jar.values()];
  }

  /** Opens a page, and returns where it redirects to. It follows Next's redirects to the same path only. */
  async visit(address: string): Promise<string> {
    let url = new URL(address);
    for (let i = 0; i < MAX_REDIRECTS; i++) {
      const { status, location } = await this.#get(url);
      if (location === undefined) throw new Error(`${url.pathname} answered ${status}`);
      const next = new URL(location, url);
      if (next.origin !== url.origin || withoutSlash(next.pathname) !== withoutSlash(url.pathname)) return next.href;
      url = next;
    }
    throw new Error(`${url.pathname} redirects to itself`);
  }

  /** node:http and not fetch, which sets Sec-Fetch headers of its own. */
  async #get(url: URL): Promise<{ status: number; location: string | undefined }> {
    const cookie = [...this.#jar.values()].map(({ name, value }) => `${name}=${value}`).join("; ");
    const send = url.protocol === "https:" ? requestHttps : requestHttp;
    const outgoing = send(url, { agent: false, headers: { ...DOCUMENT, ...(cookie && { cookie }) } }).end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    response.resume();
    for (const line of response.headers["set-cookie"] ?? []) this.#keep(line);
    return { status: response.statusCode ?? 0, location: response.headers.location };
  }

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const split = pair.indexOf("=");
    const [name, value] = [pair.slice(0, split), pair.slice(split + 1)];
    const maxAge = Number(attributes.find((it) => /^max-age=/i.test(it))?.split("=")[1]);
    const has = (flag: string) => attributes.some((it) => it.toLowerCase() === flag);
    if (maxAge === 0) this.#jar.delete(name);
    else {
      const expires = Number.isNaN(maxAge) ? -1 : Math.floor(Date.now() / 1000) + maxAge;
      const flags = { httpOnly: has("httponly"), secure: has("secure"), sameSite: "Lax" } as const;
      this.#jar.set(name, { name, value, path: "/", expires, ...flags });
    }
  }
}

const withoutSlash = (path: string) => path.replace(/\/+$/, "");
