import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CookieJar, serializeCookie } from "@/lib/auth/core/http/cookie-jar";
import { readCookie, writeCookie } from "@/lib/auth/core/http/cookies";
import { ORIGIN, usePool } from "../../support/kit";
import { parseConfig } from "../../support/parse-config";

const pool = usePool();
const SECRET = "0123456789abcdef0123456789abcdef";
const REQUIRED = {
  COGNITO_ISSUER: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Abc123",
  COGNITO_DOMAIN: "https://auth.example.com",
  COGNITO_CLIENT_ID: "1example23456789",
  APP_BASE_URL: ORIGIN,
};

const runs = (numRuns: number) => ({ seed: 5, numRuns });

beforeEach(() => void vi.spyOn(console, "info").mockReturnValue());
afterEach(() => void vi.restoreAllMocks());

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
  ])(
    "CK-05 CK-08 in %s cookies, any value reads back as it was written, after any earlier values",
    async (_what, env) => {
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
    },
  );
});

type Cookies = readonly (readonly [name: string, value: string])[];

/** Two stored values, the numbers of two chunks, a place in a chunk, and the text to put there. */
type Spot = { own: Cookies; other: Cookies; a: number; b: number; at: number; text: string };

const letter = fc.constantFrom(..."A_-.09z~");

const valueAt = (cookies: Cookies, at: number) => cookies[at % cookies.length]?.[1] ?? "";

const lay = (own: Cookies, at: number, change: (value: string) => string): Cookies =>
  own.map(([name, value], i) => [name, i === at % own.length ? change(value) : value]);

/** Changes a letter before the last one of a part: some bits of the last one have no meaning. */
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

  test.each(Object.entries(CHANGES))("CK-08 CK-18 a session with %s is signed out", async (_change, change) => {
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

  test("CK-08 RF-08 a changed refresh cookie signs in the same user or nobody", async () => {
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
