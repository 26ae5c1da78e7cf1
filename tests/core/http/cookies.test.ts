import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, ENDED, type Kit, ORIGIN, pathOf, TYPED, usePool } from "../../support/kit";

const DAY_S = 24 * 3600;
const AGAIN = "/auth/login?returnTo=/x&prompt=login";

const pool = usePool({ settings: { rotation: true, refreshTokenSeconds: 90 * DAY_S } });

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.setSystemTime("2026-06-01T12:00:00Z");
  Object.assign(pool.cognito.settings, { accessClaims: {}, idClaims: {} });
  pool.cognito.clearFaults();
  pool.cognito.clearRequests();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function signedIn(username: string, env: Record<string, string> = {}) {
  const kit = await pool.load(env);
  const browser = pool.browser(kit);
  const answer = await browser.signIn(username);
  return { kit, browser, answer };
}

/** For whom a route and middleware take the sender of these cookies: the name, and 200 or a redirect to sign-in. */
async function who(kit: Kit, cookie: string): Promise<Verdict> {
  const route = kit.api.withOptionalSession((_request: Request, session) =>
    Response.json(session?.user.username ?? null),
  );
  const answer = await route(new Request(ORIGIN, { headers: { cookie } }), null);
  const page = await kit.middleware.default(pool.browser(kit).request("/dashboard", { ...TYPED, cookie }));
  return { user: await answer.json(), page: page.status, cookies: page.headers.getSetCookie() };
}

interface Verdict {
  user: string | null;
  page: number;
  cookies: string[];
}

const NOBODY: Verdict = { user: null, page: 303, cookies: [] };
const ADA: Verdict = { user: "ada", page: 200, cookies: [] };
const LIN: Verdict = { user: "lin", page: 200, cookies: [] };

const linesOf = (answers: readonly Response[]) => answers.flatMap(({ headers }) => headers.getSetCookie());
const events = () => vi.mocked(console.info).mock.calls.map(([line]) => JSON.parse(String(line)).auth);

/** Every answer of a whole life: sign-in with large and small tokens, refresh, sign-out. */
async function live(browser: Browser): Promise<Response[]> {
  const login = await browser.login();
  const callback = await browser.callback(await browser.cognito.authorize(login.headers.get("location") ?? "", "lin"));
  const again = await browser.signIn("ada", AGAIN);
  browser.drop("__Host-auth.access");
  const refreshed = await browser.visit("/dashboard");
  return [login, callback, again, refreshed, await browser.signOut()];
}

