import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Requirement, Session } from "@/lib/auth/core/session/session";
import type { Claims } from "../cognito/types";
import { FETCHED, type Kit, ORIGIN, TYPED, usePool } from "../support/kit";

const pool = usePool();

let kit: Kit;

beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  pool.cognito.clearFaults();
  pool.cognito.clearRequests();
  kit = await pool.load();
});

afterEach(() => vi.restoreAllMocks());

type Fields = Record<string, string>;

const ME = `${ORIGIN}/api/me`;
const bearer = (token: string): Fields => ({ authorization: `Bearer ${token}` });
const cookie = (token: string): Fields => ({ cookie: `__Host-auth.access=${token}` });
const access = (claims: Claims = {}, username = "grace") => pool.cognito.accessTokenFor(username, { claims });

/** The answer of a handler that returns the user and the source of the session. */
function call(headers: Fields, requirement?: Requirement, init?: RequestInit): Promise<Response> {
  const handler = (_request: Request, { user, source }: Session) => Response.json([user.username, source]);
  return kit.api.withSession(handler, requirement)(new Request(ME, { ...init, headers }), null);
}

function callOptional(headers: Fields, requirement?: Requirement, init?: RequestInit): Promise<Response> {
  const handler = (_request: Request, session: Session | null) => Response.json(session?.user.username ?? null);
  return kit.api.withOptionalSession(handler, requirement)(new Request(ME, { ...init, headers }), null);
}

/** Status, challenge and body. Checks the headers that every answer must have. */
async function publicPart(response: Response) {
  expect(response.headers.get("cache-control")).toBe("private, no-store");
  expect(response.headers.get("vary")).toMatch(/\bAuthorization\b.*\bCookie\b/);
  expect(response.headers.get("set-cookie")).toBeNull();
  if (response.status >= 400) expect(response.headers.get("content-type")).toBe("application/problem+json");
  const challenge = response.headers.get("www-authenticate");
  return [response.status, challenge, await response.json()] as const;
}

const problem = (status: number, title: string) => ({ type: "about:blank", title, status });
const forbidden = (challenge: string | null) => [403, challenge, problem(403, "Forbidden")];
const lacks = (scope: string) => forbidden(`Bearer error="insufficient_scope", scope="${scope}"`);
const FORBIDDEN = forbidden(null);
const NO_CREDENTIAL = [401, "Bearer", problem(401, "Unauthorized")];
const BAD_TOKEN = [401, 'Bearer error="invalid_token"', problem(401, "Unauthorized")];
const OUT_OF_REACH = [503, null, problem(503, "Service Unavailable")];
const GRACE = [200, null, ["grace", "bearer"]];

