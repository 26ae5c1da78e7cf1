import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CookieJar } from "@/lib/auth/core/http/cookie-jar";
import { type Browser, ENDED, type Kit, usePool, whoIs } from "../../support/kit";

const AGAIN = "/auth/login?returnTo=/x&prompt=login";

const pool = usePool({ settings: { rotation: true } });

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.setSystemTime("2026-06-01T12:00:00Z");
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function signedIn(username: string) {
  const kit = await pool.load();
  const browser = pool.browser(kit);
  const answer = await browser.signIn(username);
  return { kit, browser, answer };
}

const linesOf = (answers: readonly Response[]) => answers.flatMap(({ headers }) => headers.getSetCookie());

type Verdict = Awaited<ReturnType<typeof whoIs>>;
const NOBODY: Verdict = { user: null, page: 303, cookies: [] };
const ADA: Verdict = { user: "ada", page: 200, cookies: [] };
const LIN: Verdict = { user: "lin", page: 200, cookies: [] };

describe("chunks", () => {
  test("CK-05 a session with a hundred groups fits, in cookies that browsers accept", async () => {
    const { kit, browser, answer } = await signedIn("lin");
    const lines = linesOf([answer]);
    expect(browser.names().filter((name) => name.includes(".access."))).toHaveLength(2);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(4096);
    expect(await whoIs(kit, browser.cookieHeader)).toEqual(LIN);
  });

  test.each([
    ["fewer", "lin", "ada"],
    ["more", "ada", "lin"],
  ])("CK-07 CB-19 a session that takes %s cookies leaves none of the old ones", async (_what, before, after) => {
    const { kit, browser } = await signedIn(before);
    await browser.signIn(after, AGAIN);
    const fresh = await signedIn(after);
    const names = browser.names().filter((name) => !ENDED.test(name)); // They say that the old one has ended.
    expect(names).toEqual(fresh.browser.names());
    expect((await whoIs(kit, browser.cookieHeader)).user).toBe(after);
  });

  type Chunks = Record<string, string>;
  const FIRST = "__Host-auth.access.1";
  const SECOND = "__Host-auth.access.2";
  const broken: [string, (own: Chunks, other: Chunks) => Chunks, Verdict][] = [
    ["whole", (own) => own, LIN],
    ["in another order", ({ [FIRST]: a = "", [SECOND]: b = "" }) => ({ [SECOND]: b, [FIRST]: a }), LIN],
    ["with one more of an older session", (own) => ({ ...own, "__Host-auth.access.3": "3.AAAAAAAA.x" }), LIN],
    ["without the first", ({ [FIRST]: _, ...rest }) => rest, NOBODY],
    ["without the last", ({ [SECOND]: _, ...rest }) => rest, NOBODY],
    ["exchanged", ({ [FIRST]: a = "", [SECOND]: b = "" }) => ({ [FIRST]: b, [SECOND]: a }), NOBODY],
    ["of two sign-ins", (own, other) => ({ ...own, [SECOND]: other[SECOND] ?? "" }), NOBODY],
    ["with a whole cookie beside", (own) => ({ ...own, "__Host-auth.access": "x" }), NOBODY],
    ["with an empty one", (own) => ({ ...own, [SECOND]: "" }), NOBODY],
    ["that claim to be 99", ({ [FIRST]: a = "", ...rest }) => ({ ...rest, [FIRST]: a.replace(/^\d+/, "99") }), NOBODY],
    ["that claim to be none", ({ [FIRST]: a = "", ...rest }) => ({ ...rest, [FIRST]: a.replace(/^\d+/, "0") }), NOBODY],
    ["without their label", ({ [FIRST]: a = "", ...rest }) => ({ ...rest, [FIRST]: a.slice(11) }), NOBODY],
  ];

  // Nothing is deleted: a refresh, or the next sign-in, replaces the pieces.
  test.each(broken)("CK-08 chunks %s give one whole session or none", async (_what, change, expected) => {
    const { kit, browser } = await signedIn("lin");
    const { browser: otherBrowser } = await signedIn("lin");
    const chunksOf = ({ jar }: Browser): Chunks =>
      Object.fromEntries(
        [...jar].filter(([name]) => name.includes(".access.")).map(([name, { value }]) => [name, value]),
      );
    const chunks = change(chunksOf(browser), chunksOf(otherBrowser));
    expect(
      await whoIs(
        kit,
        Object.entries(chunks)
          .map((pair) => pair.join("="))
          .join("; "),
      ),
    ).toEqual(expected);
  });

  test("CK-08 the refresh token restores a session with broken chunks", async () => {
    const { kit, browser } = await signedIn("lin");
    browser.drop(FIRST);
    expect((await browser.visit("/dashboard")).status).toBe(200);
    expect(await whoIs(kit, browser.cookieHeader)).toEqual(LIN);
  });
});

