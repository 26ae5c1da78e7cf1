import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Kit, pathOf, usePool } from "../../support/kit";

const START = Date.parse("2026-06-01T12:00:00Z");

const pool = usePool();

let kit: Kit;
beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.setSystemTime(START);
  kit = await pool.load();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const at = (seconds: number) => vi.setSystemTime(START + seconds * 1000);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const jarOf = (cookie = "") => new kit.core.CookieJar(new Headers({ cookie }), kit.config());

test("DS-15 a browser remembers sixteen visits to sign-in for a minute each", async () => {
  const count = async (others: number, seconds = 0) => {
    at(0);
    let header = "";
    let rounds = 0;
    for (const page of ["/a", ...range(1, others).map((n) => `/${n}`), "/a"]) {
      const jar = jarOf(header);
      rounds = await kit.core.rounds.countRound(jar, page);
      header = jar.applyToHeader("");
      expect(header).toMatch(/^__Host-auth\.rounds=[\w-]{43}(~[\w-]{4}\.\d{10})+$/); // No page by its name.
      at(seconds);
    }
    return rounds;
  };
  expect([await count(14), await count(15)]).toEqual([2, 1]);
  expect([await count(0, 59), await count(0, 60)]).toEqual([2, 1]);
});

test("DS-15 a browser that drops the session gets three sign-ins, and then the error page", async () => {
  const browser = pool.browser(kit);
  const ends: string[] = [];
  for (let i = 0; i < 4; i++) {
    const login = await browser.login(pathOf(await browser.visit("/dashboard")));
    ends.push(new URL(login.headers.get("location") ?? "").pathname);
    if (pathOf(login).startsWith("/auth/error")) continue;
    await browser.callback(await pool.cognito.authorize(login.headers.get("location") ?? "", "ada"));
    for (const kind of ["access", "id", "refresh"]) browser.drop(`__Host-auth.${kind}`);
  }
  expect(ends).toEqual(["/oauth2/authorize", "/oauth2/authorize", "/oauth2/authorize", "/auth/error"]);
  at(60);
  expect(pathOf(await browser.login())).toContain("/oauth2/authorize");
});
