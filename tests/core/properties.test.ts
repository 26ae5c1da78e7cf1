import fc from "fast-check";
import type { NextRequest } from "next/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { parseConfig } from "@/lib/auth/core/base/config";
import { AuthError } from "@/lib/auth/core/base/errors";
import { readKeys } from "@/lib/auth/core/base/jwks";
import { CookieJar, serializeCookie } from "@/lib/auth/core/http/cookie-jar";
import { readCookie, writeCookie } from "@/lib/auth/core/http/cookies";
import { safeReturnTo } from "@/lib/auth/core/http/return-to";
import { CLICKED, FETCHED, type Kit, ORIGIN, TYPED, usePool } from "../support/kit";

const pool = usePool();
const SECRET = "0123456789abcdef0123456789abcdef";
const REQUIRED = {
  COGNITO_ISSUER: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Abc123",
  COGNITO_DOMAIN: "https://auth.example.com",
  COGNITO_CLIENT_ID: "1example23456789",
  APP_BASE_URL: ORIGIN,
};

const runs = (numRuns: number) => ({ seed: 5, numRuns });
const encode = (value: unknown) => Buffer.from(JSON.stringify(value) ?? "").toString("base64url");
const units = fc.array(fc.nat({ max: 0xffff })).map((codes) => String.fromCharCode(...codes)); // Half surrogates too.

beforeEach(() => void vi.spyOn(console, "info").mockReturnValue());
afterEach(() => void vi.restoreAllMocks());

describe("safeReturnTo", () => {
  const marks = "/ // \\ . .. %2f %5c %2e %00 % %zz @ : ? # ; = &_rsc=1 \uff0f \u3002 \u202e \u2044 \0 \ud800".split(
    " ",
  );
  const words = "auth AUTH %61uth _next %5Fnext shop logout evil.test https: javascript: [::1]".split(" ");
  const pieces = fc
    .array(fc.constantFrom(...marks, ...words, " ", "\t", "\n", "\r", "\ufeff"), { maxLength: 9 })
    .map((it) => it.join(""));
  const texts = fc.oneof(pieces, pieces, fc.string({ unit: "binary" }), units, fc.webUrl());
  const inputs = fc.tuple(fc.constantFrom("", "/", "/shop/"), texts).map((parts) => parts.join(""));

  test.each(["", "/shop"])("RD-06 RD-07 RD-25 no text leads off the app: base path %j", (basePath) => {
    const check = (input: string) => {
      const path = safeReturnTo([input], { origin: ORIGIN, basePath });
      const url = new URL(path, ORIGIN);
      expect(path).toMatch(/^\/(?![/\\])[\x21-\x7e]{0,511}$/);
      expect([url.origin, new URL(url.pathname, ORIGIN).origin]).toEqual([ORIGIN, ORIGIN]);
      const decoded = decodeURIComponent(url.pathname);
      expect(decoded).not.toMatch(/^\/\/|\\/);
      expect(`${url.pathname}/`.startsWith(`${basePath}/`)).toBe(true);
      const inApp = decoded.slice(basePath.length).replace(/\/+/g, "/");
      expect(inApp).not.toMatch(/^\/(auth\/(login|logout|callback|error)\/?$|_next(\/|$))/i);
      expect(inApp.split("/").filter((segment) => segment === "." || segment === "..")).toEqual([]);
      expect(safeReturnTo([path], { origin: ORIGIN, basePath })).toBe(path);
    };
    fc.assert(fc.property(inputs, check), runs(2_000));
  });
});