describe("the Authorization header", () => {
  test.each([
    ["BR-01 Bearer", (token: string) => `Bearer ${token}`, GRACE],
    ["BR-01 bearer", (token: string) => `bearer ${token}`, GRACE],
    ["BR-01 BEARER", (token: string) => `BEARER ${token}`, GRACE],
    ["BR-01 two spaces", (token: string) => `Bearer  ${token}`, BAD_TOKEN],
    ["BR-01 two tokens in a list", (token: string) => `Bearer ${token}, Bearer ${token}`, BAD_TOKEN],
    ["BR-01 a second scheme", (token: string) => `Bearer ${token}, Basic YTpi`, BAD_TOKEN],
    ["BR-01 quotes", (token: string) => `Bearer "${token}"`, BAD_TOKEN],
    ["BR-01 a parameter", (token: string) => `Bearer token=${token}`, BAD_TOKEN],
    ["BR-03 no token", () => "Bearer", BAD_TOKEN],
    ["BR-03 a token that is none", () => "Bearer x", BAD_TOKEN],
    ["BR-15 Basic", () => "Basic YTpi", NO_CREDENTIAL],
    ["BR-15 Digest", () => 'Digest username="a"', NO_CREDENTIAL],
    ["BR-15 DPoP with a good token", (token: string) => `DPoP ${token}`, NO_CREDENTIAL],
    ["BR-15 no scheme", (token: string) => token, NO_CREDENTIAL],
    ["BR-15 a scheme that starts alike", (token: string) => `BearerToken ${token}`, NO_CREDENTIAL],
  ])("%s: the answer follows RFC 6750", async (_what, header, expected) => {
    expect(await publicPart(await call({ authorization: header(await access()) }))).toEqual(expected);
  });

  test("BR-02 the answer to a request without a credential names only the scheme", async () => {
    expect(await publicPart(await call({}))).toEqual(NO_CREDENTIAL);
  });

  const BODY = { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" } };
  test.each([
    ["in the query", (token: string) => new Request(`${ME}?access_token=${token}`)],
    ["in a form", (token: string) => new Request(ME, { ...BODY, body: `access_token=${token}` })],
    ["in a header of another name", (token: string) => new Request(ME, { headers: { "x-session": token, token } })],
    ["in a cookie of another name", (token: string) => new Request(ME, { headers: { cookie: `session=${token}` } })],
  ])("BR-05 CS-05 a token %s is no credential", async (_what, make) => {
    const handler = kit.api.withSession(() => Response.json({}));
    expect(await publicPart(await handler(make(await access()), null))).toEqual(NO_CREDENTIAL);
  });

  test.each([
    ["a bad token is not rescued by a good cookie", "Bearer x", "GRACE", BAD_TOKEN],
    ["an empty token is not rescued either", "Bearer ", "GRACE", BAD_TOKEN],
    ["a good token does not mind a bad cookie", "Bearer GRACE", "x", GRACE],
    ["of two users the header's counts", "Bearer GRACE", "ADA", GRACE],
    ["another scheme is not ours, so the cookie counts", "Basic YTpi", "GRACE", [200, null, ["grace", "cookie"]]],
  ])("BR-07 with a header and a cookie, the header decides: %s", async (_what, header, value, expected) => {
    const [grace, ada] = [await access(), await access({}, "ada")];
    // In one pass: a token may contain the letters of the other name.
    const fill = (text: string) => text.replace(/GRACE|ADA/, (name) => (name === "ADA" ? ada : grace));
    const headers = { authorization: fill(header), ...cookie(fill(value)) };
    expect(await publicPart(await call(headers))).toEqual(expected);
  });

  test("ID-22 an API rejects an ID token", async () => {
    const token = await pool.cognito.idTokenFor("grace");
    expect(await publicPart(await call(bearer(token)))).toEqual(BAD_TOKEN);
    expect(await publicPart(await call(cookie(token)))).toEqual(NO_CREDENTIAL);
    expect(await publicPart(await callOptional(bearer(token)))).toEqual(BAD_TOKEN);
  });
});

describe("a requirement", () => {
  test.each([
    ["has", "openid api/read", [200, null, ["grace", "bearer"]]],
    ["has a longer one than", "openid api/readwrite", lacks("api/read")],
    ["has in capitals", "openid API/READ", lacks("api/read")],
    ["has with commas", "openid,api/read", lacks("api/read")],
    ["has in a list, which is no scope claim,", ["api/read"], lacks("api/read")],
    ["lacks", undefined, lacks("api/read")],
  ])("BR-04 BR-09 a token that %s the scope gets the right answer", async (_what, scope, expected) => {
    const answer = await call(bearer(await access({ scope })), { scopes: ["api/read"] });
    expect(await publicPart(answer)).toEqual(expected);
  });

  test("BR-04 a route requires all of its scopes, and the answer names all", async () => {
    const both = { scopes: ["api/read", "api/write"] };
    const answerTo = async (scope: string) => publicPart(await call(bearer(await access({ scope })), both));
    expect(await answerTo("api/read")).toEqual(lacks("api/read api/write"));
    expect(await answerTo("api/write api/read")).toEqual(GRACE);
  });

  test.each([
    ["the group", ["x", "admin"], GRACE],
    ["one of two that will do", ["owner"], GRACE],
    ["a text", "admin", FORBIDDEN],
    ["an object", { admin: true, 0: "admin" }, FORBIDDEN],
    ["a group that starts alike", ["administrator"], FORBIDDEN],
    ["a group in capitals", ["Admin"], FORBIDDEN],
    ["a list that is not all text", ["admin", 5], FORBIDDEN],
    ["a list in a list", [["admin"]], FORBIDDEN],
    ["no group", [], FORBIDDEN],
    ["no claim", undefined, FORBIDDEN],
  ])("BR-10 ID-21 a caller with %s in cognito:groups gets the right answer", async (_what, groups, expected) => {
    const token = await access({ "cognito:groups": groups });
    expect(await publicPart(await call(bearer(token), { groups: ["admin", "owner"] }))).toEqual(expected);
  });

  test("CS-11 attributes that users can write give no groups", async () => {
    const token = await access({ "custom:role": "admin", "custom:groups": ["admin"], groups: ["admin"] });
    expect(await publicPart(await call(bearer(token), { groups: ["admin"] }))).toEqual(FORBIDDEN);
  });

  test.each([
    ["not declared", {}, FORBIDDEN],
    ["declared", { machines: true }, [200, null, ["machine12345", "bearer"]]],
    ["declared, with its scope", { machines: true, scopes: ["api/read"] }, [200, null, ["machine12345", "bearer"]]],
    ["declared, with another scope", { machines: true, scopes: ["api/write"] }, lacks("api/write")],
    ["declared, with a group", { machines: true, groups: ["admin"] }, FORBIDDEN],
  ])(
    "BR-16 CS-08 a machine's token gets the right answer where machines are %s",
    async (_what, requirement, expected) => {
      const token = await pool.cognito.machineToken("machine12345", "api/read");
      expect(await publicPart(await call(bearer(token), requirement))).toEqual(expected);
      expect((await callOptional(bearer(token), requirement)).status).toBe(expected[0]);
    },
  );

  test("CS-08 a machine's token in the session cookie is rejected, also where machines may call", async () => {
    for (const client_id of ["web1234567890abcdefghijkl", "machine12345"]) {
      const headers = cookie(await access({ client_id, username: undefined, sub: client_id }));
      expect(await publicPart(await call(headers, { machines: true }))).toEqual(NO_CREDENTIAL);
      const page = await kit.middleware.default(pool.browser(kit).request("/dashboard", { ...TYPED, ...headers }));
      expect(page.status).toBe(303);
    }
  });

  test("CS-08 middleware rejects a machine's token on a page", async () => {
    const headers = { ...TYPED, ...bearer(await pool.cognito.machineToken("machine12345")) };
    expect((await kit.middleware.default(pool.browser(kit).request("/dashboard", headers))).status).toBe(403);
  });
});

describe("CSRF", () => {
  const sides: [string, Fields, 200 | 403][] = [
    ["neither Sec-Fetch-Site nor Origin", {}, 403],
    ["Origin null", { origin: "null" }, 403],
    ["a sub-domain's Origin", { origin: "https://evil.app.example" }, 403],
    ["another port's Origin", { origin: `${ORIGIN}:8443` }, 403],
    ["another scheme's Origin", { origin: "http://app.example" }, 403],
    ["an Origin that starts alike", { origin: `${ORIGIN}.evil.test` }, 403],
    ["a right Referer alone", { referer: `${ORIGIN}/` }, 403],
    ["Sec-Fetch-Site cross-site", { "sec-fetch-site": "cross-site" }, 403],
    ["Sec-Fetch-Site same-site", { "sec-fetch-site": "same-site" }, 403],
    ["Sec-Fetch-Site none", { "sec-fetch-site": "none" }, 403],
    ["Sec-Fetch-Site cross-site and our Origin", { "sec-fetch-site": "cross-site", origin: ORIGIN }, 403],
    ["our Origin", { origin: ORIGIN }, 200],
    ["Sec-Fetch-Site same-origin", { "sec-fetch-site": "same-origin" }, 200],
    ["a form without a referrer", { "sec-fetch-site": "same-origin", origin: "null" }, 200],
  ];

  test.each(sides)(
    "CS-01 CS-02 an unsafe request by cookie gets the right status with %s",
    async (_what, headers, status) => {
      const all = { ...headers, ...cookie(await access()) };
      for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
        const answers = [await call(all, {}, { method }), await callOptional(all, {}, { method })];
        expect(answers.map((answer) => answer.status)).toEqual([status, status]);
        const request = pool.browser(kit).request("/api/me", all, { method });
        expect((await kit.middleware.default(request)).status).toBe(status);
        if (status === 403) expect(await publicPart(await call(all, {}, { method }))).toEqual(FORBIDDEN);
      }
    },
  );

  test.each(sides)("CS-01 Bearer requests and safe requests are accepted with %s", async (_what, headers) => {
    const token = await access();
    expect((await call({ ...headers, ...bearer(token) }, {}, { method: "POST" })).status).toBe(200);
    expect((await call({ ...headers, ...cookie(token) })).status).toBe(200);
    expect((await call({ ...headers, ...cookie(token) }, {}, { method: "HEAD" })).status).toBe(200);
  });

  test("CS-03 no header changes the method of a request", async () => {
    const headers = { "x-http-method-override": "GET", "x-method-override": "GET", ...cookie(await access()) };
    expect((await call(headers, {}, { method: "POST" })).status).toBe(403);
  });

  test("BR-13 no response allows another origin to read it", async () => {
    const headers = { origin: "https://evil.test", "access-control-request-headers": "authorization" };
    const browser = pool.browser(kit);
    const answers = [
      await call({ ...headers, ...cookie(await access()) }),
      await call({ ...headers, ...bearer(await access()) }),
      await kit.middleware.default(browser.request("/api/me", { ...FETCHED, ...headers }, { method: "OPTIONS" })),
      await kit.middleware.default(browser.request("/dashboard", { ...FETCHED, ...headers }, { method: "OPTIONS" })),
    ];
    for (const { headers: own } of answers) expect([...own.keys()].join()).not.toContain("access-control");
  });
});

