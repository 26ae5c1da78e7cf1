import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { authorizeUrl, callback, claimsOf, cognito, get, locationOf, redeem, ssoCookie, useStandIn } from "./client";

const START = Date.parse("2026-06-01T12:00:00Z");

useStandIn();
beforeEach(() => void vi.setSystemTime(START));
afterEach(() => void vi.useRealTimers());

const later = (seconds: number) => vi.setSystemTime(START + seconds * 1000);

/** The path, or the answer at the callback, to which a browser with a session at Cognito is sent. */
async function ask(cookie: string, params: Record<string, string>): Promise<string> {
  const { href, pathname, searchParams } = locationOf(await get(authorizeUrl(params), { cookie }));
  if (!href.startsWith(`${callback}?`)) return pathname;
  return searchParams.get("error") ?? "a code";
}

describe("max_age", () => {
  test.each([
    ["is recent enough", 300, "300", "a code"],
    ["is older", 301, "300", "/login"],
    ["can never be recent enough for 0", 0, "0", "/login"],
    ["is older, but max_age is no number", 1_000, "soon", "a code"],
  ])("of a sign-in that %s", async (_what, age, maxAge, expected) => {
    const cookie = await ssoCookie();
    later(age);
    expect(await ask(cookie, { max_age: maxAge })).toBe(expected);
  });

  test("of an older sign-in with prompt=none is an error, because no page may be shown", async () => {
    const cookie = await ssoCookie();
    later(301);
    expect(await ask(cookie, { max_age: "300", prompt: "none" })).toBe("login_required");
  });

  test("a new sign-in starts a new session at Cognito, which is recent", async () => {
    const first = await ssoCookie();
    later(301);
    const second = await ssoCookie();
    expect(await ask(first, { max_age: "300" })).toBe("/login");
    expect(await ask(second, { max_age: "300" })).toBe("a code");
  });

  test("a pool can ignore it", async () => {
    cognito.settings.maxAge = "ignored";
    const cookie = await ssoCookie();
    later(1_000);
    for (const maxAge of ["0", "300"]) expect(await ask(cookie, { max_age: maxAge })).toBe("a code");
    expect(await ask(cookie, { max_age: "300", prompt: "login" })).toBe("/login");
  });
});

describe("prompt", () => {
  test.each(["login", "select_account", "consent login"])("a pool can ignore prompt=%s", async (prompt) => {
    const cookie = await ssoCookie();
    expect(await ask(cookie, { prompt })).toBe("/login");
    cognito.settings.prompt = "ignored";
    expect(await ask(cookie, { prompt })).toBe("a code");
  });

  test("a pool that ignores prompt=none shows its page to a visitor", async () => {
    expect(await ask("", { prompt: "none" })).toBe("login_required");
    cognito.settings.prompt = "ignored";
    expect(await ask("", { prompt: "none" })).toBe("/login");
  });

  test("a pool that ignores prompt still rejects an unknown one, and honors max_age", async () => {
    cognito.settings.prompt = "ignored";
    const cookie = await ssoCookie();
    expect(await ask(cookie, { prompt: "unknown" })).toBe("invalid_request");
    later(301);
    expect(await ask(cookie, { prompt: "login", max_age: "300" })).toBe("/login");
  });
});

describe("auth_time after a silent sign-in", () => {
  test.each([
    ["first", "first", START / 1000],
    ["silent", "now", START / 1000 + 600],
  ] as const)("can be that of the %s sign-in", async (_which, setting, expected) => {
    cognito.settings.ssoAuthTime = setting;
    const cookie = await ssoCookie();
    later(600);
    const { searchParams } = locationOf(await get(authorizeUrl(), { cookie }));
    const tokens: Record<string, string> = await (await redeem(searchParams.get("code") ?? "")).json();
    for (const token of [tokens.access_token, tokens.id_token]) expect(claimsOf(token).auth_time).toBe(expected);
  });
});
