import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, type Kit, pathOf, usePool } from "../support/kit";
import { shortenPauses } from "../support/time";

const pool = usePool({ settings: { accessTokenSeconds: 3_600, rotation: true } });
const NONE = { COGNITO_CLIENT_SECRET: undefined, AUTH_SECRET: undefined } as unknown as Record<string, string>;

let kit: Kit;
let browser: Browser;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "info").mockReturnValue();
  pool.cognito.clearFaults();
  kit = await pool.load();
  browser = pool.browser(kit);
  await browser.signIn();
  pool.cognito.clearRequests();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const calls = () => pool.cognito.requests.filter(({ name }) => name === "token" || name === "revoke").length;
const refresh = () => browser.value("__Host-auth.refresh");
const setCookie = (name: string, value: string) =>
  browser.jar.set(name, { value, line: "", expiresAt: Number.POSITIVE_INFINITY });
const readFacts = (value: string) =>
  JSON.parse(Buffer.from(value.replace(/^[\w-]{43}~/, "").split(".", 1)[0] ?? "", "base64url").toString());

/** Replaces the refresh cookie by one of version 0.1.0: `<facts>.<refresh token>`, without a signature. */
function unsign(change: object = {}): void {
  const [facts = "", ...token] = refresh()
    .replace(/^[\w-]{43}~/, "")
    .split(".");
  const changed = { ...JSON.parse(Buffer.from(facts, "base64url").toString()), ...change };
  setCookie("__Host-auth.refresh", [Buffer.from(JSON.stringify(changed)).toString("base64url"), ...token].join("."));
}

async function moveTo(env: Record<string, string>): Promise<void> {
  const next = pool.browser(await pool.load(env));
  for (const [name, cookie] of browser.jar) next.jar.set(name, cookie);
  [kit, browser] = [next.kit, next];
}

describe("without AUTH_SECRET, a client secret", () => {
  test.each(["middleware", "login", "callback", "logout"])(
    "AT-06 two hundred made-up refresh cookies at %s cause no call to Cognito",
    async (door) => {
      const facts = Buffer.from(JSON.stringify({ ...readFacts(refresh()) })).toString("base64url");
      for (let i = 0; i < 200; i++) {
        const visitor = pool.browser(kit);
        const value = i % 2 ? `${facts}.made-up-${i}` : `${"A".repeat(43)}~${facts}.made-up-${i}`;
        visitor.jar.set("__Host-auth.refresh", { value, line: "", expiresAt: Number.POSITIVE_INFINITY });
        if (door === "middleware") await visitor.visit("/dashboard");
        if (door === "login") await visitor.login();
        if (door === "callback") await visitor.callback("/auth/callback?code=x&state=y");
        if (door === "logout") await visitor.signOut();
      }
      expect(calls()).toBe(0);
    },
  );

  test("AT-06 CB-06 one transaction with two hundred made-up codes causes one call", async () => {
    const visitor = pool.browser(kit);
    const login = await visitor.login();
    const state = new URL(login.headers.get("location") ?? "").searchParams.get("state");
    const pending = new Map(visitor.jar);
    for (let i = 0; i < 200; i++) {
      for (const [name, cookie] of pending) visitor.jar.set(name, cookie);
      expect(pathOf(await visitor.callback(`/auth/callback?code=x${i}&state=${state}`))).toContain("grant_rejected");
    }
    expect(calls()).toBe(1);
  });

  test("AT-06 a hundred transactions with made-up codes cause thirty calls in a second, and then sign-in works", async () => {
    shortenPauses();
    const attempts = Array.from({ length: 100 }, async (_, i) => {
      const visitor = pool.browser(kit);
      const login = await visitor.login();
      const state = new URL(login.headers.get("location") ?? "").searchParams.get("state");
      return pathOf(await visitor.callback(`/auth/callback?code=x${i}&state=${state}`));
    });
    const ends = await Promise.all(attempts);
    expect(calls()).toBe(30);
    expect(ends.filter((path) => path.includes("token_endpoint_unavailable"))).toHaveLength(70);
    pass(1);
    expect(pathOf(await pool.browser(kit).signIn())).toBe("/dashboard");
  });
});

test("AT-06 sixty users can sign in at the same moment: the bound makes them wait, not fail", async () => {
  vi.useRealTimers();
  pool.cognito.fault("token", { answerDelayMs: 200 });
  const arrivals = Array.from({ length: 60 }, async () => pathOf(await pool.browser(kit).signIn()));
  expect(new Set(await Promise.all(arrivals))).toEqual(new Set(["/dashboard"]));
});

describe("with neither secret", () => {
  beforeEach(async () => {
    await moveTo(NONE);
  });

  test("AT-06 made-up refresh cookies cause at most 30 calls a second, and no user loses a session", async () => {
    shortenPauses();
    unsign();
    const facts = Buffer.from(JSON.stringify(readFacts(refresh()))).toString("base64url");
    const visits = Array.from({ length: 200 }, (_, i) => {
      const visitor = pool.browser(kit);
      setCookieOf(visitor, `${facts}.made-up-${i}`);
      return i % 2 ? visitor.visit("/dashboard") : visitor.signOut();
    });
    await Promise.all(visits);
    expect(calls()).toBeLessThanOrEqual(60); // 30 refreshes and 30 revocations.
    const names = browser.names();
    browser.drop("__Host-auth.access");
    expect((await browser.visit("/dashboard")).status).toBe(503);
    expect(browser.names()).toEqual(names.filter((name) => name !== "__Host-auth.access"));
  });
});

function setCookieOf(visitor: Browser, value: string): void {
  visitor.jar.set("__Host-auth.refresh", { value, line: "", expiresAt: Number.POSITIVE_INFINITY });
}