describe("the size of a chunk", () => {
  let kit: Kit;
  beforeEach(async () => {
    kit = await pool.load();
  });
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const jarOf = (cookie = "") => new kit.core.CookieJar(new Headers({ cookie }), kit.config());
  /** The Cookie header that the browser sends after these changes. */
  const headerOf = (jar: CookieJar) => jar.applyToHeader("");

  test("CK-05 a cookie of 3,800 bytes with its attributes stays whole, and a larger one becomes chunks of at most 3,800", async () => {
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

  test("CK-05 chunks lose no character, not even a last one that has a chunk of its own", async () => {
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
});

describe("reading", () => {
  const NAME = "__Host-auth.access";
  const OTHERS = Array.from({ length: 200 }, (_, i) => `cookie${i}=${"x".repeat(60)}`).join("; ");

  test.each([
    ["a good cookie", (good: string) => `${NAME}=${good}`, ADA],
    ["CK-16 a good one, then a bad one", (good: string) => `${NAME}=${good}; ${NAME}=bad`, NOBODY],
    ["CK-16 a bad one, then a good one", (good: string) => `${NAME}=bad; ${NAME}=${good}`, NOBODY],
    ["CK-16 a good one, then one without a value", (good: string) => `${NAME}=${good}; ${NAME}`, NOBODY],
    ["CK-17 a name without the prefix", (good: string) => `auth.access=${good}`, NOBODY],
    ["CK-17 a name with a weaker prefix", (good: string) => `__Secure-auth.access=${good}`, NOBODY],
    ["CK-17 a bad one without the prefix beside", (good: string) => `auth.access=bad; ${NAME}=${good}`, ADA],
    ["CK-19 the prefix in lower case", (good: string) => `__host-auth.access=${good}`, NOBODY],
    ["CK-19 the prefix in upper case", (good: string) => `__HOST-auth.access=${good}`, NOBODY],
    ["CK-18 a value that does not decode", () => `${NAME}=%E0%A4%A`, NOBODY],
    ["CK-18 an encoded line break", (good: string) => `${NAME}=${good}%0d%0aSet-Cookie:%20a=b`, NOBODY],
    ["CK-18 an encoded zero byte", (good: string) => `${NAME}=${good}%00`, NOBODY],
    ["CK-18 an encoded token", (good: string) => `${NAME}=${good.replaceAll(".", "%2e")}`, NOBODY],
    ["CK-18 no value", () => `${NAME}=`, NOBODY],
    ["CK-18 no equals sign", () => NAME, NOBODY],
    ["CK-18 the value true", () => `${NAME}=true`, NOBODY],
    ["CK-18 a value in quotes", (good: string) => `${NAME}="${good}"`, NOBODY],
    ["CK-20 two hundred other cookies", (good: string) => `${OTHERS}; ${NAME}=${good}; ${OTHERS}`, ADA],
    ["CK-20 twenty thousand semicolons", (good: string) => `${";".repeat(20_000)}${NAME}=${good}`, ADA],
  ])("a route and middleware agree on the session: %s", async (_what, header, expected) => {
    const kit = await pool.load();
    expect(await whoIs(kit, header(await pool.cognito.accessTokenFor("ada")))).toEqual(expected);
  });
});

describe("replacing and deleting", () => {
  test("CK-15 LO-05 sign-out deletes every chunk, with and without the prefix, and leaves no credential", async () => {
    const { browser } = await signedIn("lin");
    const smallest = Math.min(...[...browser.jar.values()].map(({ value }) => value.length).filter((it) => it > 100));
    await browser.login(AGAIN);
    for (const name of ["auth.access", "auth.access.1", "auth.refresh.2", "__Host-auth.id.7", "other"]) {
      browser.jar.set(name, { value: "x", line: "", expiresAt: Number.POSITIVE_INFINITY });
    }
    await browser.signOut();
    expect(browser.names()).toEqual([expect.stringMatching(ENDED), "other"]);
    expect(browser.value(browser.names()[0] ?? "").length).toBeLessThan(smallest / 10);
  });

  test("CK-21 CS-06 a sign-in removes every part of a planted session", async () => {
    const { browser: attacker } = await signedIn("lin");
    const kit = await pool.load();
    const victim = pool.browser(kit);
    for (const [name, cookie] of attacker.jar) victim.jar.set(name, cookie);
    await victim.signIn("ada", AGAIN);
    expect(await whoIs(kit, victim.cookieHeader)).toEqual(ADA);
    victim.drop("__Host-auth.access");
    await victim.visit("/dashboard");
    expect(await whoIs(kit, victim.cookieHeader)).toEqual(ADA);
    for (const { value } of attacker.jar.values())
      if (value.length > 100) expect(victim.cookieHeader).not.toContain(value);
  });
});