describe("cookies", () => {
  const octets = [...Array(0x5e).keys()].map((i) => String.fromCharCode(0x21 + i)).filter((it) => !/[",;\\]/.test(it));
  const piece = fc.string({ unit: fc.constantFrom(...octets), minLength: 1, maxLength: 60 });
  const length = fc.oneof(fc.nat({ max: 11_999 }), fc.integer({ min: 3_600, max: 3_900 }), fc.nat({ max: 40 }));
  const values = fc.tuple(piece, length).map(([it, size]) => it.repeat(size + 1).slice(0, size + 1));
  const writings = fc.array(values, { minLength: 1, maxLength: 3 });
  const kinds = fc.constantFrom("access" as const, "id" as const, "refresh" as const, "txn.AAAAAAAAAAAAAAAA" as const);

  test.each([
    ["plain", {}],
    ["sealed", { AUTH_SECRET: SECRET }],
    ["sealed with the newer of two secrets", { AUTH_SECRET: `${SECRET}new,${SECRET}` }],
  ])("CK-05 CK-08 %s, any value reads back as it was written, whatever was there before", async (_what, env) => {
    const config = parseConfig({ ...REQUIRED, ...env });
    const jarOf = (cookie: string) => new CookieJar(new Headers({ cookie }), config);
    const property = fc.asyncProperty(kinds, writings, fc.nat(), async (kind, all, at) => {
      let header = "other=1; __Host-auth.ended=x";
      for (const value of all) {
        const jar = jarOf(header);
        await writeCookie(jar, kind, value, 60);
        for (const cookie of jar.changes) expect(serializeCookie(cookie).length).toBeLessThanOrEqual(3_800);
        header = jar.applyToHeader(header);
        const pairs = header.split("; ");
        const turned = [...pairs.slice(at % pairs.length), ...pairs.slice(0, at % pairs.length)]; // In any order.
        expect(await readCookie(jarOf(turned.join("; ")), kind)).toBe(value);
      }
    });
    await fc.assert(property, runs(150));
  });
});

type Cookies = readonly (readonly [name: string, value: string])[];
/** Two writings; which chunk, which other one, where in it, and what to put there. */
type Spot = { own: Cookies; other: Cookies; a: number; b: number; at: number; text: string };

const letter = fc.constantFrom(..."A_-.09z~");
const valueAt = (cookies: Cookies, at: number) => cookies[at % cookies.length]?.[1] ?? "";
const lay = (own: Cookies, at: number, change: (value: string) => string): Cookies =>
  own.map(([name, value], i) => [name, i === at % own.length ? change(value) : value]);

/** Before the last letter of a part: that one has bits which stand for nothing. */
function put(value: string, at: number, text: string, gone: number): string {
  const place = Math.max(0, (at % value.length) - Number(/^.(\.|$)/.test(value.slice(at % value.length))));
  return value.slice(0, place) + text + value.slice(place + gone);
}

const CHANGES: Record<string, (spot: Spot) => Cookies> = {
  "a chunk dropped": ({ own, a }) => own.filter((_, i) => i !== a % own.length),
  "two chunks swapped": ({ own, a, b }) => {
    const swapped = lay(own, a, () => valueAt(own, b));
    return lay(swapped, b, (value) => (a % own.length === b % own.length ? value : valueAt(own, a)));
  },
  "a chunk cut off": ({ own, a, at }) => lay(own, a, (value) => value.slice(0, at % value.length)),
  "a letter changed": ({ own, a, at, text }) => lay(own, a, (value) => put(value, at, text, 1)),
  "a letter more": ({ own, a, at, text }) => lay(own, a, (value) => put(value, at, text, 0)),
  "chunks of two writings": ({ own, other, a }) => {
    const some = 1 + (a % (2 ** own.length - 2)); // Neither none nor all.
    return own.map(([name, value], i) => [name, (some >> i) & 1 ? valueAt(other, i) : value]);
  },
  "another writing in one piece beside it": ({ own, other }) => {
    const whole = other.map(([, value]) => value.replace(/^\d+\.[\w-]{8}\./, "")).join("");
    return [...own, ["__Host-auth.access", whole]];
  },
};

describe.each([
  ["plain", {}],
  ["sealed", { AUTH_SECRET: SECRET }],
])("a session in %s cookies", (_what, env) => {
  const headersOf = (cookies: Cookies) => new Headers({ cookie: cookies.map((pair) => pair.join("=")).join("; ") });

  test.each(Object.entries(CHANGES))("CK-08 CK-18 with %s is signed out", async (_change, change) => {
    const { core, config } = await pool.load(env);
    const write = async (name: string): Promise<Cookies> => {
      const token = await pool.cognito.accessTokenFor(name, { claims: { x: "x".repeat(6_000), "cognito:groups": [] } });
      const jar = new core.CookieJar(new Headers(), config());
      await core.cookies.writeCookie(jar, "access", token, 600);
      return jar.changes.map((it) => [it.name, it.value]);
    };
    const [own, ...others] = [await write("ada"), await write("ada"), await write("lin")];
    expect(await core.authenticate(headersOf(own), config(), "due")).toMatchObject({ status: "signed_in" });
    expect(own.length).toBeGreaterThan(2);
    const [a, b, at] = [fc.nat(), fc.nat(), fc.nat()];
    const spots = fc.record({ own: fc.constant(own), other: fc.constantFrom(...others), a, b, at, text: letter });
    const property = fc.asyncProperty(spots, async (spot) => {
      const changed = change(spot);
      fc.pre(JSON.stringify(changed) !== JSON.stringify(own));
      expect(await core.authenticate(headersOf(changed), config(), "due")).toMatchObject({ status: "signed_out" });
    });
    await fc.assert(property, runs(100));
  });

  test("CK-08 RF-08 with a changed refresh cookie it is the same user's or nobody's", async () => {
    const kit = await pool.load(env);
    const browser = pool.browser(kit);
    const write = async (name: string) => {
      await browser.signIn(name, "/auth/login?prompt=login");
      return browser.value("__Host-auth.refresh");
    };
    const [other, own] = [await write("grace"), await write("ada")];
    const seam = fc.nat({ max: own.length }).map((at) => own.slice(0, at) + other.slice(at));
    const edit = fc.tuple(fc.nat(), letter, fc.nat({ max: 1 })).map(([at, text, gone]) => put(own, at, text, gone));
    const cut = fc.nat({ max: own.length }).map((at) => own.slice(0, at));
    await fc.assert(
      fc.asyncProperty(fc.oneof(seam, edit, cut), async (changed) => {
        fc.pre(changed !== own && changed !== other);
        const auth = await kit.core.authenticate(headersOf([["__Host-auth.refresh", changed]]), kit.config(), "due");
        expect(auth.status === "signed_in" ? auth.session.user.username : auth.status).toMatch(/^(signed_out|ada)$/);
      }),
      runs(150),
    );
  });
});

const ODD_FACTS = [
  { sub: undefined },
  { sub: 5 },
  { exp: "never" },
  { exp: undefined },
  { iss: "https://evil.example" },
];

test.each(ODD_FACTS)("CK-12 CK-18 a refresh cookie with %j asks Cognito nothing", async (change) => {
  const { core, config } = await pool.load();
  const facts = { iss: pool.cognito.issuer, sub: "x", exp: 4e9, ...change };
  const headers = new Headers({ cookie: `__Host-auth.refresh=${encode(facts)}.token` });
  pool.cognito.clearRequests();
  expect(await core.authenticate(headers, config(), "due")).toEqual({ status: "signed_out", error: null });
  expect(pool.cognito.requests).toEqual([]);
});

test("KS-12 a key with an exponent that is no short base64url is unusable", () => {
  const exponents = ["AQAB", "", "AAAAAAB", "AQAB=", "=AQAB", "AQ AB", 65_537, undefined];
  const key = { kty: "RSA", alg: "RS256", use: "sig", n: "A".repeat(342) };
  const keys = exponents.map((e, i) => ({ ...key, e, kid: `${i}` }));
  expect([...readKeys({ keys }).keys()]).toEqual(["0"]);
});

test("an outage is a 503, a bad credential a 401, and the two are told apart", () => {
  const codes = ["keys_unavailable", "token_endpoint_unavailable", "token_expired", "token_invalid"] as const;
  const errors = codes.map((code) => new AuthError(code));
  expect(errors.map((it) => `${it.status} ${it.isBadCredential}`).join()).toBe("503 false,503 false,401 true,401 true");
});

describe("parseConfig", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), units, fc.webUrl(), fc.json(), fc.constant("undefined"));
  const urls = "https:// http://localhost:3000/app/ http://[::1] https://a.b:99999 x,y";
  const odd = fc.constantFrom(...urls.split(" "), SECRET);
  const use = { kty: fc.constantFrom("RSA", 5), alg: fc.constant("RS256"), use: fc.constant("sig") };
  const key = fc.record({ ...use, kid: text, n: text });
  const jwks = fc.record({ keys: fc.array(fc.oneof(key, fc.jsonValue())) }).map((it) => JSON.stringify(it));
  const NAMES = ["COGNITO_API_CLIENT_IDS", "COGNITO_SCOPE", "COGNITO_CLIENT_SECRET", "COGNITO_JWKS", "AUTH_SECRET"];
  const others = [...Object.keys(REQUIRED), ...NAMES, "AUTH_SESSION_MAX_AGE", "AUTH_COOKIE_PREFIX", "__proto__"];
  const values = fc.option(fc.oneof(text, odd, jwks), { nil: undefined });
  const changes = fc.dictionary(fc.constantFrom(...others), values, { maxKeys: 3 });

  test("CF-01 CF-12 makes a safe configuration of any environment, or throws its own error", () => {
    const configOrError = (env: Record<string, string | undefined>) => {
      try {
        return parseConfig(env);
      } catch (error) {
        expect(error instanceof AuthError && error.code).toBe("config_invalid");
        return null;
      }
    };
    const check = (change: Record<string, string | undefined>, isComplete: boolean) => {
      const config = configOrError({ ...(isComplete && REQUIRED), ...change });
      for (const url of config ? [config.jwksUri, config.domain, config.redirectUri] : [])
        expect(url).toMatch(/^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1|\[::1\])([:/]|$))/);
      expect(config?.cookiePrefix ?? "auth").toMatch(/^[\w-]+$/);
      expect(config?.sessionMaxAge ?? 1).toBeGreaterThan(0);
      expect(config?.secrets.filter((secret) => Buffer.byteLength(secret) < 32) ?? []).toEqual([]);
    };
    fc.assert(fc.property(changes, fc.boolean(), check), runs(2_000));
  });
});

