import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fingerprint } from "@/lib/auth/core/base/hash";
import { type Browser, type Kit, pathOf, TYPED, usePool } from "../../support/kit";

const START = Date.parse("2026-06-01T12:00:00Z");
const NOW = START / 1000;

const pool = usePool();

let kit: Kit;
beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.setSystemTime(START);
  pool.cognito.settings.codeSeconds = 3_600;
  kit = await pool.load();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const at = (seconds: number) => vi.setSystemTime(START + seconds * 1000);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const encode = (text: string) => Buffer.from(text).toString("base64url");

const begin = async (browser: Browser, returnTo: string) => {
  await browser.login(`/auth/login?${new URLSearchParams({ returnTo })}`, {
    ...TYPED,
    "sec-fetch-site": "same-origin",
  });
  return browser.names().filter((name) => name.includes(".txn."));
};

describe("pending sign-ins", () => {
  test.each([
    ["as it set them", (names: string[]) => names],
    ["newest first", (names: string[]) => names.reverse()],
  ])(
    "AR-19 a browser keeps eight pending sign-ins, and a ninth replaces the oldest: sent %s",
    async (_title, order) => {
      const browser = pool.browser(kit);
      const [oldest = ""] = await begin(browser, "/0");
      for (const n of range(1, 7)) {
        at(n);
        expect(await begin(browser, `/${n}`)).toContain(oldest);
      }
      const stored = new Map(browser.jar);
      browser.jar.clear();
      for (const name of order([...stored.keys()]))
        browser.jar.set(name, stored.get(name) ?? { value: "", line: "", expiresAt: 0 });
      at(8);
      const names = await begin(browser, "/8");
      expect([names.length, names.includes(oldest)]).toEqual([8, false]);
    },
  );

  test("AR-19 a new sign-in deletes an unreadable transaction", async () => {
    const browser = pool.browser(kit);
    const unreadable = `__Host-auth.txn.${"x".repeat(16)}`;
    browser.jar.set(unreadable, { value: "x", line: "", expiresAt: Number.POSITIVE_INFINITY });
    expect(await begin(browser, "/")).not.toContain(unreadable);
  });

  test("AR-19 pending sign-ins, without the newest, have at most 2,000 bytes", async () => {
    const sizeOf = async (length: number) => {
      const browser = pool.browser(kit);
      const [name = ""] = await begin(browser, "/".padEnd(length, "a"));
      return name.length + browser.value(name).length;
    };
    const sizes = new Map<number, number>();
    for (const length of range(300, 340)) sizes.set((await sizeOf(length)) % 4, length);
    const keeps = async (total: number, residues: readonly number[]) => {
      const browser = pool.browser(kit);
      let left = total;
      for (const [i, residue] of residues.entries()) {
        at(i);
        const length = sizes.get(residue) ?? 0;
        const size = await sizeOf(length);
        // Three more characters of the path add four to the cookie. The last sign-in takes the rest.
        const more = i < residues.length - 1 ? 0 : ((left - size) / 4) * 3;
        await begin(browser, "/".padEnd(length + more, "a"));
        left -= size + (more / 3) * 4;
      }
      expect(left).toBe(0);
      at(residues.length);
      return (await begin(browser, "/new")).length - 1;
    };
    expect(await keeps(2_000, [0, 0, 0])).toBe(3);
    expect(await keeps(2_001, [0, 2, 3])).toBe(2);
  });

  test("DS-03 AR-19 after fifty unfinished sign-ins a browser keeps the newest in less than 4 KB", async () => {
    const browser = pool.browser(kit);
    const locations: string[] = [];
    for (let i = 0; i < 50; i++) {
      at(i);
      const login = await browser.login(`/auth/login?returnTo=/${"page".repeat(30)}/${i}`);
      locations.push(login.headers.get("location") ?? "");
      expect(browser.cookieHeader.length).toBeLessThan(4_096);
    }
    expect(browser.names().filter((name) => name.includes(".txn.")).length).toBeGreaterThan(1);
    const newest = await browser.callback(await pool.cognito.authorize(locations.at(-1) ?? "", "ada"));
    expect(pathOf(newest)).toBe(`/${"page".repeat(30)}/49`);
  });
});

describe("a transaction", () => {
  const answerTo = async (transaction: object) => {
    const contents = Buffer.from(JSON.stringify(transaction)).toString("base64url");
    const digest = await crypto.subtle.digest("SHA-256", Buffer.from(contents));
    const state = Buffer.from(new Uint8Array(digest)).toString("base64url");
    const headers = { ...TYPED, cookie: `__Host-auth.txn.${state.slice(0, 16)}=${contents}` };
    return pathOf(await kit.callback.GET(pool.browser(kit).request(`/auth/callback?code=x&state=${state}`, headers)));
  };
  const contentsOf = async () => {
    const { issuer, clients } = pool.cognito;
    const client = await fingerprint(issuer, clients[0]?.clientId ?? "");
    return { client, nonce: "n", codeVerifier: "v".repeat(43), returnTo: "/", createdAt: NOW };
  };

  test.each(["client", "nonce", "codeVerifier", "returnTo", "createdAt"])(
    "CB-03 the kit rejects a transaction with an odd %s",
    async (member) => {
      pool.cognito.clearRequests();
      const whole = await contentsOf();
      for (const odd of [undefined, null, true, ["a"], member === "createdAt" ? "1" : 1]) {
        expect(await answerTo({ ...whole, [member]: odd })).toBe("/auth/error?code=transaction_missing");
      }
      expect(pool.cognito.requests).toEqual([]);
      expect(await answerTo(whole)).toContain("/auth/error?code=grant_rejected"); // Cognito has never heard of this code.
    },
  );
});

test("AR-13 a sign-in succeeds after 599 seconds and fails after 600", async () => {
  for (const [seconds, end] of [
    [599, "/x"],
    [600, "/auth/error?code=transaction_missing"],
  ] as const) {
    at(0);
    const browser = pool.browser(kit);
    const login = await browser.login("/auth/login?returnTo=/x");
    const url = await pool.cognito.authorize(login.headers.get("location") ?? "", "ada");
    const cookie = browser.cookieHeader; // Even from a browser that keeps it for longer.
    at(seconds);
    browser.jar.clear();
    expect(pathOf(await browser.callback(url, { ...TYPED, cookie }))).toBe(end);
  }
});

test("DS-09 the kit rejects a transaction with ten thousand levels of JSON", async () => {
  const contents = encode("[".repeat(10_000) + "]".repeat(10_000));
  const digest = await crypto.subtle.digest("SHA-256", Buffer.from(contents));
  const state = Buffer.from(new Uint8Array(digest)).toString("base64url");
  const cookie = `__Host-auth.txn.${state.slice(0, 16)}=${contents}`;
  const request = pool.browser(kit).request(`/auth/callback?code=x&state=${state}`, { ...TYPED, cookie });
  expect(pathOf(await kit.callback.GET(request))).toBe("/auth/error?code=transaction_missing");
});
