import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Cookie } from "@/lib/auth/core/cookies";
import { type Browser, type Kit, pathOf, TYPED, usePool } from "../support/kit";

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
const jarOf = (cookie = "") => kit.core.cookies.readCookieJar(new Headers({ cookie }), kit.config());
/** As the browser would send them. */
const headerOf = (cookies: readonly Cookie[]) => kit.core.cookies.applyCookies("", cookies);

const FACTS = { iss: "https://issuer.example", sub: "1", iat: NOW, exp: NOW + 3_600 };
const SIGN_IN = { iss: FACTS.iss, sub: FACTS.sub, auth_time: NOW };

/** A session whose tokens have so many characters, in a jar that may hold other cookies. */
function store(accessLength: number, idLength: number, { exp = FACTS.exp, endsAt = NOW + 86_400, cookie = "" } = {}) {
  const accessClaims = { ...FACTS, exp, token_use: "access", client_id: "web" } as const;
  const idClaims = { ...FACTS, exp, token_use: "id", aud: "web" } as const;
  const refreshToken = "r".repeat(1_500);
  const tokens = { accessToken: "a".repeat(accessLength), accessClaims, idToken: "i".repeat(idLength), idClaims };
  const state = { refreshToken, signIn: SIGN_IN, expiresAt: endsAt };
  return kit.core.sessionCookies.createSessionCookies(jarOf(cookie), { ...tokens, refreshToken }, state);
}

describe("how large a session may be", () => {
  test("CK-06 at 7,500 bytes of cookies the ID token is kept, at 7,501 it is left out", async () => {
    const sizes = await Promise.all(
      range(2_800, 3_400).map(async (length) => {
        const { cookies, isIdTokenDropped } = await store(2_500, length);
        return isIdTokenDropped ? null : headerOf(cookies).length;
      }),
    );
    expect(Math.max(...sizes.map((size) => size ?? 0))).toBe(7_500);
    expect(sizes.indexOf(null)).toBe(sizes.indexOf(7_500) + 1);
  });

  test("CK-06 12,000 bytes of cookies are stored, 12,001 are a session_too_large", async () => {
    const sizes = await Promise.all(
      range(9_800, 10_500).map(async (length) => {
        const stored = await store(length, 10).catch((error: unknown) => error);
        return stored instanceof Error
          ? stored.message
          : headerOf((stored as Awaited<ReturnType<typeof store>>).cookies).length;
      }),
    );
    expect(Math.max(...sizes.map((size) => (typeof size === "number" ? size : 0)))).toBe(12_000);
    expect(sizes[sizes.indexOf(12_000) + 1]).toBe("12001 bytes of cookies");
  });

  test("CK-05 a cookie of 3,800 bytes is one, with its attributes, and a larger one is cut to as many", async () => {
    const { writeCookie, serializeCookie } = kit.core.cookies;
    const lines = async (length: number) =>
      (await writeCookie(jarOf(), "access", "x".repeat(length), 3_600)).map((cookie) => serializeCookie(cookie).length);
    const [alone = 0] = await lines(1);
    const largest = 3_800 - alone + 1;
    expect(await lines(largest)).toEqual([3_800]);
    expect((await lines(largest + 1)).length).toBe(2);
    const many = await lines(60_000);
    expect(many.length).toBeGreaterThan(10);
    expect(Math.max(...many)).toBe(3_800);
  });

  test("CK-05 no character is lost where a cookie is cut, not even a last one that has a chunk of its own", async () => {
    const { writeCookie, readCookie } = kit.core.cookies;
    const last = new Set<number>();
    for (const length of range(7_300, 7_500)) {
      const value = "x".repeat(length);
      const cookies = await writeCookie(jarOf(), "access", value, 3_600);
      last.add(cookies.at(-1)?.value.replace(/^\d+\.[\w-]+\./, "").length ?? 0);
      expect(await readCookie(jarOf(headerOf(cookies)), "access")).toBe(value);
    }
    expect(last).toContain(1);
  });

  test("a session that ends before its tokens takes them along, and one that has ended is still a cookie", async () => {
    const ages = async (options: object) => (await store(10, 10, options)).cookies.map(({ maxAge }) => maxAge);
    expect(await ages({})).toEqual([3_600, 86_400, 3_600]);
    expect(await ages({ endsAt: NOW + 60 })).toEqual([60, 60, 60]);
    expect(await ages({ exp: NOW })).toEqual([1, 86_400, 1]); // 0 would delete.
  });
});

