import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Browser, CLICKED, FETCHED, type Kit, usePool } from "../support/kit";

const TOKEN_S = 300;
const pool = usePool({
  settings: { accessTokenSeconds: TOKEN_S, idTokenSeconds: TOKEN_S, rotation: true, graceSeconds: 60 },
});

let servers: Kit[];
let browser: Browser;

const passTo = (secondsLeft: number) => vi.setSystemTime(Date.now() + (TOKEN_S - secondsLeft) * 1000);
const passSeconds = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const tokenCalls = () => pool.cognito.count("token", ({ params }) => params.grant_type === "refresh_token");

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  servers = [];
  for (let i = 0; i < 8; i += 1) servers.push(await pool.load());
  browser = pool.browser(await pool.load());
  await browser.signIn();
  pool.cognito.clearRequests();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Sends a document and its fetches at once, with the same cookies, to the servers in turn. */
async function loadPage(requests: number, hasDocument: boolean): Promise<readonly Response[]> {
  const send = (server: Kit, i: number) =>
    server.middleware.default(browser.request(`/dashboard?request=${i}`, i === 0 && hasDocument ? CLICKED : FETCHED));
  const inTurn = Array.from({ length: requests }, (_, i) => servers[i % servers.length]);
  return Promise.all(inTurn.map((server, i) => (server ? send(server, i) : Promise.reject(new Error("No server")))));
}

async function loadFrom(server: Kit | undefined, headers: Record<string, string>): Promise<Response> {
  if (!server) throw new Error("No server");
  return server.middleware.default(browser.request("/dashboard", headers));
}

const isSignedIn = (response: Response) => response.headers.get("x-middleware-next") === "1";

test("RF-01 RF-03 in the last minute of a token a page load of 40 requests over 8 servers makes one token call", async () => {
  passTo(40);
  const answers = await loadPage(40, true);
  expect(answers.every(isSignedIn)).toBe(true);
  expect(tokenCalls()).toBe(1);
  expect(answers.map((answer) => answer.headers.getSetCookie().length > 0)).toEqual(answers.map((_, i) => i === 0));
});

test("RF-01 RF-12 before the last 10 s of a token 39 fetches make no token call", async () => {
  passTo(12);
  expect((await loadPage(39, false)).every(isSignedIn)).toBe(true);
  expect(tokenCalls()).toBe(0);
});

test("RF-01 RF-03 in the last 10 s of a token each of 8 servers refreshes once for all fetches that reach it", async () => {
  passTo(5);
  expect((await loadPage(40, false)).every(isSignedIn)).toBe(true);
  expect(tokenCalls()).toBe(8);
});

test("RF-06 fetches of the page repeat an early refresh whose response was lost, within the grace period", async () => {
  const [server] = servers;
  passTo(40);
  pool.cognito.fault("token", { resetAfter: true }, { times: 1 });
  browser.take(await loadFrom(server, CLICKED));
  expect(tokenCalls()).toBe(1);
  passSeconds(3);
  browser.take(await loadFrom(server, FETCHED));
  expect(tokenCalls()).toBe(2);
  passSeconds(200);
  expect(isSignedIn(await loadFrom(server, FETCHED))).toBe(true);
  expect(tokenCalls()).toBe(2);
});
