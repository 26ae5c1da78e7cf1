import { DOCUMENT, type RawResponse, raw } from "../../e2e/support/raw";

const HOST_HEADERS = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/143.0 Safari/537.36" };

/** A browser as far as cookies and redirects go. */
export class Visitor {
  readonly jar = new Map<string, string>();
  readonly origin: string;

  constructor(origin: string) {
    this.origin = origin;
  }

  get cookie(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<RawResponse> {
    const sent = { ...DOCUMENT, ...HOST_HEADERS, ...(this.cookie && { cookie: this.cookie }), ...headers };
    const response = await raw(new URL(path, this.origin).href, { headers: sent });
    for (const line of response.setCookie) {
      const [pair = ""] = line.split(";");
      const name = pair.slice(0, pair.indexOf("="));
      if (/; Max-Age=0(;|$)/.test(line)) this.jar.delete(name);
      else this.jar.set(name, pair.slice(name.length + 1));
    }
    return response;
  }

  /** To the callback's answer. `authorize` is what happens at Cognito. */
  async signIn(authorize: (url: string) => Promise<string>): Promise<RawResponse> {
    const { status, headers } = await this.get("/auth/login?returnTo=/me");
    if (!headers.location) throw new Error(`/auth/login answered ${status}`);
    const { pathname, search } = new URL(await authorize(headers.location));
    return this.get(pathname + search);
  }
}

/** What a proxy counts: every line with its CRLF. */
export function countHeaderBytes(response: RawResponse): number {
  const lines = Object.entries(response.headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((item) => `${name}: ${item}\r\n`),
  );
  return lines.join("").length;
}