describe("attributes", () => {
  test("CK-01 CK-03 CK-04 every cookie has the prefix, Secure, HttpOnly, SameSite=Lax, Path=/ and no Domain", async () => {
    const answers = await live(pool.browser(await pool.load()));
    expect(answers.map((answer) => answer.headers.has("set-cookie"))).toEqual([true, true, true, true, true]);
    for (const line of linesOf(answers)) {
      expect(line).toMatch(
        /^__Host-auth\.[\w.-]+=[\w.~+/=-]*; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax(; Expires=Thu, 01 Jan 1970 00:00:00 GMT)?$/,
      );
    }
  });

  test("CK-14 a deletion repeats the attributes, without which browsers ignore it", async () => {
    const lines = linesOf(await live(pool.browser(await pool.load())));
    const deletions = lines.filter((line) => line.includes("=; Max-Age=0;"));
    expect(deletions.length).toBeGreaterThan(5);
    for (const line of deletions)
      expect(line).toMatch(
        /=; Max-Age=0; Path=\/; HttpOnly; Secure; SameSite=Lax; Expires=Thu, 01 Jan 1970 00:00:00 GMT$/,
      );
  });

  test("CK-01 HD-10 no answer sets one name twice", async () => {
    for (const answer of await live(pool.browser(await pool.load()))) {
      const names = answer.headers.getSetCookie().map((line) => line.split("=", 1)[0]);
      expect(names).toEqual([...new Set(names)]);
    }
  });

  test("CK-23 a cookie is Secure although a proxy ends TLS and asks over http", async () => {
    const browser = pool.browser(await pool.load());
    const answer = await browser.login("http://10.0.0.7:3000/auth/login", { ...TYPED, "x-forwarded-proto": "http" });
    expect(linesOf([answer]).length).toBeGreaterThan(1);
    expect(linesOf([answer]).every((line) => line.startsWith("__Host-") && line.includes("; Secure;"))).toBe(true);
  });

  test("CK-02 on a loopback over http the names have no prefix, and there is no Secure, even in production", async () => {
    vi.stubEnv("NODE_ENV", "production");
    const browser = pool.browser(await pool.load({ APP_BASE_URL: "http://localhost:3000" }));
    const lines = linesOf([await browser.login()]);
    vi.unstubAllEnvs();
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines)
      expect(line).toMatch(/^auth\.[\w.-]+=[\w.~-]+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  test.each([
    ["the default", {}, 30 * DAY_S],
    ["the longest that browsers keep", { AUTH_SESSION_MAX_AGE: `${400 * DAY_S}` }, 400 * DAY_S],
  ])("CK-13 the refresh cookie lasts as configured: %s", async (_what, env, seconds) => {
    const { browser } = await signedIn("ada", env);
    expect(browser.jar.get("__Host-auth.refresh")?.line).toContain(`; Max-Age=${seconds};`);
    expect(browser.jar.get("__Host-auth.access")?.line).toContain("; Max-Age=3600;");
  });

  test("CK-12 the end of the session is set at sign-in: no refresh and no rotation moves it", async () => {
    const { browser } = await signedIn("ada");
    const refreshTokens = new Set<string>();
    const start = Date.now();
    for (const hours of [1, 24, 29 * 24]) {
      vi.setSystemTime(start + hours * 3_600_000);
      expect((await browser.visit("/dashboard")).status).toBe(200);
      expect(browser.jar.get("__Host-auth.refresh")?.expiresAt).toBe(start + 30 * DAY_S * 1000);
      refreshTokens.add(browser.value("__Host-auth.refresh"));
    }
    expect(refreshTokens.size).toBe(3);
    const cookie = browser.cookieHeader;
    vi.setSystemTime(start + 30 * DAY_S * 1000);
    pool.cognito.clearRequests();
    // Even a browser that keeps the cookie does not get more.
    expect(await who(browser.kit, cookie)).toEqual(NOBODY);
    expect(pool.cognito.count("token")).toBe(0);
  });
});

describe("chunks", () => {
  test("CK-05 a session with a hundred groups fits, and no cookie is larger than browsers take", async () => {
    const { kit, browser, answer } = await signedIn("lin");
    const lines = linesOf([answer]);
    expect(browser.names().filter((name) => name.includes(".access."))).toHaveLength(2);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(4096);
    expect(await who(kit, browser.cookieHeader)).toEqual(LIN);
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
    expect((await who(kit, browser.cookieHeader)).user).toBe(after);
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
  test.each(broken)("CK-08 chunks %s make a session or none, and never a mixture", async (_what, change, expected) => {
    const { kit, browser } = await signedIn("lin");
    const { browser: otherBrowser } = await signedIn("lin");
    const chunksOf = ({ jar }: Browser): Chunks =>
      Object.fromEntries(
        [...jar].filter(([name]) => name.includes(".access.")).map(([name, { value }]) => [name, value]),
      );
    const chunks = change(chunksOf(browser), chunksOf(otherBrowser));
    expect(
      await who(
        kit,
        Object.entries(chunks)
          .map((pair) => pair.join("="))
          .join("; "),
      ),
    ).toEqual(expected);
  });

  test("CK-08 a session with broken chunks is mended by its refresh token", async () => {
    const { kit, browser } = await signedIn("lin");
    browser.drop(FIRST);
    expect((await browser.visit("/dashboard")).status).toBe(200);
    expect(await who(kit, browser.cookieHeader)).toEqual(LIN);
  });
});

describe("the byte budget", () => {
  test("CK-06 the ID token is left out above 7,500 bytes, and the event says so", async () => {
    const kept: number[] = [];
    for (let size = 0; size <= 3_000; size += 250) {
      pool.cognito.settings.idClaims = { "custom:bio": "x".repeat(size) };
      const { kit, browser } = await signedIn("ada");
      const isIdTokenDropped = !browser.names().some((name) => name.startsWith("__Host-auth.id"));
      expect(events().at(-1)).toMatchObject({ type: "signed_in", isIdTokenDropped });
      expect(await who(kit, browser.cookieHeader)).toEqual(ADA);
      if (!isIdTokenDropped) kept.push(browser.cookieHeader.length);
    }
    expect(kept.length).toBeLessThan(13);
    expect(Math.max(...kept)).toBeLessThanOrEqual(7_500);
    expect(Math.max(...kept)).toBeGreaterThan(6_700);
  });

  test("CK-06 CK-22 above 12,000 bytes the sign-in fails with a clear page, before any server answers 431", async () => {
    const ends = new Set<string>();
    for (let size = 5_000; size <= 8_000; size += 500) {
      pool.cognito.settings.accessClaims = { large: "x".repeat(size) };
      const { browser, answer } = await signedIn("ada");
      ends.add(pathOf(answer));
      if (pathOf(answer) === "/dashboard") expect(browser.cookieHeader.length).toBeLessThanOrEqual(12_000);
      else expect(linesOf([answer]).filter((line) => !line.includes("Max-Age=0"))).toEqual([]);
    }
    expect([...ends]).toEqual(["/dashboard", "/auth/error?code=session_too_large&returnTo=%2Fdashboard"]);
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
  ])("%s: one verdict for route and middleware", async (_what, header, expected) => {
    const kit = await pool.load();
    expect(await who(kit, header(await pool.cognito.accessTokenFor("ada")))).toEqual(expected);
  });
});

// As Node reads them: one character for each byte of the request.
const PLANTED_BYTES: readonly (readonly [what: string, text: string])[] = [
  ["0xA0", "\xa0"],
  ["0x85", "\x85"],
  ["0x0B", "\x0b"],
  ["0x0C", "\x0c"],
  ["U+00A0 in UTF-8", "\xc2\xa0"],
  ["U+2000 in UTF-8", "\xe2\x80\x80"],
  ["U+3000 in UTF-8", "\xe3\x80\x80"],
  ["U+FEFF in UTF-8", "\xef\xbb\xbf"],
];

describe("bytes that a sub-domain plants around the name of a cookie", () => {
  const NAME = "__Host-auth.access";
  const PLACES: readonly (readonly [string, (byte: string, good: string) => string])[] = [
    ["before the name", (byte, good) => `a=b; ${byte}${NAME}=${good}`],
    ["after the name", (byte, good) => `${NAME}${byte}=${good}`],
    ["before the value", (byte, good) => `${NAME}=${byte}${good}`],
    ["after the value", (byte, good) => `${NAME}=${good}${byte}; a=b`],
  ];
  const ROWS = PLANTED_BYTES.flatMap(([what, byte]) =>
    PLACES.map(([place, header]) => [what, place, byte, header] as const),
  );

  test.each(ROWS)("AT-01 %s %s makes a cookie that is not the kit's", async (_what, _place, byte, header) => {
    const kit = await pool.load();
    expect((await who(kit, header(byte, await pool.cognito.accessTokenFor("ada")))).user).toBeNull();
  });

  test.each(PLANTED_BYTES)("AT-01 %s before a name cannot take the place of a good cookie", async (_what, byte) => {
    const kit = await pool.load();
    const [good, planted] = [await pool.cognito.accessTokenFor("ada"), await pool.cognito.accessTokenFor("lin")];
    expect(await who(kit, `${byte}${NAME}=${planted}; ${NAME}=${good}`)).toEqual(ADA);
    expect(await who(kit, `${NAME}=${good}; ${byte}${NAME}=${planted}`)).toEqual(ADA);
  });

  test.each([" ", "\t", " \t "])("AT-01 spaces and tabs (%j) are removed, as RFC 6265 asks", async (space) => {
    const kit = await pool.load();
    const good = await pool.cognito.accessTokenFor("ada");
    expect(await who(kit, `a=b;${space}${NAME}${space}=${space}${good}${space}; c=d`)).toEqual(ADA);
  });
});

describe("replacing and deleting", () => {
  test("CK-15 LO-05 sign-out deletes every piece, prefixed or not, and leaves nothing that is a credential", async () => {
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

  test("CK-21 CS-06 of a session that somebody planted, nothing is left after the own sign-in", async () => {
    const { browser: attacker } = await signedIn("lin");
    const kit = await pool.load();
    const victim = pool.browser(kit);
    for (const [name, cookie] of attacker.jar) victim.jar.set(name, cookie);
    await victim.signIn("ada", AGAIN);
    expect(await who(kit, victim.cookieHeader)).toEqual(ADA);
    victim.drop("__Host-auth.access");
    await victim.visit("/dashboard");
    expect(await who(kit, victim.cookieHeader)).toEqual(ADA);
    for (const { value } of attacker.jar.values())
      if (value.length > 100) expect(victim.cookieHeader).not.toContain(value);
  });

  test.each([
    ["without a transaction", "transaction_missing", (url: string) => url.replace(/state=./, "state=~")],
    ["with Cognito's error", "authorization_failed", (url: string) => `${url}&error=server_error`],
    ["without a code", "authorization_failed", (url: string) => url.replace(/code=[^&]+/, "")],
    ["with a wrong code", "grant_rejected", (url: string) => url.replace(/code=[^&]+/, "code=x")],
    ["while the token endpoint is down", "token_endpoint_unavailable", (url: string) => url],
  ])("CK-22 a callback %s sets nothing, and deletes its transaction at most", async (_what, code, change) => {
    const browser = pool.browser(await pool.load());
    const login = await browser.login();
    const url = await pool.cognito.authorize(login.headers.get("location") ?? "", "ada");
    if (code === "token_endpoint_unavailable") pool.cognito.fault("token", { status: 500 });
    const answer = await browser.callback(change(url));
    expect(pathOf(answer)).toContain(`/auth/error?code=${code}`);
    for (const line of linesOf([answer])) expect(line).toMatch(/^__Host-auth\.txn\.[\w-]{16}=; Max-Age=0;/);
  });
});