test("CB-19 a session without a refresh token leaves none of the session before", async () => {
  const accessClaims = { ...FACTS, token_use: "access", client_id: "web" } as const;
  const tokens = { accessToken: "a", accessClaims, idToken: null, idClaims: null, refreshToken: null };
  const jar = jarOf("__Host-auth.refresh=x; __Host-auth.id=x");
  expect(await kit.core.sessionCookies.createSessionCookies(jar, tokens, null)).toEqual({
    cookies: [
      { name: "__Host-auth.access", value: "a", maxAge: 3_600 },
      { name: "__Host-auth.refresh", value: "", maxAge: 0 },
      { name: "__Host-auth.id", value: "", maxAge: 0 },
    ],
    isIdTokenDropped: false,
  });
});

describe("how much is remembered in a browser", () => {
  const ended = async (keys: readonly string[]) => {
    let header = "";
    for (const key of keys) header = headerOf(await kit.core.sessionCookies.addEnded(jarOf(header), key, NOW + 600));
    return header;
  };
  const signIn = (n: number) => ({ iss: FACTS.iss, sub: `${n}`, auth_time: NOW });
  const keysOf = (numbers: readonly number[]) =>
    Promise.all(numbers.map((n) => kit.core.sessionCookies.signInKey(signIn(n))));
  const known = async (header: string, numbers: readonly number[]) => {
    const verdicts = await Promise.all(numbers.map((n) => kit.core.sessionCookies.hasEnded(jarOf(header), signIn(n))));
    return numbers.filter((_, i) => verdicts[i]);
  };

  test("CK-15 the five sessions that ended last, each of them once", async () => {
    const header = await ended(await keysOf([1, 2, 3, 4, 5, 6, 6, 6]));
    expect(await known(header, range(1, 7))).toEqual([2, 3, 4, 5, 6]);
  });

  test("CB-19 the session that a sign-in replaces is one of these five", async () => {
    const header = await ended(await keysOf([1, 2, 3, 4, 5]));
    const config = kit.config();
    const { cookies } = await store(10, 10);
    const refresh = headerOf(cookies).replace(/.*\.refresh=/, "");
    const own = { iss: config.issuer, sub: "7", auth_time: NOW, exp: NOW + 600 };
    const facts = Buffer.from(JSON.stringify(own)).toString("base64url");
    const before = `${header}; ${config.cookiePrefix}.refresh=${facts}.${refresh.split(".").at(-1)}`;
    const after = headerOf(await kit.core.sessionCookies.replaceSignIn(jarOf(before), signIn(8)));
    expect(await known(after, range(1, 8))).toEqual([2, 3, 4, 5]);
    const { exp: _, ...replaced } = own;
    expect(await kit.core.sessionCookies.hasEnded(jarOf(after), replaced)).toBe(true);
  });

  test("CB-19 the session that a sign-in replaces, also when it is the first one that ended", async () => {
    const own = { iss: kit.config().issuer, sub: "1", auth_time: NOW };
    const facts = Buffer.from(JSON.stringify({ ...own, exp: NOW + 600 })).toString("base64url");
    const cookies = await kit.core.sessionCookies.replaceSignIn(jarOf(`__Host-auth.refresh=${facts}.r`), signIn(2));
    expect(cookies.map(({ maxAge }) => maxAge)).toEqual([600]);
    expect(await kit.core.sessionCookies.hasEnded(jarOf(headerOf(cookies)), own)).toBe(true);
  });

  test("CB-19 a sign-in of the same name as one that ended has not ended", async () => {
    const header = await ended(await keysOf([1]));
    const cookies = await kit.core.sessionCookies.replaceSignIn(jarOf(header), signIn(1));
    expect(cookies).toEqual([{ name: "__Host-auth.ended", value: "", maxAge: 0 }]);
    expect(await kit.core.sessionCookies.replaceSignIn(jarOf(), signIn(1))).toEqual([]);
  });

  test("RF-07 the refresh token that Cognito refused, and not the one that came after it", async () => {
    const { addEnded, hasEnded, tokenKey } = kit.core.sessionCookies;
    const facts = Buffer.from(JSON.stringify({ iss: kit.config().issuer, sub: "1", exp: NOW + 600 })).toString(
      "base64url",
    );
    const header = headerOf(await addEnded(jarOf(), await tokenKey("refused"), NOW + 600));
    const hasItEnded = (token: string) => hasEnded(jarOf(`${header}; __Host-auth.refresh=${facts}.${token}`), null);
    expect([await hasItEnded("refused"), await hasItEnded("next")]).toEqual([true, false]);
  });

  test("DS-15 sixteen visits to sign-in, each for a minute", async () => {
    const count = async (others: number, seconds = 0) => {
      at(0);
      let header = "";
      let rounds = 0;
      for (const page of ["/a", ...range(1, others).map((n) => `/${n}`), "/a"]) {
        const visit = await kit.core.sessionCookies.countRound(jarOf(header), page);
        [header, rounds] = [headerOf(visit.cookies), visit.rounds];
        expect(header).toMatch(/^__Host-auth\.rounds=[\w-]{4}\.\d{10}(~[\w-]{4}\.\d{10})*$/); // No page by its name.
        at(seconds);
      }
      return rounds;
    };
    expect([await count(14), await count(15)]).toEqual([2, 1]);
    expect([await count(0, 59), await count(0, 60)]).toEqual([2, 1]);
  });

  const begin = async (browser: Browser, returnTo: string) => {
    await browser.login(`/auth/login?${new URLSearchParams({ returnTo })}`, {
      ...TYPED,
      "sec-fetch-site": "same-origin",
    });
    return browser.names().filter((name) => name.includes(".txn."));
  };

  test.each([
    ["as it set them", (names: string[]) => names],
    ["newest first", (names: string[]) => names.reverse()],
  ])("AR-19 eight sign-ins on their way, sent %s; the ninth is at the expense of the oldest", async (_title, order) => {
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
  });

  test("AR-19 of sign-ins on their way, what cannot be read goes at once", async () => {
    const browser = pool.browser(kit);
    const unreadable = `__Host-auth.txn.${"x".repeat(16)}`;
    browser.jar.set(unreadable, { value: "x", line: "", expiresAt: Number.POSITIVE_INFINITY });
    expect(await begin(browser, "/")).not.toContain(unreadable);
  });

  test("AR-19 2,000 bytes of them, without the newest", async () => {
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
        // Four characters more for three more of the path; the last one takes what is left.
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
});

describe("the Cookie header after an answer", () => {
  test("holds what was set, and neither what was deleted nor what was replaced", () => {
    const set = [
      { name: "a", value: "", maxAge: 0 },
      { name: "b", value: "new", maxAge: 1 },
    ];
    expect(kit.core.cookies.applyCookies("a=1; b=old; c; =d", set)).toBe("c; =d; b=new");
    expect(kit.core.cookies.applyCookies("", set)).toBe("b=new");
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
  const whole = { nonce: "n", codeVerifier: "v".repeat(43), returnTo: "/", createdAt: NOW };

  test.each(["nonce", "codeVerifier", "returnTo", "createdAt"])("CB-03 with an odd %s is none", async (member) => {
    pool.cognito.clearRequests();
    for (const odd of [undefined, null, true, ["a"], member === "createdAt" ? "1" : 1]) {
      expect(await answerTo({ ...whole, [member]: odd })).toBe("/auth/error?code=transaction_missing");
    }
    expect(pool.cognito.requests).toEqual([]);
    expect(await answerTo(whole)).toContain("/auth/error?code=grant_rejected"); // Cognito has never heard of this code.
  });
});

describe("a refresh cookie", () => {
  const read = (change: object, arrange = (facts: string) => `${facts}.token`) => {
    const facts = { iss: kit.config().issuer, sub: "1", auth_time: NOW, exp: NOW + 600, ...change };
    const value = arrange(Buffer.from(JSON.stringify(facts)).toString("base64url"));
    return kit.core.sessionCookies.readRefreshState(jarOf(`__Host-auth.refresh=${value}`));
  };

  test("CK-12 tells the refresh token, the sign-in, and when the session ends", async () => {
    const signIn = { iss: kit.config().issuer, sub: "1", auth_time: NOW };
    expect(await read({})).toEqual({ refreshToken: "token", signIn, expiresAt: NOW + 600 });
  });

  test.each([
    ["has ended", { exp: NOW }],
    ["ended long ago", { exp: 1 }],
    ["ends at a text", { exp: `${NOW + 600}` }],
    ["ends between two seconds", { exp: NOW + 600.5 }],
    ["never ends", { exp: 1e300 }],
    ["does not say when it ends", { exp: undefined }],
    ["is of another issuer", { iss: "https://evil.example" }],
    ["is of nobody", { sub: undefined }],
    ["is of a number", { sub: 1 }],
  ])("CK-12 RF-08 that %s is none", async (_what, change) => expect(await read(change)).toBeNull());

  test.each([
    ["without a token", (facts: string) => facts],
    ["with an empty token", (facts: string) => `${facts}.`],
    ["with something before it", (facts: string) => `!${facts}.token`],
    ["without facts", () => ".token"],
  ])("CK-18 %s is none", async (_what, arrange) => expect(await read({}, arrange)).toBeNull());
});

describe("how long things last", () => {
  test("AR-13 a sign-in that took ten minutes less a second ends well, one of ten minutes does not", async () => {
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
});
