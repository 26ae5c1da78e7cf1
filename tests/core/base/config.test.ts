import fc from "fast-check";
import { exportJWK, generateKeyPair } from "jose";
import { NextRequest } from "next/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AuthError } from "@/lib/auth/core/base/errors";
import { CLICKED, loadKit, ORIGIN, TYPED, usePool } from "../../support/kit";
import { parseConfig } from "../../support/parse-config";

type Env = Record<string, string | undefined>;

const REQUIRED = {
  COGNITO_ISSUER: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Abc123",
  COGNITO_DOMAIN: "https://auth.example.com",
  COGNITO_CLIENT_ID: "1example23456789",
  APP_BASE_URL: "https://app.example",
};

const pool = usePool({ client: { clientSecrets: ["s3cr3t+with+plus", "the-second-secret"] } });

beforeEach(() => {
  pool.cognito.clearRequests();
  vi.spyOn(console, "info").mockReturnValue();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** The names in the one error that this environment causes. */
function refusedNames(env: Env): string[] {
  try {
    parseConfig({ ...REQUIRED, ...env });
  } catch (error) {
    expect(error).toMatchObject({ name: "AuthError", code: "config_invalid", status: 500 });
    return [...String(error).matchAll(/\b[A-Z]+(_[A-Z]+)+\b/g)].map(([name]) => name).sort();
  }
  return [];
}

const SECRET = "0123456789abcdef0123456789abcdef";

const WRONG: [ids: string, name: string, values: (string | undefined)[]][] = [
  ["CF-01", "COGNITO_ISSUER", [undefined, "", "  ", "undefined", "eu-central-1_Abc123", "cognito-idp.amazonaws.com/x"]],
  [
    "CF-01 KS-01",
    "COGNITO_ISSUER",
    [`${REQUIRED.COGNITO_ISSUER}/`, "https://a.b/c?d=e", "https://a.b/c#d", "https://a.b/c?", "https://u:p@a.b/c"],
  ],
  ["CF-12 KS-01", "COGNITO_ISSUER", ["http://cognito.test/x", "ftp://localhost/x", "javascript:alert(1)", "file:///x"]],
  ["CF-01", "COGNITO_DOMAIN", [undefined, "", "undefined", "auth.example.com", "https://auth.example.com/login"]],
  ["CF-01 AR-11", "COGNITO_DOMAIN", ["https://a.b?x=y", "https://a.b#x", "https://u:p@a.b", "https://a.b//"]],
  ["AR-21 CF-12", "COGNITO_DOMAIN", ["http://x", "http://auth.example.com", "http://192.168.0.1", "ws://localhost"]],
  [
    "AR-21 CF-12",
    "COGNITO_DOMAIN",
    ["http://localhost.evil.test", "http://127.0.0.1.evil.test", "http://0.0.0.0", "http://[::2]"],
  ],
  [
    "CF-01",
    "APP_BASE_URL",
    [undefined, "", "undefined", "app.example", "/app", "https://app.example?x=y", "https://a:b@app.example"],
  ],
  [
    "CK-02 CF-12",
    "APP_BASE_URL",
    ["http://app.example", "http://192.168.0.1:3000", "http://[::2]:3000", "http://0.0.0.0:3000"],
  ],
  [
    "CK-02 CF-12",
    "APP_BASE_URL",
    ["http://localhost.evil.test", "http://evil-localhost", "http://evil.test/localhost", "http://localhost@evil.test"],
  ],
  ["CF-01", "COGNITO_CLIENT_ID", [undefined, "", "undefined", "two words", "a,b", "a&b=c", "a\r\nb", "x".repeat(129)]],
  ["CF-01", "COGNITO_API_CLIENT_IDS", ["a b", "a,,b", ",a", "a,", "a;b", "undefined"]],
  ["CF-01 AR-09", "COGNITO_SCOPE", ["email profile", "openidx", "undefined", "OPENID", "email,openid"]],
  [
    "CF-01",
    "COGNITO_RESOURCE",
    ["orders", "app.example/api/mcp", "//app.example", "https://a.example b", "https:", "1a:b"],
  ],
  ["CK-13", "AUTH_SESSION_MAX_AGE", ["0", "-1", "1.5", "1e3", "30d", "0x10", "NaN", "Infinity", "99999999999"]],
  ["CK-10", "AUTH_SECRET", ["secret", "x".repeat(31), `${SECRET},short`, `short,${SECRET}`, `${SECRET},`, "undefined"]],
  // The kit removes blanks around a secret, so they do not count as its 32 bytes.
  ["CK-10", "AUTH_SECRET", [`short${" ".repeat(32)},${SECRET}`, `${SECRET},${" ".repeat(32)},${SECRET}`]],
  [
    "CF-01",
    "AUTH_COOKIE_PREFIX",
    ["a b", "a;b", "a=b", "a.b", "ä", "x".repeat(33), "__Host-auth;", "a\nb", "undefined"],
  ],
  [
    "CF-01 KS-12",
    "COGNITO_JWKS",
    ["{", "[]", "null", "{}", '{"keys":[]}', '{"keys":{}}', '{"keys":[{"kty":"RSA"}]}', "undefined"],
  ],
];

describe("wrong values", () => {
  const rows = WRONG.flatMap(([ids, name, values]) => values.map((value) => [ids, name, value] as const));
  test.each(rows)("%s the configuration rejects %s with the value %j, and names the variable", (_ids, name, value) => {
    expect(refusedNames({ [name]: value })).toEqual([name]);
  });

  test("CF-01 one error names every wrong variable once, and contains no value", () => {
    const env = Object.fromEntries(WRONG.map(([, name]) => [name, "wr0ng value"]));
    expect(refusedNames({ ...env, AUTH_SECRET: "wr0ng" })).toEqual([...new Set(WRONG.map(([, name]) => name))].sort());
    expect(() => parseConfig(env)).toThrow(expect.objectContaining({ message: expect.not.stringContaining("wr0ng") }));
    expect(() => parseConfig({})).toThrow(/COGNITO_ISSUER.*COGNITO_DOMAIN.*APP_BASE_URL.*COGNITO_CLIENT_ID/);
  });

  test.each(["development", "test", "production"])("CF-12 CK-02 NODE_ENV=%s relaxes no rule", (mode) => {
    vi.stubEnv("NODE_ENV", mode);
    const http = { COGNITO_ISSUER: "http://a.test/x", COGNITO_DOMAIN: "http://b.test", APP_BASE_URL: "http://c.test" };
    expect(refusedNames(http)).toEqual(["APP_BASE_URL", "COGNITO_DOMAIN", "COGNITO_ISSUER"]);
  });

  test("CF-01 while a variable is missing, every door and route throws a configuration error", async () => {
    const request = new NextRequest(`${ORIGIN}/auth/login`, { headers: TYPED });
    const kit = await loadKit({ ...REQUIRED, APP_BASE_URL: undefined });
    const doors = [
      () => kit.login.GET(request),
      () => kit.callback.GET(request),
      () => kit.logout.POST(request),
      () => kit.middleware.default(request),
      () => kit.api.withSession(() => new Response())(request, null),
      () => kit.api.withOptionalSession(() => new Response())(request, null),
    ];
    for (const open of doors) {
      await expect(open()).rejects.toThrow(
        expect.objectContaining({ code: "config_invalid", message: expect.stringContaining("APP_BASE_URL") }),
      );
    }
  });
});

describe("right values", () => {
  test("CF-01 four variables are enough", () => {
    expect(parseConfig(REQUIRED)).toMatchObject({
      issuer: REQUIRED.COGNITO_ISSUER,
      jwksUri: `${REQUIRED.COGNITO_ISSUER}/.well-known/jwks.json`,
      pinnedKeys: null,
      domain: "https://auth.example.com",
      clientId: "1example23456789",
      clientSecrets: [],
      canAuthenticateCookies: false,
      bearerClientIds: ["1example23456789"],
      scope: "openid email profile",
      origin: "https://app.example",
      basePath: "",
      baseUrl: "https://app.example",
      redirectUri: "https://app.example/auth/callback",
      sessionMaxAge: 2_592_000,
      secrets: [],
      cookiePrefix: "__Host-auth",
    });
  });

  const right: [string, Env, object][] = [
    [
      "CF-01 blanks around a value",
      { COGNITO_CLIENT_ID: "  abc\n", COGNITO_CLIENT_SECRET: " x+/= " },
      { clientId: "abc", clientSecrets: ["x+/="] },
    ],
    [
      "CF-01 blank optional values",
      { COGNITO_SCOPE: " ", AUTH_SECRET: "", COGNITO_CLIENT_SECRET: " ", COGNITO_JWKS: "" },
      { scope: "openid email profile", secrets: [], clientSecrets: [], pinnedKeys: null },
    ],
    [
      "CF-01 slashes after the base URL",
      { APP_BASE_URL: "https://app.example//" },
      { baseUrl: "https://app.example", basePath: "" },
    ],
    [
      "CF-01 a base path",
      { APP_BASE_URL: "https://app.example/shop/" },
      { origin: ORIGIN, basePath: "/shop", baseUrl: `${ORIGIN}/shop`, redirectUri: `${ORIGIN}/shop/auth/callback` },
    ],
    [
      "CF-01 a slash after the domain",
      { COGNITO_DOMAIN: "https://auth.example.com/" },
      { domain: "https://auth.example.com" },
    ],
    [
      "CF-01 scopes on several lines",
      { COGNITO_SCOPE: "openid  api/read\n api/write" },
      { scope: "openid api/read api/write" },
    ],
    [
      "CF-02 the other form of issuer",
      { COGNITO_ISSUER: "https://issuer-cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Abc123" },
      { jwksUri: "https://issuer-cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Abc123/.well-known/jwks.json" },
    ],
    [
      "CF-02 another partition",
      { COGNITO_ISSUER: "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_Abc123" },
      { issuer: "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_Abc123" },
    ],
    [
      "CF-02 an issuer on a loopback",
      { COGNITO_ISSUER: "http://127.0.0.1:9000/pool" },
      { jwksUri: "http://127.0.0.1:9000/pool/.well-known/jwks.json" },
    ],
    [
      "CK-02 localhost",
      { APP_BASE_URL: "http://localhost:3000" },
      { cookiePrefix: "auth", origin: "http://localhost:3000" },
    ],
    [
      "CK-02 a loopback by number",
      { APP_BASE_URL: "http://[::1]:3000", COGNITO_DOMAIN: "http://127.0.0.1:9001" },
      { cookiePrefix: "auth" },
    ],
    ["JW-20 a resource of a custom scheme", { COGNITO_RESOURCE: "Urn:orders" }, { resource: "Urn:orders" }],
    ["CK-02 localhost over https", { APP_BASE_URL: "https://localhost:3000" }, { cookiePrefix: "__Host-auth" }],
    ["CS-07 two apps on one host", { AUTH_COOKIE_PREFIX: "shop-2" }, { cookiePrefix: "__Host-shop-2" }],
    [
      "JW-18 further clients",
      { COGNITO_API_CLIENT_IDS: "mobile , machine" },
      { bearerClientIds: ["1example23456789", "mobile", "machine"] },
    ],
    ["CK-13 400 days", { AUTH_SESSION_MAX_AGE: "34560000" }, { sessionMaxAge: 34_560_000 }],
    // Accepted, because browsers limit it in the same way.
    ["CK-13 ten years, which become 400 days", { AUTH_SESSION_MAX_AGE: "315360000" }, { sessionMaxAge: 34_560_000 }],
    ["CF-09 CK-10 two secrets", { AUTH_SECRET: `${SECRET}, ${SECRET}=+/` }, { secrets: [SECRET, `${SECRET}=+/`] }],
  ];
  test.each(right)("%s: the configuration accepts the value", (_what, env, expected) => {
    expect(parseConfig({ ...REQUIRED, ...env })).toMatchObject(expected);
  });

  test("KS-01 the configuration takes only the usable keys of a pinned JWKS", async () => {
    const jwk = {
      ...(await exportJWK((await generateKeyPair("RS256")).publicKey)),
      alg: "RS256",
      use: "sig",
      kid: "a",
    };
    const keys = [jwk, { ...jwk, kid: "b", use: "enc" }];
    const { pinnedKeys } = parseConfig({ ...REQUIRED, COGNITO_JWKS: JSON.stringify({ keys }) });
    expect([...(pinnedKeys?.keys() ?? [])]).toEqual(["a"]);
  });

  test("CF-01 the kit reads the environment once, at the first request", async () => {
    const kit = await loadKit({ ...REQUIRED });
    vi.stubEnv("COGNITO_CLIENT_ID", "first");
    expect(kit.config().clientId).toBe("first");
    vi.stubEnv("COGNITO_CLIENT_ID", "second");
    expect(kit.config().clientId).toBe("first");
  });
});

describe("CF-03 a spoofed host", () => {
  const SPOOFED = {
    host: "evil.test",
    "x-forwarded-host": "evil.test",
    "x-forwarded-proto": "http",
    forwarded: "host=evil.test",
  };

  test("a spoofed host changes neither redirect_uri nor the target of a redirect", async () => {
    const browser = pool.browser(await pool.load());
    const login = await browser.login("http://evil.test/auth/login?returnTo=/dashboard", { ...CLICKED, ...SPOOFED });
    const location = new URL(login.headers.get("location") ?? "");
    expect(location.origin).toBe(pool.cognito.domain);
    expect(location.searchParams.get("redirect_uri")).toBe(`${ORIGIN}/auth/callback`);
    const url = await pool.cognito.authorize(location.href, "ada");
    const answer = await browser.callback(url.replace(ORIGIN, "http://evil.test"), { ...TYPED, ...SPOOFED });
    expect(answer.headers.get("location")).toBe(`${ORIGIN}/dashboard`);
    const failed = await browser.callback("http://evil.test/auth/callback?state=x", { ...TYPED, ...SPOOFED });
    expect(failed.headers.get("location")).toBe(`${ORIGIN}/`);
    browser.jar.clear();
    const page = await browser.visit("http://evil.test/dashboard", { ...TYPED, ...SPOOFED });
    expect(page.headers.get("location")).toBe(`${ORIGIN}/auth/login?returnTo=%2Fdashboard`);
    const logout = await browser.signOut({ ...CLICKED, ...SPOOFED });
    expect(new URL(logout.headers.get("location") ?? "").searchParams.get("logout_uri")).toBe(ORIGIN);
  });
});

const units = fc.array(fc.nat({ max: 0xffff })).map((codes) => String.fromCharCode(...codes)); // Half surrogates too.
const runs = (numRuns: number) => ({ seed: 5, numRuns });

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

  test("CF-01 CF-12 any environment gives a safe configuration or a config_invalid error", () => {
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
