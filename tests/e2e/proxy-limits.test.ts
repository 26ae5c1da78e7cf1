import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cookieHeader, kitCookies, signIn } from "./support/flows";
import { CLICKED_FORM, raw } from "./support/raw";
import { openStage, type Stage } from "./support/stage";

const LINE_LIMIT = 8 * 1024; // nginx: large_client_header_buffers 4 8k

/** A reverse proxy that, like nginx, refuses a header line above 8 kB, in either direction. */
async function startNarrowProxy(target: number) {
  const server = createServer({ maxHeaderSize: 65_536 }, (incoming, outgoing) => {
    const isTooLong = incoming.rawHeaders.some((value) => value.length > LINE_LIMIT);
    if (isTooLong) return void outgoing.writeHead(400).end("Request Header Or Cookie Too Large");
    const { method, url, headers } = incoming;
    const onward = request({ host: "localhost", port: target, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

describe("behind a proxy that stops at 8 kB a header line", () => {
  let stage: Stage;
  let proxy: Awaited<ReturnType<typeof startNarrowProxy>>;
  let base: string;
  beforeAll(async () => {
    stage = await openStage({ variant: "middleware", https: false });
    proxy = await startNarrowProxy(Number(new URL(stage.baseUrl).port));
    base = `http://localhost:${proxy.port}`;
  });
  afterAll(async () => {
    proxy?.close();
    await stage?.close();
  });

  test("CK-06 somebody in 40 groups signs in, goes on and signs out, at the price of the ID token", async () => {
    const user = stage.cognito.users.find(({ username }) => username === "grace");
    if (user) user.groups = Array.from({ length: 40 }, (_, i) => `a-group-with-a-name-of-some-length-${10 + i}`);
    const page = await stage.newPage();
    await signIn(stage, page, { username: "grace" });
    const cookies = await kitCookies(page.context());
    expect(cookies.some(({ name }) => name.includes(".id"))).toBe(false);
    const cookie = await cookieHeader(page.context());
    expect(cookie.length).toBeLessThan(7_600);
    const answer = await raw(`${base}/api/me`, { headers: { cookie } });
    expect([answer.status, JSON.parse(answer.body).groups.length]).toEqual([200, 40]);
    const out = await raw(`${base}/auth/logout`, { method: "POST", headers: { ...CLICKED_FORM, cookie } });
    expect([out.status, out.headers.location]).toEqual([303, expect.stringContaining("/logout?client_id=")]);
  });

  test("CK-06 CK-22 somebody whose session Node itself could not read is told so, and gets no cookie", async () => {
    const user = stage.cognito.users.find(({ username }) => username === "grace");
    if (user) user.groups = Array.from({ length: 100 }, (_, i) => `${100 + i}-${"g".repeat(92)}`);
    const page = await stage.newPage();
    await page.goto("/dashboard");
    await page.getByLabel("Username").fill("grace");
    await page.getByLabel("Password").fill("Passw0rd!");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.waitForURL(/\/auth\/error\?code=session_too_large/);
    expect((await kitCookies(page.context())).map(({ name }) => name)).toEqual(["auth.rounds"]);
  });
});

describe("a browser full of other people's cookies", () => {
  test("DS-04 signs out with 15 kB of them", async () => {
    const stage = await openStage({ variant: "middleware", https: false });
    const page = await stage.newPage();
    await signIn(stage, page);
    const own = await cookieHeader(page.context());
    const cookie = `${own}; other=${"x".repeat(15_000 - own.length)}`;
    const out = await raw(`${stage.baseUrl}/auth/logout`, { method: "POST", headers: { ...CLICKED_FORM, cookie } });
    expect(out.status).toBe(303);
    expect(out.setCookie.filter((line) => line.includes("Max-Age=0")).length).toBeGreaterThanOrEqual(3);
    expect(stage.cognito.count("revoke")).toBe(1);
    await stage.close();
  });
});