describe("the handler of a route", () => {
  test("BR-14 a handler gets the request and its context, and no cache may store its response", async () => {
    const headers = new Headers({ "cache-control": "public, max-age=60", vary: "Accept", "x-own": "1" });
    for (const line of ["a=b; Path=/", "c=d; Path=/"]) headers.append("set-cookie", line);
    const [redirect, created] = [Response.redirect(ME, 302), new Response("a,b", { status: 201, headers })];
    const handler = vi.fn((_request: Request, _session: Session, _context: object) => created);
    const request = new Request(ME, { headers: bearer(await access()) });
    const context = { params: Promise.resolve({ id: "7" }) };
    const answer = await kit.api.withSession(handler)(request, context);
    expect([handler.mock.lastCall?.[0] === request, handler.mock.lastCall?.[2] === context]).toEqual([true, true]);
    expect([answer.status, await answer.text(), answer.headers.get("x-own")]).toEqual([201, "a,b", "1"]);
    expect(answer.headers.getSetCookie()).toEqual(["a=b; Path=/", "c=d; Path=/"]);
    const sentOn = await kit.api.withSession(() => redirect)(request, context);
    for (const { headers: own } of [answer, sentOn]) expect(own.get("cache-control")).toBe("private, no-store");
    expect(answer.headers.get("vary")).toBe("Accept, Authorization, Cookie");
  });

  test("an error of the handler reaches Next unchanged", async () => {
    const handler = kit.api.withSession(() => Promise.reject(new TypeError("a bug")));
    await expect(handler(new Request(ME, { headers: bearer(await access()) }), null)).rejects.toThrow("a bug");
  });

  test("BR-11 a route with optional sign-in accepts a visitor, a user with a cookie and a user with a token", async () => {
    expect(await publicPart(await callOptional({}))).toEqual([200, null, null]);
    expect(await publicPart(await callOptional(cookie(await access())))).toEqual([200, null, "grace"]);
    expect(await publicPart(await callOptional(bearer(await access())))).toEqual([200, null, "grace"]);
    expect(await publicPart(await callOptional({ authorization: "Basic YTpi" }))).toEqual([200, null, null]);
    expect(await publicPart(await callOptional(cookie("x")))).toEqual([200, null, null]);
    expect(await publicPart(await callOptional(bearer("x")))).toEqual(BAD_TOKEN);
    expect(await publicPart(await callOptional(bearer(await access({ exp: 1 }))))).toEqual(BAD_TOKEN);
  });

  test("BR-11 KS-10 while the keys are unavailable, a credential gets a 503 with Retry-After", async () => {
    pool.cognito.fault("jwks", { status: 500 });
    for (const headers of [cookie(await access()), bearer(await access())]) {
      for (const answer of [await call(headers), await callOptional(headers)]) {
        expect(await publicPart(answer)).toEqual(OUT_OF_REACH);
        expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
      }
    }
    expect(await publicPart(await callOptional({}))).toEqual([200, null, null]);
  });

  test("TK-12 CF-06 no response, URL or log contains a token, from sign-in to sign-out", async () => {
    const browser = pool.browser(kit);
    const login = await browser.login();
    const url = await pool.cognito.authorize(login.headers.get("location") ?? "", "ada");
    const answers = [login, await browser.callback(url), await browser.visit("/dashboard")];
    const tokens = browser.cookieHeader.split(/[.;=]/);
    browser.drop("__Host-auth.access");
    answers.push(await browser.visit("/dashboard"), await call({ cookie: browser.cookieHeader }));
    tokens.push(...browser.cookieHeader.split(/[.;=]/));
    answers.push(await callOptional(bearer("x")), await browser.signOut());
    const seen = vi.mocked(console.info).mock.calls.flat();
    for (const answer of answers) {
      // Tokens reach the browser only in cookies. Next removes the x-middleware-… headers.
      const headers = [...answer.headers].filter(([name]) => name !== "set-cookie" && !name.startsWith("x-middleware"));
      seen.push(headers.join("\n"), await answer.text());
    }
    expect(seen.join("\n")).not.toContain(new URL(url).searchParams.get("code"));
    const secrets = tokens.filter((part) => part.length > 40);
    expect(secrets.length).toBeGreaterThan(16);
    for (const secret of secrets) expect(seen.join("\n")).not.toContain(secret);
  });
});

test("ID-22 an API answers 401 to the ID token of a session", async () => {
  const browser = pool.browser(kit);
  await browser.signIn();
  const headers = { authorization: `Bearer ${browser.value("__Host-auth.id")}` };
  const request = new Request(`${ORIGIN}/api/me`, { headers });
  const answer = await kit.api.withSession(() => new Response("in"))(request, {});
  expect([answer.status, answer.headers.get("content-type")]).toEqual([401, "application/problem+json"]);
  expect(answer.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
});