describe("doors and routes", () => {
  const byte = fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code).replace(/[\r\n]/, " "));
  const raw = fc.string({ unit: byte, maxLength: 60 });
  const entries = fc.array(fc.tuple(fc.string(), fc.oneof(fc.double(), fc.jsonValue())), { maxLength: 4 });
  const names = "accept authorization origin sec-fetch-site sec-fetch-mode sec-fetch-dest sec-purpose purpose host rsc";
  const name = fc.constantFrom(...names.split(" "), "next-action", "next-router-prefetch", "x-forwarded-host");
  const words = fc.constantFrom("navigate", "document", "same-origin", "cross-site", "text/html", "prefetch");
  const said = fc.tuple(fc.constantFrom("", "", "Bearer "), fc.oneof(raw, words)).map((it) => it.join(""));
  const headers = fc.tuple(fc.constantFrom({}, TYPED, CLICKED, FETCHED), fc.dictionary(name, said, { maxKeys: 3 }));
  const parameter = fc.constantFrom(..."state code error iss returnTo prompt screen lang login_hint".split(" "));
  const method = fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH");

  /** Names and values that the kit would read, right ones among them. */
  function cookiesFrom(known: Cookies) {
    const good = known.map(([, value]) => value);
    const kind = fc.constantFrom("access", "access.1", "access.2", "id", "refresh", "refresh.1", "ended", "rounds");
    const own = fc.tuple(fc.constantFrom("__Host-auth.", "auth."), fc.oneof(kind, raw)).map((it) => it.join(""));
    const sub = fc.constant("x");
    const state = fc.record({ iss: fc.constant(pool.cognito.issuer), sub, exp: fc.double({ noNaN: true }) });
    const facts = fc.oneof(fc.jsonValue(), entries, state).map(encode);
    const value = fc.oneof(
      ...[raw, facts, fc.constantFrom(...good), fc.tuple(facts, raw).map((it) => it.join("."))],
      fc.tuple(fc.constantFrom("1.AAAAAAAA.", "2.AAAAAAAA."), raw).map((it) => it.join("")),
    );
    const pair = fc.tuple(fc.oneof(raw, own, fc.constantFrom(...known.map(([it]) => it))), value);
    const pairs = fc.tuple(fc.subarray([...known]), fc.array(pair, { maxLength: 4 }));
    const lists = pairs.map(([some, more]) => [...some, ...more].map((it) => it.join("=")).join("; "));
    return fc.oneof(lists, lists, raw);
  }

  function queryFrom(state: string) {
    const value = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(state, "/dashboard", "none", "signup"));
    const pairs = fc.array(fc.tuple(parameter, value), { maxLength: 4 });
    const starts = fc.constantFrom("", `state=${state}&`);
    const lists = pairs.map((it) => new URLSearchParams(it).toString());
    const text = fc.oneof(...[lists, lists, fc.string(), raw]);
    return fc.tuple(starts, text).map((parts) => parts.join(""));
  }

  function routesOf({ api, middleware, login, callback, logout }: Kit) {
    const answer = () => new Response("ok");
    const routes = [api.withSession(answer, { groups: ["admins"], scopes: ["x"] }), api.withOptionalSession(answer)];
    const handlers = routes.map((route) => (request: NextRequest) => route(request, null));
    return [middleware.default, login.GET, callback.GET, logout.GET, logout.POST, ...handlers];
  }

  test.each([{}, { AUTH_SECRET: SECRET }])("CK-18 DS-12 no request makes one throw or answer 5xx: %j", async (env) => {
    const kit = await pool.load(env);
    const browser = pool.browser(kit);
    await browser.signIn("ada");
    const login = await browser.login("/auth/login?prompt=login");
    const state = new URL(login.headers.get("location") ?? "").searchParams.get("state") ?? "";
    const known = [...browser.jar].map(([it, { value }]) => [it, value] as const);
    browser.jar.clear();
    const inputs = fc.record({ cookie: cookiesFrom(known), query: queryFrom(state), headers, method });
    const property = fc.asyncProperty(inputs, async ({ cookie, query, headers: [base, others], method: how }) => {
      for (const route of routesOf(kit)) {
        const request = browser.request(`/dashboard?${query}`, { ...base, ...others, cookie }, { method: how });
        const response = await route(request);
        expect(response.status).toBeLessThan(500);
        const location = new URL(response.headers.get("location") ?? "/", ORIGIN);
        expect([ORIGIN, pool.cognito.domain]).toContain(location.origin);
        for (const line of response.headers.getSetCookie()) expect(line).toMatch(/^[^;=]+=[\w.~+/=-]*; Max-Age=/);
      }
    });
    await fc.assert(property, runs(200));
  });
});
