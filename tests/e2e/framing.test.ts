import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { signIn } from "./support/flows";
import { openStage, type Stage } from "./support/stage";
import { startTlsServer, type TlsServer } from "./support/tls-proxy";

// To a browser, evil.app.localhost and app.localhost are the same site: SameSite cookies go into its frames.
const HOST = "app.localhost";
const PRIVATE = /data-canary|ada@example\.com/;

let stage: Stage;
let sibling: TlsServer;
let page: Page;
beforeAll(async () => {
  stage = await openStage({ variant: "middleware", https: true, host: HOST });
  sibling = await startTlsServer((_request, response) =>
    response.writeHead(200, { "content-type": "text/html" }).end(frameTo(`${stage.baseUrl}/dashboard`)),
  );
});
beforeEach(async () => {
  await stage.reset();
  page = await stage.newPage();
  await signIn(stage, page);
});
afterAll(async () => {
  await Promise.all([stage?.close(), sibling?.close()]);
});

const frameTo = (url: string) =>
  `<iframe src="${url}" style="position:absolute;left:0;top:0;width:1000px;height:600px;border:0"></iframe>`;
const visitSibling = () => page.goto(`https://evil.${HOST}:${sibling.port}/`, { waitUntil: "networkidle" });
const framesPrivatePage = async () => PRIVATE.test((await page.frames()[1]?.content()) ?? "");

describe("a frame around a signed-in page", () => {
  /** Where the demo's button is, in a window as large as the frame. */
  async function findButton(): Promise<{ x: number; y: number }> {
    await page.setViewportSize({ width: 1000, height: 600 });
    await page.goto("/dashboard");
    const box = await page.getByRole("button", { name: "Sign out" }).boundingBox();
    if (!box) throw new Error("No button");
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  }

  test("AT-09 on a sibling host shows nothing of it", async () => {
    await visitSibling();
    expect(await framesPrivatePage()).toBe(false);
  });

  test("AT-09 on a sibling host gets no click on Sign out", async () => {
    const { x, y } = await findButton();
    await visitSibling();
    await page.mouse.click(x, y);
    await page.waitForLoadState("networkidle");
    expect(stage.cognito.count("revoke")).toBe(0);
    await page.goto("/dashboard");
    await page.getByText("ada@example.com").first().waitFor();
  });

  test("AT-09 on the app's own origin works", async () => {
    await page.goto("/");
    await page.setContent(frameTo("/dashboard"));
    await expect.poll(framesPrivatePage).toBe(true);
  });
});
