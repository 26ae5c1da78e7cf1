import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Visitor } from "../lab/deploy/visitor";
import { cookieHeader, signIn } from "./support/flows";
import { asIs, DOCUMENT, FETCH, type RawResponse, raw } from "./support/raw";
import { openStage, type Stage } from "./support/stage";

const PRIVATE = /private-canary|data-canary|ada@example\.com|Ada Lovelace/;
const RSC = { rsc: "1" };

let stage: Stage;
/** Cookie headers by what they hold. */
const cookies: Record<string, string> = {};
beforeAll(async () => {
  stage = await openStage({ variant: "middleware", https: false });
  const member = new Visitor(stage.baseUrl);
  await member.signIn((url) => stage.cognito.authorize(url, "ada"));
  cookies.session = member.cookie;
  cookies["refresh token only"] = member.cookie.split("; ").find((pair) => pair.includes(".refresh=")) ?? "";
});
beforeEach(() => stage.reset());
afterAll(() => stage?.close());

describe("a visitor who disguises a path", () => {
  const GUARDED = ["/dashboard", "/admin", "/vault", "/u/jane", "/team", "/en/notes"];
  const ENDS = [
    ...["/", "//", "/.", "/%2e", ";x", ";jsessionid=1", "\\", "%2f", "%5c", "%00", "%0a", "%20", "%2e", "%23", "%3f"],
    ...[".rsc", ".txt", ".json", ".css", ".js", ".segments/_tree.segment.rsc", ".segments/_full.segment.rsc"],
    ...["?_rsc=1a2b3", "?nxtPname=public", "?nxtIname=public", "?__nextLocale=en", "?x-matched-path=/pub", "#x"],
  ];
  const STARTS = [
    ...["/", "//", "/.", "/.//", "/x/..", "/pub/..", "/pub/%2e%2e", "/pub/.%2e", "/api", "/api/..", "/api/%2e%2e"],
    ...["/auth/..", "/auth/%2e%2e", "/auth/login/..", "/auth/error", "/auth/login;", "/_next/..", "/_next/static/.."],
    ...["/_next/static/%2e%2e/%2e%2e", "/_next/image/..", "/favicon.ico/..", "/favicon.ico", "/%2f", "/%5c", "/\\"],
  ];
  const codeOf = (letter: string) => letter.charCodeAt(0).toString(16);
  const FORMS: readonly ((path: string) => string)[] = [
    ...ENDS.map((end) => (path: string) => path + end),
    ...STARTS.map((start) => (path: string) => start + path),
    (path) => `/pub/..%2f${path.slice(1)}`,
    (path) => `/_next/data/build${path}.json`,
    (path) => path.toUpperCase(),
    (path) => path.replace(/[a-z]/, (letter) => `%${codeOf(letter)}`),
    (path) => path.replace(/[a-z]/, (letter) => `%25${codeOf(letter)}`),
    (path) => path.replaceAll("/", "%2f").replace("%2f", "/"),
    (path) => path.replace("/", "/%c0%af"),
  ];
  const DISGUISES = [
    DOCUMENT,
    {},
    { ...FETCH, ...RSC },
    {
      ...DOCUMENT,
      "x-matched-path": "/pub",
      "x-middleware-skip": "1",
      "x-original-url": "/pub",
      "x-rewrite-url": "/pub",
    },
  ];

  test.each(GUARDED.slice(0, 4))("a member sees %s, so there is something to find", async (path) => {
    const { body } = await asIs(stage.baseUrl, path, { ...DOCUMENT, cookie: cookies.session });
    expect(PRIVATE.test(body)).toBe(true);
  });

  test.each(FORMS.map((form) => [form("/vault"), form] as const))("NX-08 finds nothing by %s", async (_path, form) => {
    const requests = GUARDED.flatMap((path) => DISGUISES.map((headers) => asIs(stage.baseUrl, form(path), headers)));
    for (const { status, headers, body, setCookie } of await Promise.all(requests)) {
      expect([PRIVATE.test(body), setCookie]).toEqual([false, []]);
      expect([200, 303, 307, 308, 400, 401, 404, 405]).toContain(status);
      if (headers.location) expect(new URL(headers.location, stage.baseUrl).origin).toBe(stage.baseUrl);
    }
  });
});

describe("a shared cache", () => {
  const PATHS = [
    ...[
      "/",
      "/dashboard",
      "/admin",
      "/vault",
      "/old-vault",
      "/u/jane",
      "/team",
      "/gallery",
      "/pub",
      "/nope",
      "/vault.rsc",
    ],
    ...["/api/me", "/api/picture", "/auth/login", "/auth/callback?code=x&state=y", "/auth/error?code=forbidden"],
    ...["/_next/image?url=%2Fapi%2Fpicture&w=64&q=75", "/_next/image?url=%2Fvault&w=64&q=75"],
  ];
  const KINDS: Readonly<Record<string, Record<string, string>>> = {
    "a page load": DOCUMENT,
    "a fetch": FETCH,
    "the router's fetch": { ...FETCH, ...RSC },
    "a prefetch of a segment": {
      ...FETCH,
      ...RSC,
      "next-router-prefetch": "1",
      "next-router-segment-prefetch": "/_tree",
    },
    "a range": { ...DOCUMENT, range: "bytes=0-5000" },
    "a revalidation": { ...DOCUMENT, "if-none-match": "*", "cache-control": "max-age=0" },
  };
  const mayKeep = ({ headers }: RawResponse) => !/private|no-store/.test(headers["cache-control"] ?? "");

  const ROWS = ["session", "refresh token only", "none"].flatMap((whose) =>
    Object.keys(KINDS).map((kind) => [kind, whose] as const),
  );

  test.each(ROWS)("HD-01 HD-02 gets nothing to keep of %s with cookies: %s", async (kind, whose) => {
    const headers = { ...KINDS[kind], ...(cookies[whose] && { cookie: cookies[whose] }) };
    const requests = PATHS.flatMap((path) =>
      ["GET", "HEAD", "OPTIONS"].map(async (method) => ({
        path,
        method,
        answer: await raw(stage.baseUrl + path, { method, headers }),
      })),
    );
    const kept = (await Promise.all(requests)).filter(({ answer }) => mayKeep(answer));
    const wrong = kept.filter(({ answer }) => answer.setCookie.length > 0 || PRIVATE.test(answer.body));
    expect(wrong.map(({ path, method }) => `${method} ${path}`)).toEqual([]);
  });
});

