import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CookieJar } from "@/lib/auth/core/http/cookie-jar";
import { type Kit, ORIGIN, pathOf, usePool, whoIs } from "../../support/kit";

const START = Date.parse("2026-06-01T12:00:00Z");
const NOW = START / 1000;
const DAY_S = 24 * 3600;

const pool = usePool({ settings: { rotation: true, refreshTokenSeconds: 90 * DAY_S } });

const ADA = { user: "ada", page: 200, cookies: [] };

let kit: Kit;
beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.setSystemTime(START);
  Object.assign(pool.cognito.settings, { accessClaims: {}, idClaims: {} });
  pool.cognito.clearFaults();
  kit = await pool.load();
  pool.cognito.clearRequests();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const jarOf = (cookie = "") => new kit.core.CookieJar(new Headers({ cookie }), kit.config());
/** The Cookie header that the browser sends after these changes. */
const headerOf = (jar: CookieJar) => jar.applyToHeader("");

const FACTS = { iss: "https://issuer.example", sub: "1", iat: NOW, exp: NOW + 3_600 };
const SIGN_IN = { iss: FACTS.iss, sub: FACTS.sub, auth_time: NOW };

/** Writes a session whose tokens have these lengths to a jar that can have other cookies. */
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

describe("the size of a session", () => {
  test("CK-06 with 7,500 bytes of cookies the ID token is stored, and with 7,501 it is left out", async () => {
    const sizes = await Promise.all(
      range(2_800, 3_400).map(async (length) => {
        const { jar, isIdTokenDropped } = await store(2_500, length);
        return isIdTokenDropped ? null : headerOf(jar).length;
      }),
    );
    expect(Math.max(...sizes.map((size) => size ?? 0))).toBe(7_500);
    expect(sizes.indexOf(null)).toBe(sizes.indexOf(7_500) + 1);
  });

  test("CK-06 12,000 bytes of cookies are stored, and 12,001 are rejected with session_too_large", async () => {
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

  test("CK-06 the ID token is left out above 7,500 bytes, and the event says so", async () => {
    const kept: number[] = [];
    for (let size = 0; size <= 3_000; size += 250) {
      pool.cognito.settings.idClaims = { "custom:bio": "x".repeat(size) };
      const { kit, browser } = await signedIn("ada");
      const isIdTokenDropped = !browser.names().some((name) => name.startsWith("__Host-auth.id"));
      expect(events().at(-1)).toMatchObject({ type: "signed_in", isIdTokenDropped });
      expect(await whoIs(kit, browser.cookieHeader)).toEqual(ADA);
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

describe("the lifetime of a session", () => {
  test("the cookies of tokens live no longer than the session, and at least one second", async () => {
    const ages = async (options: object) => (await store(10, 10, options)).jar.changes.map(({ maxAge }) => maxAge);
    expect(await ages({})).toEqual([3_600, 86_400, 3_600]);
    expect(await ages({ endsAt: NOW + 60 })).toEqual([60, 60, 60]);
    expect(await ages({ exp: NOW })).toEqual([1, 86_400, 1]); // 0 would delete.
  });

  test.each([
    ["the default", {}, 30 * DAY_S],
    ["the longest that browsers keep", { AUTH_SESSION_MAX_AGE: `${400 * DAY_S}` }, 400 * DAY_S],
  ])("CK-13 the refresh cookie lives as long as the configured session: %s", async (_what, env, seconds) => {
    const { browser } = await signedIn("ada", env);
    expect(browser.jar.get("__Host-auth.refresh")?.line).toContain(`; Max-Age=${seconds};`);
    expect(browser.jar.get("__Host-auth.access")?.line).toContain("; Max-Age=3600;");
  });
});

test("CB-19 a session without a refresh token deletes the refresh token of the session before", async () => {
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

test("ID-18 CB-19 the valid ID token of another user adds no claim to a session", async () => {
  const route = kit.api.withSession((_request: Request, { user, claims, idClaims }) =>
    Response.json({ user, claims, idClaims }),
  );
  const call = (headers: Record<string, string>) => route(new Request(ORIGIN, { headers }), null);
  const signIn = { claims: { origin_jti: crypto.randomUUID(), auth_time: Math.floor(Date.now() / 1000) } };
  const tokens = [await pool.cognito.idTokenFor("ada", signIn), await pool.cognito.idTokenFor("grace", signIn)];
  const access = `__Host-auth.access=${await pool.cognito.accessTokenFor("ada", signIn)}`;
  const answers = await Promise.all(tokens.map((id) => call({ cookie: `${access}; __Host-auth.id=${id}` })));
  const [own, others] = await Promise.all(answers.map((answer) => answer.json()));
  expect(own).toMatchObject({ user: { username: "ada", name: "Ada Lovelace" }, idClaims: { name: "Ada Lovelace" } });
  expect(others).toEqual({ user: { sub: own.user.sub, username: "ada" }, claims: own.claims, idClaims: null });
  const cookie = `${access}; __Host-auth.id=${tokens[1]}`;
  expect(await kit.core.authenticate(new Headers({ cookie }), kit.config(), "never")).toMatchObject({
    idToken: null,
  });
});

test("AT-12 ID-18 the ID token of another sign-in of the same user is left out and reported", async () => {
  const cookies = [await pool.cognito.accessTokenFor("ada"), await pool.cognito.idTokenFor("ada")];
  const cookie = `__Host-auth.access=${cookies[0]}; __Host-auth.id=${cookies[1]}`;
  const auth = await kit.core.authenticate(new Headers({ cookie }), kit.config(), "never");
  const events = [{ type: "id_token_dropped", code: "token_invalid" }];
  expect(auth).toMatchObject({ status: "signed_in", idToken: null, session: { idClaims: null }, events });
});

test("AT-12 a session is unknown while the key of its ID token cannot be fetched", async () => {
  const signIn = { claims: { origin_jti: crypto.randomUUID(), auth_time: Math.floor(Date.now() / 1000) } };
  const access = await pool.cognito.accessTokenFor("ada", signIn);
  const known = new Headers({ cookie: `__Host-auth.access=${access}` });
  expect((await kit.core.authenticate(known, kit.config(), "never")).status).toBe("signed_in");
  await pool.cognito.rotateKeys({ keepOld: true });
  pool.cognito.fault("jwks", { status: 500 });
  const cookie = `__Host-auth.access=${access}; __Host-auth.id=${await pool.cognito.idTokenFor("ada", signIn)}`;
  const auth = await kit.core.authenticate(new Headers({ cookie }), kit.config(), "never");
  pool.cognito.clearFaults();
  expect(auth).toMatchObject({ status: "unknown", error: { code: "keys_unavailable" } });
});

test("RF-09 a refresh without an ID token keeps the session, without ID claims", async () => {
  const { browser } = await signedIn("ada");
  for (const kind of ["access", "id"]) browser.drop(`__Host-auth.${kind}`);
  pool.cognito.fault("token", { transform: ({ id_token: _, ...others }) => others });
  expect((await browser.visit("/dashboard")).status).toBe(200);
  const auth = await kit.core.authenticate(new Headers({ cookie: browser.cookieHeader }), kit.config(), "never");
  expect(auth).toMatchObject({ status: "signed_in", idToken: null, session: { idClaims: null } });
});

async function signedIn(username: string, env: Record<string, string> = {}) {
  const kit = await pool.load(env);
  const browser = pool.browser(kit);
  const answer = await browser.signIn(username);
  return { kit, browser, answer };
}

const linesOf = (answers: readonly Response[]) => answers.flatMap(({ headers }) => headers.getSetCookie());

const events = () => vi.mocked(console.info).mock.calls.map(([line]) => JSON.parse(String(line)).auth);
