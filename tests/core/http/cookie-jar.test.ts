import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, CLICKED, type Kit, TYPED, usePool, whoIs } from "../../support/kit";

const ADA = { user: "ada", page: 200, cookies: [] };
const AGAIN = "/auth/login?returnTo=/x&prompt=login";

const pool = usePool({ settings: { rotation: true } });

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const linesOf = (answers: readonly Response[]) => answers.flatMap(({ headers }) => headers.getSetCookie());

/** The responses of a session from start to end: sign-in with large and small tokens, refresh, sign-out. */
async function live(browser: Browser): Promise<Response[]> {
  const login = await browser.login();
  const callback = await browser.callback(await browser.cognito.authorize(login.headers.get("location") ?? "", "lin"));
  const again = await browser.signIn("ada", AGAIN);
  browser.drop("__Host-auth.access");
  const refreshed = await browser.visit("/dashboard");
  return [login, callback, again, refreshed, await browser.signOut()];
}

describe("the changes that a jar collects", () => {
  let kit: Kit;
  beforeEach(async () => {
    kit = await pool.load();
  });
  const jarOf = (cookie = "") => new kit.core.CookieJar(new Headers({ cookie }), kit.config());

  test("the Cookie header contains the set cookies, without deleted and replaced ones", () => {
    const jar = jarOf("__Host-auth.a=1; __Host-auth.b=old");
    jar.delete("__Host-auth.a");
    jar.set({ name: "__Host-auth.b", value: "older", maxAge: 1 });
    jar.set({ name: "__Host-auth.b", value: "new", maxAge: 1 });
    expect(jar.applyToHeader("__Host-auth.a=1; __Host-auth.b=old; c; =d")).toBe("c; =d; __Host-auth.b=new");
    expect(jar.applyToHeader("")).toBe("__Host-auth.b=new");
  });

  test("HD-10 a jar changes each name once, and deletes only cookies that the browser sent", () => {
    const jar = jarOf("__Host-auth.a=1");
    jar.set({ name: "__Host-auth.b", value: "1", maxAge: 1 });
    jar.delete("__Host-auth.b");
    jar.delete("__Host-auth.c");
    jar.delete("__Host-auth.a");
    jar.delete("__Host-auth.a");
    expect(jar.changes).toEqual([{ name: "__Host-auth.a", value: "", maxAge: 0 }]);
  });
});

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

  test("CK-14 a deletion repeats the attributes, because browsers ignore it without them", async () => {
    const lines = linesOf(await live(pool.browser(await pool.load())));
    const deletions = lines.filter((line) => line.includes("=; Max-Age=0;"));
    expect(deletions.length).toBeGreaterThan(5);
    for (const line of deletions)
      expect(line).toMatch(
        /=; Max-Age=0; Path=\/; HttpOnly; Secure; SameSite=Lax; Expires=Thu, 01 Jan 1970 00:00:00 GMT$/,
      );
  });

  test("CK-01 HD-10 no response sets the same name twice", async () => {
    for (const answer of await live(pool.browser(await pool.load()))) {
      const names = answer.headers.getSetCookie().map((line) => line.split("=", 1)[0]);
      expect(names).toEqual([...new Set(names)]);
    }
  });

  test("CK-23 a cookie is Secure when a proxy ends TLS and calls the app over http", async () => {
    const browser = pool.browser(await pool.load());
    const answer = await browser.login("http://10.0.0.7:3000/auth/login", { ...TYPED, "x-forwarded-proto": "http" });
    expect(linesOf([answer]).length).toBeGreaterThan(1);
    expect(linesOf([answer]).every((line) => line.startsWith("__Host-") && line.includes("; Secure;"))).toBe(true);
  });

  test("CK-02 on loopback over http, cookies have no prefix and no Secure, also in production", async () => {
    vi.stubEnv("NODE_ENV", "production");
    const browser = pool.browser(await pool.load({ APP_BASE_URL: "http://localhost:3000" }));
    const lines = linesOf([await browser.login()]);
    vi.unstubAllEnvs();
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines)
      expect(line).toMatch(/^auth\.[\w.-]+=[\w.~-]+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/);
  });
});

// Node reads one character for each byte of the request.
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

  test.each(ROWS)(
    "AT-01 the byte %s %s makes a cookie that the kit does not read",
    async (_what, _place, byte, header) => {
      const kit = await pool.load();
      expect((await whoIs(kit, header(byte, await pool.cognito.accessTokenFor("ada")))).user).toBeNull();
    },
  );

  test.each(PLANTED_BYTES)(
    "AT-01 a cookie with the byte %s before its name cannot replace a good cookie",
    async (_what, byte) => {
      const kit = await pool.load();
      const [good, planted] = [await pool.cognito.accessTokenFor("ada"), await pool.cognito.accessTokenFor("lin")];
      expect(await whoIs(kit, `${byte}${NAME}=${planted}; ${NAME}=${good}`)).toEqual(ADA);
      expect(await whoIs(kit, `${NAME}=${good}; ${byte}${NAME}=${planted}`)).toEqual(ADA);
    },
  );

  test.each([" ", "\t", " \t "])("AT-01 the kit removes spaces and tabs (%j), as RFC 6265 requires", async (space) => {
    const kit = await pool.load();
    const good = await pool.cognito.accessTokenFor("ada");
    expect(await whoIs(kit, `a=b;${space}${NAME}${space}=${space}${good}${space}; c=d`)).toEqual(ADA);
  });
});

test("AT-15 sign-out deletes all cookies of its own, also when a sub-domain planted seventy others before them", async () => {
  const kit = await pool.load();
  const browser = pool.browser(kit);
  await browser.login(); // A sign-in that is not finished.
  await browser.signIn();
  const own = browser.names().filter((name) => !name.includes(".ended."));
  const planted = Array.from({ length: 70 }, (_, i) => `auth.p${i}=x`).join("; ");
  const request = browser.request("/auth/logout", CLICKED, { method: "POST" });
  request.headers.set("cookie", `${planted}; ${browser.cookieHeader}`);
  const lines = (await kit.logout.POST(request)).headers.getSetCookie();
  const deleted = lines.filter((line) => line.includes("=; Max-Age=0")).map((line) => line.split("=", 1).join());
  expect(deleted).toHaveLength(64);
  expect(own.filter((name) => !deleted.includes(name))).toEqual([]);
});
