import fc from "fast-check";
import type { NextRequest } from "next/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Session } from "@/lib/auth/core/session/session";
import { CLICKED, FETCHED, type Kit, LONG_TEXTS, ORIGIN, pathOf, TYPED, usePool } from "../support/kit";

const pool = usePool();

const SECRET = "0123456789abcdef0123456789abcdef";

let kit: Kit;

beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  kit = await pool.load();
  pool.cognito.clearRequests();
});

afterEach(() => void vi.restoreAllMocks());

const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const encode = (text: string) => Buffer.from(text).toString("base64url");
const visit = (headers: Record<string, string>, path = "/dashboard", init: RequestInit = {}): Promise<Response> =>
  kit.middleware.default(pool.browser(kit).request(path, { ...TYPED, ...headers }, init));
function call(headers: Record<string, string>): Promise<Response> {
  const handler = (_request: Request, { user }: Session) => Response.json(user.username);
  return kit.api.withSession(handler)(new Request(ORIGIN, { headers }), null);
}

test("DS-05 a thousand callbacks with invalid states cause no request to Cognito", async () => {
  const answers = times(1_000, (i) => {
    const state = encode(`${i} of a state that nobody asked for`);
    const cookie = `__Host-auth.txn.${state.slice(0, 16)}=${encode(JSON.stringify({ nonce: "x", i }))}`;
    return kit.callback.GET(pool.browser(kit).request(`/auth/callback?code=x&state=${state}`, { ...TYPED, cookie }));
  });
  const ends = (await Promise.all(answers)).map(pathOf);
  expect(new Set(ends)).toEqual(new Set(["/auth/error?code=transaction_missing"]));
  expect(pool.cognito.requests).toEqual([]);
});

test.each(LONG_TEXTS)("DS-08 two hundred thousand %s get an answer at every door", async (_what, text) => {
  const query = new URLSearchParams({ returnTo: `/${text}`, login_hint: text, state: text });
  const answers = [
    await kit.login.GET(pool.browser(kit).request(`/auth/login?${query}`, CLICKED)),
    await kit.callback.GET(pool.browser(kit).request(`/auth/callback?${query}`, CLICKED)),
    await visit({ cookie: `__Host-auth.access=${text}; __Host-auth.refresh=${text}; __Host-auth.ended=${text}` }),
    await visit({ cookie: text }),
    await kit.login.GET(pool.browser(kit).request("/auth/login", { ...CLICKED, cookie: `__Host-auth.rounds=${text}` })),
    await visit({ accept: text, "sec-purpose": text, origin: text }, `/${encodeURIComponent(text)}`),
    await call({ authorization: `Bearer ${text}` }),
    await call({ authorization: text }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([303, 303, 303, 303, 303, 303, 401, 401]);
  expect(new URL(answers[0]?.headers.get("location") ?? "").searchParams.get("login_hint")).toBeNull();
  expect(pool.cognito.requests).toEqual([]);
});

test.each([
  ["access", (deep: string) => deep],
  ["refresh", (deep: string) => `${deep}.token`],
  ["ended", (deep: string) => deep],
])("DS-09 five thousand levels of JSON in the %s cookie mean signed out and no crash", async (kind, arrange) => {
  for (const deep of ["[".repeat(5_000) + "]".repeat(5_000), `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`]) {
    const headers = { cookie: `__Host-auth.${kind}=${arrange(encode(deep))}` };
    expect([(await call(headers)).status, (await visit(headers)).status]).toEqual([401, 303]);
  }
  expect(pool.cognito.requests).toEqual([]);
});

test("DS-13 CF-03 a request for another host is redirected only to the configured address", async () => {
  for (const host of ["evil.test", "app.example.evil.test", "app.example:8080", "[::1]:3000"]) {
    const answer = await visit({ host: "evil.test" }, `http://${host}/dashboard?a=1`);
    expect(answer.headers.get("location")).toBe(`${ORIGIN}/auth/login?returnTo=%2Fdashboard%3Fa%3D1`);
  }
});

const runs = (numRuns: number) => ({ seed: 5, numRuns });

type Cookies = readonly (readonly [name: string, value: string])[];

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

  /** Cookies with names and values that the kit reads, some of them valid. */
  function cookiesFrom(known: Cookies) {
    const good = known.map(([, value]) => value);
    const kind = fc.constantFrom("access", "access.1", "access.2", "id", "refresh", "refresh.1", "ended", "rounds");
    const own = fc.tuple(fc.constantFrom("__Host-auth.", "auth."), fc.oneof(kind, raw)).map((it) => it.join(""));
    const sub = fc.constant("x");
    const state = fc.record({ iss: fc.constant(pool.cognito.issuer), sub, exp: fc.double({ noNaN: true }) });
    const facts = fc.oneof(fc.jsonValue(), entries, state).map((value) => encode(JSON.stringify(value) ?? ""));
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

  test.each([{}, { AUTH_SECRET: SECRET }])(
    "CK-18 DS-12 no request makes a door or route throw or answer 5xx: %j",
    async (env) => {
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
    },
  );
});