describe("a returnTo that names another place", () => {
  const HOSTS = ["evil.example", "evil.example%2f:443", "[::1]", "evil\u3002example"];
  const STARTS = [
    ...["//", "///", "////", "/\\", "\\\\", "\\/", "/\t/", "/\n/", "/\r/", "\t//", " //", "/.//", "/..//", "/./\\"],
    ...["/a/../..//", "/.\t//", "/%2e//", "/%2f", "/%2f%2f", "/%5c", "/%5c%5c", "/%09/", "/%0a/", "/%0d%0a/", "//%00"],
    ...["https:", "https:/", "https://", "https:\\\\", "https:///", "http://", "HTTPS://", "ws://", "ftp://", "//@"],
    ...["javascript:alert(1)//", "data:text/html,", "blob:http://", "//x@", "//localhost@", "//localhost:80@", "/@"],
    ...["@", ".", "/.", "?", "#", "/?", "/#", "/x?returnTo=//", "/%252f%252f", "/\u2044", "/\uff0f", "/\u00a0/"],
    ...["/\ufeff/", "/;/", "/;@", "/:80//", "/%e2%81%84", "/%c0%af", "/%ff/", "/x/..%2f..//", "/%2e%2e//"],
  ];
  const VALUES = STARTS.flatMap((start) => HOSTS.map((host) => start + host));
  const loginWith = (value: string) => `/auth/login?returnTo=${encodeURIComponent(value)}`;

  /** Where the app sends a signed-in browser, and the values that lead there. */
  async function collectRedirects(cookie: string): Promise<ReadonlyMap<string, readonly string[]>> {
    const values = new Map<string, string[]>();
    for (const value of VALUES) {
      const { status, headers } = await raw(stage.baseUrl + loginWith(value), { headers: { ...DOCUMENT, cookie } });
      const location = headers.location ?? "";
      expect([value, status, location]).toEqual([value, 303, expect.stringMatching(/./)]);
      values.set(location, [...(values.get(location) ?? []), value]);
    }
    return values;
  }

  // The redirect decides, not the page at its end: without JavaScript the browser follows it sooner.
  test("RD-02 takes Chromium nowhere but to the app, whatever its form", async () => {
    const context = await stage.browser.newContext({ baseURL: stage.baseUrl, javaScriptEnabled: false });
    const page = await context.newPage();
    await signIn(stage, page);
    const redirects = await collectRedirects(await cookieHeader(context));
    const origins = new Set<string>();
    page.on("request", (request) => request.isNavigationRequest() && origins.add(new URL(request.url()).origin));
    for (const [location, [value = ""]] of redirects) {
      await context.clearCookies({ name: /rounds/ }); // Else the fourth value would end on the error page.
      await page.goto(loginWith(value), { waitUntil: "commit" });
      expect([value, location, new URL(page.url()).origin]).toEqual([value, location, stage.baseUrl]);
      expect([value, new URL(page.url()).pathname.startsWith("/auth/")]).toEqual([value, false]);
    }
    expect([...origins]).toEqual([stage.baseUrl]);
  });
});

describe("a callback without a transaction", () => {
  const CODES = ["", "code=x", "code=x&code=y", `code=${"c".repeat(3_000)}`];
  const STATES = ["", "state=", "state=x", `state=${"s".repeat(43)}`, "state=a&state=b"];
  const OTHERS = [
    "",
    "error=access_denied",
    "error_description=%3Cscript%3E",
    "iss=https://evil.example",
    "id_token=x",
  ];
  const QUERIES = CODES.flatMap((code) =>
    STATES.flatMap((state) => OTHERS.map((other) => [code, state, other].filter(Boolean).join("&"))),
  );

  test("CB-02 CB-03 gets one answer, whatever it brings, and causes no call to Cognito", async () => {
    const answers = await Promise.all(
      QUERIES.map((query) => raw(`${stage.baseUrl}/auth/callback?${query}`, { headers: DOCUMENT })),
    );
    const seen = new Set(answers.map(({ status, headers, setCookie }) => `${status} ${headers.location} ${setCookie}`));
    expect([...seen]).toEqual([expect.stringMatching(/^303 \S*\/auth\/error\?code=transaction_missing $/)]);
    expect(stage.cognito.requests).toEqual([]);
  });
});
