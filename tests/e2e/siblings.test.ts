import type { ServerResponse } from "node:http";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Visitor } from "../lab/deploy/visitor";
import { kitCookies, sessionCookies, signIn } from "./support/flows";
import { openStage, type Stage } from "./support/stage";
import { startTlsServer, type TlsServer } from "./support/tls-proxy";

// The app is at app.localhost. A sibling, evil.app.localhost, may set cookies for both, and to a browser it is the same
// site: SameSite cookies go with its requests.
const HOST = "app.localhost";

let stage: Stage;
let sibling: TlsServer;
let page: Page;
let answerAsSibling: (response: ServerResponse) => void;
beforeAll(async () => {
  stage = await openStage({ variant: "middleware", https: true, host: HOST });
  sibling = await startTlsServer((_request, response) => answerAsSibling(response));
});
beforeEach(async () => {
  await stage.reset();
  page = await stage.newPage();
});
afterAll(async () => {
  await Promise.all([stage?.close(), sibling?.close()]);
});

const visitSibling = () => page.goto(`https://evil.${HOST}:${sibling.port}/`);

describe("a cookie that a sibling host plants", () => {
  // A byte that a browser takes for part of the name, so that the name has no prefix for it.
  const BYTES = {
    "0xA0": "\xa0",
    "0x85": "\x85",
    "U+2000 in UTF-8": "\xe2\x80\x80",
    "U+FEFF in UTF-8": "\xef\xbb\xbf",
  };
  const planted = async () => {
    const cookies = await page.context().cookies(stage.baseUrl);
    return cookies.filter(({ name, domain }) => domain === `.${HOST}` && name.endsWith("auth.access")).length;
  };

  /** The browser visits the sibling, which sets these cookies for itself and for the app. */
  async function plant(pairs: readonly string[], before: string): Promise<void> {
    answerAsSibling = (response) => {
      const lines = pairs.map((pair) => `${before}${pair}; Domain=${HOST}; Path=/; Secure`);
      response.writeHead(200, { "set-cookie": lines, "content-type": "text/html" }).end("planted");
    };
    await visitSibling();
  }

  test.each(Object.entries(BYTES))("AT-01 with %s before __Host- signs nobody in", async (_what, byte) => {
    await plant([await stage.cookieOf("grace")], byte);
    expect(await planted()).toBe(1); // The browser has it and sends it.
    await page.goto("/dashboard");
    await page.getByLabel("Password").waitFor();
    await page.goto("/");
    await page.getByRole("main").getByRole("link", { name: "Sign in" }).waitFor();
  });

  test.each(Object.entries(BYTES))("AT-01 with %s before __Host- does not change a session", async (_what, byte) => {
    await signIn(stage, page);
    await plant([await stage.cookieOf("grace")], byte);
    stage.cognito.clearRequests();
    await page.goto("/dashboard");
    await page.getByText("ada@example.com").first().waitFor();
    expect(stage.cognito.count("token")).toBe(0); // No refresh had to mend it.
  });

  test.each(Object.entries(BYTES))("AT-01 with %s completes no sign-in of the attacker's", async (_what, byte) => {
    const attacker = new Visitor(stage.baseUrl.replace(HOST, "localhost"));
    const { headers } = await attacker.get("/auth/login?returnTo=/dashboard");
    const callback = await stage.cognito.authorize(headers.location ?? "", "grace");
    const transaction = [...attacker.jar].filter(([name]) => name.includes(".txn.")).map((pair) => pair.join("="));
    expect(transaction).toHaveLength(1);
    await plant(transaction, byte);
    await page.goto(callback);
    expect(page.url()).toContain(`${stage.baseUrl}/auth/error?code=transaction_missing`);
    expect(await sessionCookies(page.context())).toEqual([]);
  });

  test("AT-01 under the name itself is refused by the browser", async () => {
    await plant([await stage.cookieOf("grace")], "");
    expect(await kitCookies(page.context())).toEqual([]);
  });
});
