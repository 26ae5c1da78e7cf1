import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CookieJar } from "@/lib/auth/core/http/cookie-jar";
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
const jarOf = (cookie = "") => new kit.core.CookieJar(new Headers({ cookie }), kit.config());
/** As the browser would send them. */
const headerOf = (jar: CookieJar) => jar.applyToHeader("");

const FACTS = { iss: "https://issuer.example", sub: "1", iat: NOW, exp: NOW + 3_600 };
const SIGN_IN = { iss: FACTS.iss, sub: FACTS.sub, auth_time: NOW };

/** A session whose tokens have so many characters, in a jar that may hold other cookies. */
async function store(
  accessLength: number,
  idLength: number,
  { exp = FACTS.exp, endsAt = NOW + 86_400, cookie = "" } = {},
) {
  const accessClaims = { ...FACTS, exp, token_use: "access", client_id: "web" } as const;
  const idClaims = { ...FACTS, exp, token_use: "id", aud: "web" } as const;
  const refreshToken = "r".repeat(1_500);
  const tokens = { accessToken: "a".repeat(accessLength), accessClaims, idToken: "i".repeat(idLength), idClaims };
  const state = { refreshToken, signIn: SIGN_IN, sessionEndsAt: endsAt };
  const jar = jarOf(cookie);
  const stored = await kit.core.sessionCookies.writeSession(jar, { ...tokens, refreshToken }, state, "signed_in");
  return { jar, isIdTokenDropped: stored.idToken === null };
}

describe("how large a session may be", () => {
  test("CK-06 at 7,500 bytes of cookies the ID token is kept, at 7,501 it is left out", async () => {
    const sizes = await Promise.all(
      range(2_800, 3_400).map(async (length) => {
        const { jar, isIdTokenDropped } = await store(2_500, length);
        return isIdTokenDropped ? null : headerOf(jar).length;
      }),
    );
    expect(Math.max(...sizes.map((size) => size ?? 0))).toBe(7_500);
    expect(sizes.indexOf(null)).toBe(sizes.indexOf(7_500) + 1);
  });

  test("CK-06 12,000 bytes of cookies are stored, 12,001 are a session_too_large", async () => {
    const sizes = await Promise.all(
      range(9_800, 10_500).map(async (length) => {
        return store(length, 10).then(
          ({ jar }) => headerOf(jar).length,
          (error: Error) => error.message,
        );
      }),
    );
    expect(Math.max(...sizes.map((size) => (typeof size === "number" ? size : 0)))).toBe(12_000);
    expect(sizes[sizes.indexOf(12_000) + 1]).toBe("12001 bytes of cookies");
  });

  test("CK-05 a cookie of 3,800 bytes is one, with its attributes, and a larger one is cut to as many", async () => {
    const lines = async (length: number) => {
      const jar = jarOf();
      await kit.core.cookies.writeCookie(jar, "access", "x".repeat(length), 3_600);
      return jar
        .applyTo(new Response())
        .headers.getSetCookie()
        .map((line) => line.length);
    };
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
      const jar = jarOf();
      await writeCookie(jar, "access", value, 3_600);
      last.add(jar.changes.at(-1)?.value.replace(/^\d+\.[\w-]+\./, "").length ?? 0);
      expect(await readCookie(jarOf(headerOf(jar)), "access")).toBe(value);
    }
    expect(last).toContain(1);
  });

  test("a session that ends before its tokens takes them along, and one that has ended is still a cookie", async () => {
    const ages = async (options: object) => (await store(10, 10, options)).jar.changes.map(({ maxAge }) => maxAge);
    expect(await ages({})).toEqual([3_600, 86_400, 3_600]);
    expect(await ages({ endsAt: NOW + 60 })).toEqual([60, 60, 60]);
    expect(await ages({ exp: NOW })).toEqual([1, 86_400, 1]); // 0 would delete.
  });
});

test("CB-19 a session without a refresh token leaves none of the session before", async () => {
  const accessClaims = { ...FACTS, token_use: "access", client_id: "web" } as const;
  const tokens = { accessToken: "a", accessClaims, idToken: null, idClaims: null, refreshToken: null };
  const jar = jarOf("__Host-auth.refresh=x; __Host-auth.id=x");
  await kit.core.sessionCookies.writeSession(jar, tokens, null, "signed_in");
  expect(jar.changes).toEqual([
    { name: "__Host-auth.access", value: "a", maxAge: 3_600 },
    { name: "__Host-auth.refresh", value: "", maxAge: 0 },
    { name: "__Host-auth.id", value: "", maxAge: 0 },
  ]);
});

describe("how much is remembered in a browser", () => {
  const signIn = (n: number) => ({ iss: kit.config().issuer, sub: `${n}`, auth_time: NOW });
  /** The Cookie header after these sign-ins ended, each a second later than the one before. */
  const ended = async (numbers: readonly number[]) => {
    let header = "";
    for (const [i, n] of numbers.entries()) {
      const jar = jarOf(header);
      await kit.core.ended.markEnded(jar, signIn(n), NOW + 600 + i);
      header = jar.applyToHeader(header);
    }
    return header;
  };
  const known = async (header: string, numbers: readonly number[]) => {
    const verdicts = await Promise.all(numbers.map((n) => kit.core.ended.hasEnded(jarOf(header), signIn(n))));
    return numbers.filter((_, i) => verdicts[i]);
  };
  const replaced = (n: number) => ({ signIn: signIn(n), sessionEndsAt: NOW + 900 });

  test("CK-15 the five sessions that ended last, each of them once", async () => {
    const header = await ended([1, 2, 3, 4, 5, 6, 6, 6]);
    expect(await known(header, range(1, 7))).toEqual([2, 3, 4, 5, 6]);
    expect(header.split("; ")).toHaveLength(5);
  });

  test("AT-02 a mark holds when the pool began to send origin_jti after that sign-in", async () => {
    const header = await ended([1]);
    const later = { ...signIn(1), origin_jti: "0f0e0d0c-aaaa-4bbb-8ccc-0123456789ab" };
    expect(await kit.core.ended.hasEnded(jarOf(header), later)).toBe(true);
    expect(await kit.core.ended.hasEnded(jarOf(header), { ...later, auth_time: NOW + 1 })).toBe(false);
  });

  test("CB-19 the session that a sign-in replaces is one of these five", async () => {
    const header = await ended([1, 2, 3, 4, 5]);
    const jar = jarOf(header);
    await kit.core.ended.markStarted(jar, signIn(8), replaced(7));
    expect(await known(jar.applyToHeader(header), range(1, 8))).toEqual([2, 3, 4, 5, 7]);
  });

  test("CB-19 a new sign-in with the key of an ended one has not ended", async () => {
    const header = await ended([1, 2]);
    const jar = jarOf(header);
    await kit.core.ended.markStarted(jar, signIn(1), replaced(1));
    expect(await known(jar.applyToHeader(header), [1, 2])).toEqual([2]);
  });

  test("AT-02 a sign-in that ends never removes the mark of another", async () => {
    const [one, two] = [jarOf(), jarOf()]; // Two answers to requests that were sent at the same time.
    await kit.core.ended.markEnded(one, signIn(1), NOW + 600);
    await kit.core.ended.markEnded(two, signIn(2), NOW + 600);
    for (const header of [two.applyToHeader(one.applyToHeader("")), one.applyToHeader(two.applyToHeader(""))]) {
      expect(await known(header, [1, 2])).toEqual([1, 2]);
    }
  });

  test("RF-16 five refresh tokens that Cognito refused, for ten minutes, and not the one that followed", async () => {
    let header = "";
    for (const n of range(1, 6)) {
      const jar = jarOf(header);
      await kit.core.ended.markRejected(jar, `refused-${n}`);
      header = jar.applyToHeader(header);
    }
    const spent = async () => {
      const verdicts = range(1, 7).map((n) => kit.core.ended.isRejected(jarOf(header), `refused-${n}`));
      return (await Promise.all(verdicts)).map(Number).join("");
    };
    expect(await spent()).toBe("0111110");
    at(599);
    expect(await spent()).toBe("0111110");
    at(600);
    expect(await spent()).toBe("0000000");
  });

  test("DS-15 sixteen visits to sign-in, each for a minute", async () => {
    const count = async (others: number, seconds = 0) => {
      at(0);
      let header = "";
      let rounds = 0;
      for (const page of ["/a", ...range(1, others).map((n) => `/${n}`), "/a"]) {
        const jar = jarOf(header);
        rounds = await kit.core.rounds.countRound(jar, page);
        header = headerOf(jar);
        expect(header).toMatch(/^__Host-auth\.rounds=[\w-]{43}(~[\w-]{4}\.\d{10})+$/); // No page by its name.
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
    const jar = jarOf("__Host-auth.a=1; __Host-auth.b=old");
    jar.delete("__Host-auth.a");
    jar.set({ name: "__Host-auth.b", value: "older", maxAge: 1 });
    jar.set({ name: "__Host-auth.b", value: "new", maxAge: 1 });
    expect(jar.applyToHeader("__Host-auth.a=1; __Host-auth.b=old; c; =d")).toBe("c; =d; __Host-auth.b=new");
    expect(jar.applyToHeader("")).toBe("__Host-auth.b=new");
  });

  test("HD-10 names each cookie once, and deletes none that the browser did not send", () => {
    const jar = jarOf("__Host-auth.a=1");
    jar.set({ name: "__Host-auth.b", value: "1", maxAge: 1 });
    jar.delete("__Host-auth.b");
    jar.delete("__Host-auth.c");
    jar.delete("__Host-auth.a");
    jar.delete("__Host-auth.a");
    expect(jar.changes).toEqual([{ name: "__Host-auth.a", value: "", maxAge: 0 }]);
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
  const read = async (change: object, arrange = (facts: string) => `${facts}.token`) => {
    const facts = { iss: kit.config().issuer, sub: "1", auth_time: NOW, exp: NOW + 600, ...change };
    const value = arrange(Buffer.from(JSON.stringify(facts)).toString("base64url"));
    const jar = jarOf();
    await kit.core.cookies.writeCookie(jar, "refresh", value, 600);
    return kit.core.refreshCookie.readRefreshState(jarOf(headerOf(jar)));
  };

  test("CK-12 tells the refresh token, the sign-in, and when the session ends", async () => {
    const signIn = { iss: kit.config().issuer, sub: "1", auth_time: NOW };
    expect(await read({})).toEqual({ refreshToken: "token", signIn, sessionEndsAt: NOW + 600, isProven: true });
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
