import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { safeReturnTo } from "@/lib/auth/core/http/return-to";
import { ORIGIN, usePool } from "../../support/kit";

const app = { origin: ORIGIN, basePath: "" };

describe("safeReturnTo", () => {
  test.each([
    ["RD-01", "/ok?x=1#h"],
    ["RD-01", "/"],
    ["RD-07", "/%09/evil"],
    ["RD-08", "/%252f%252fevil"],
    ["RD-08", "/x?returnTo=%252f%252fevil"],
    ["RD-22", "/x%0d%0aSet-Cookie:%20a=b"],
    ["RD-25", "/author"],
    ["RD-25", "/x/auth/login"],
    // Middleware guards these like every other page, so a sign-in leads back to them.
    ["RD-25", "/auth"],
    ["RD-25", "/auth/"],
    ["RD-25", "/auth?x"],
    ["RD-25", "/auth/profile?tab=1#h"],
    ["RD-25", "/auth/login-history"],
    ["RD-25", "/auth/logout/help"],
    ["AT-08", "/releases/1.0..1.1"],
    ["AT-08", "/.well-known/x"],
    ["AT-08", "/a/...%2fb"],
    ["AT-08", "/100%25/a%2fb"],
    ["AT-08", "/x?from=..%2fauth/logout#/../auth/logout"],
    ["RD-26", "/api/me"],
    ["RD-26", "/_nextstep"],
  ])("%s the kit keeps the path %j", (_rule, input) => {
    expect(safeReturnTo([input], app)).toBe(input);
  });

  test.each([
    ["RD-20", "/\uff0fevil", "/%EF%BC%8Fevil"],
    ["RD-20", "/\u2044evil", "/%E2%81%84evil"],
    ["RD-20", "/\u00a0/evil", "/%C2%A0/evil"],
    ["RD-20", "/\ufeff/evil", "/%EF%BB%BF/evil"],
    ["RD-20", "/\u202egnp.evil", "/%E2%80%AEgnp.evil"],
    ["RD-22", "/x\r\nSet-Cookie: a=b", "/xSet-Cookie:%20a=b"],
    ["RD-28", "/x?_rsc=1a2b3", "/x"],
    ["RD-28", "/x?a=1&_rsc=1a2b3&b=2#h", "/x?a=1&b=2#h"],
  ])("%s the path %j leads to %j", (_rule, input, path) => {
    expect(safeReturnTo([input], app)).toBe(path);
  });

  test.each([
    ["RD-02", ["//evil.test", "//evil.test/x", "///evil/x", "////evil"]],
    ["RD-03", ["/\\evil", "/\\evil/x", "\\\\evil", "\\/evil", "/\\/evil"]],
    ["RD-04", ["/\t/evil", "/\n/evil", "/\r/evil", "/\t\\evil"]],
    ["RD-05", ["\t//evil", " //evil", "\0//evil", "\v//evil", " /ok"]],
    ["RD-06", ["/.//evil", "/..//evil", "/a/../..//evil", "/./\\evil", "/%2e//evil", "/.\t//evil"]],
    ["RD-07", ["/%2f%2fevil", "/%2F/evil", "/%5cevil", "/x/..%2f..//%5c", "/%ff", "/%"]],
    ["RD-09", ["https:evil.test", "https:/evil"]],
    ["RD-10", ["http:evil", "https:\\\\evil", "https:///evil", "HTTPS://EVIL"]],
    ["RD-11", ["https://app@evil", "https://app:443@evil", "https://app.example@evil"]],
    ["RD-12", ["https://app.example.evil.test", "https://app.example%2eevil.test", "app.example\u2024evil"]],
    ["RD-13", ["https://app\\@evil", "https://app#@evil", "https://app.example\\@evil"]],
    // An absolute address of our own is not needed: one form is easier to check than two.
    ["RD-14", [`${ORIGIN}/ok`, `${ORIGIN}:443/ok`, "https://APP.example/ok"]],
    ["RD-15", [`${ORIGIN}:8443/`, "http://app.example/", "https://app.example./", "https://u:p@app.example/"]],
    ["RD-16", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)"]],
    ["RD-16", ["javascript://%0aalert(1)", "javascript:/x"]],
    ["RD-17", ["data:text/html,x", "vbscript:x", "file:///etc/passwd", "ftp://evil/"]],
    ["RD-18", [`blob:${ORIGIN}/6a3c3f2e-0b7e-4f0e-9c0a-1d2e3f4a5b6c`]],
    ["RD-19", ["//evil\u3002test", "//\uff45vil.test", "//\u200bevil", "https://\u24d4vil"]],
    ["RD-21", ["@evil", ".evil.test", "foo", "../x", "?a", "#a", ""]],
    ["RD-25", ["/auth/login", "/auth/logout", "/auth/callback?code=x&state=y", "/auth/error", "/auth/logout/"]],
    [
      "RD-25",
      ["/AUTH/logout", "/Auth/Login", "/%61uth/logout", "/auth%2flogout", "/auth\\logout", "/x/../auth/logout"],
    ],
    [
      "RD-25",
      ["/.//auth/logout", "/au\tth/logout", "/auth/./login", "/auth//logout", "/auth/logout?x", "/auth/logout#x"],
    ],
    ["RD-25", ["/auth%252flogout", "/%2561uth/logout", "/auth/logout.rsc", "/auth/logout;v=1", "/auth/logout%2f"]],
    ["AT-08", ["/x/..%2fauth/logout", "/x/..%2Fauth%2Flogout", "/x%2f../auth/logout", "/x%2f..%2fauth/logout"]],
    ["AT-08", ["/x/%2e%2e%2fauth/logout", "/x/.%2e%2fauth/logout", "/x/%2E.%2Fdashboard", "/.%2fauth/logout"]],
    ["AT-08", ["/x/..%5cauth/logout", "/x%5c..%5cauth/logout", "/x/..%5C", "/x/..%255cauth/logout"]],
    ["AT-08", ["/x/..%252fauth/logout", "/x/%252e%252e/auth/logout", "/x/..%25252fauth/logout", "/x/%252e/y"]],
    ["AT-08", ["/x/..;/auth/logout", "/x/..%3b/auth/logout", "/x%2f..", "/x%2f.", "/%25ff/..%252fauth/logout"]],
    ["RD-26", ["/_next/static/x.js", "/_next/image?url=x", "/_next"]],
  ])("%s the paths %j lead to the start page", (_rule, inputs) => {
    expect(inputs.map((input) => safeReturnTo([input], app))).toEqual(inputs.map(() => "/"));
  });

  test("RD-23 a path may have 512 characters in its encoded form", () => {
    const lengths = [512, 513, 5_000, 100_000];
    const paths = lengths.map((length) => safeReturnTo(["/".padEnd(length, "a")], app).length);
    expect(paths).toEqual([512, 1, 1, 1]);
    // Six characters each, as it is sent on.
    expect(safeReturnTo([`/a${"\u00e9".repeat(85)}`], app)).toHaveLength(512);
    expect(safeReturnTo([`/${"./".repeat(300)}x`], app)).toBe("/"); // As it came, too.
    expect(safeReturnTo([`/aa${"\u00e9".repeat(85)}`], app)).toBe("/");
  });

  test.each([
    ["no value", []],
    ["RD-24 two values, one of them good", ["/a", "//evil"]],
    ["RD-24 two good values", ["/a", "/a"]],
    ["RD-24 a list inside", [["/a"]]],
    ["null", [null]],
    ["an object with a path for a text", [{ toString: (): string => "/a" }]],
  ])("%s leads to the start page", (_title, values: unknown[]) => {
    expect(safeReturnTo(values, app)).toBe("/");
  });

  test.each([
    ["//evil", "/shop"],
    ["/shop/auth/logout", "/shop"],
    ["/shop/_next/x", "/shop"],
    ["/shop/%61uth/login", "/shop"],
    ["/shop/cart", "/shop/cart"],
    ["/shop/auth/profile", "/shop/auth/profile"],
    ["/shop//auth/logout", "/shop"],
    ["/shop", "/shop"],
    ["/shop/", "/shop/"],
    ["/shop?a=1#h", "/shop?a=1#h"],
    ["/auth/login", "/shop"],
  ])("RD-25 with the base path /shop, %j leads to %j", (input, path) => {
    expect(safeReturnTo([input], { origin: ORIGIN, basePath: "/shop" })).toBe(path);
  });

  test.each(["/help", "/help/auth/x", "/shopping", "/shopauth/x", "/", "/SHOP/cart", "/%73hop/cart", "/shop%2fcart"])(
    "AT-08 with the base path /shop, %j belongs to another app and leads to the start page",
    (input) => {
      expect(safeReturnTo([input], { origin: ORIGIN, basePath: "/shop" })).toBe("/shop");
    },
  );

  test.each([
    "/shop/..%2fhelp",
    "/shop/%2e%2e%2fhelp",
    "/shop/x%2f..%2f..%2fhelp",
    "/shop/..%252fhelp",
    "/shop/../help",
  ])("AT-08 with the base path /shop, %j leads to no other app", (input) => {
    expect(safeReturnTo([input], { origin: ORIGIN, basePath: "/shop" })).toBe("/shop");
  });

  test("RD-06 RD-07 every accepted path stays on the origin, and a second check does not change it", () => {
    const pieces = [
      "/",
      "\\",
      ".",
      "..",
      "%2f",
      "%5c",
      "%2e",
      "\t",
      "\n",
      " ",
      "@",
      ":",
      "?",
      "#",
      "evil.test",
      "https:",
    ];
    const inputs = pieces.flatMap((a) =>
      pieces.flatMap((b) => pieces.flatMap((c) => [`/${a}${b}${c}`, `${a}${b}${c}/x`])),
    );
    for (const input of inputs) {
      const path = safeReturnTo([input], app);
      expect(path, input).toMatch(/^\/(?![/\\])/);
      expect(new URL(path, ORIGIN).origin, input).toBe(ORIGIN);
      expect(new URL(new URL(path, ORIGIN).pathname, ORIGIN).origin, input).toBe(ORIGIN);
      expect(safeReturnTo([path], app), input).toBe(path);
    }
  });
});

describe("a return path, from the sign-in link to the page", () => {
  const pool = usePool();
  const path = (value: string) => `/auth/login?returnTo=${encodeURIComponent(value)}`;

  test.each([
    ["RD-01 a path with query and fragment", path("/ok?x=1#h"), "/ok?x=1#h"],
    ["RD-02 another host", path("//evil.test/"), "/"],
    ["RD-22 a line break", path("/x\r\nSet-Cookie: a=b"), "/xSet-Cookie:%20a=b"],
    ["RD-22 an encoded line break", path("/x%0d%0aSet-Cookie: a=b"), "/x%0d%0aSet-Cookie:%20a=b"],
    ["RD-24 two paths", "/auth/login?returnTo=/a&returnTo=//evil.test", "/"],
    ["RD-24 a path in a list", "/auth/login?returnTo[]=/a&returnTo%5B%5D=//evil.test", "/"],
    ["RD-28 an address of Next's router", path("/x?a=1&_rsc=1a2b3"), "/x?a=1"],
  ])("%s", async (_title, link, location) => {
    const browser = pool.browser(await pool.load());
    const answer = await browser.signIn("ada", link);
    expect(answer.headers.get("location")).toBe(ORIGIN + location);
    expect(browser.names()).toEqual(["access", "id", "refresh", "rounds"].map((kind) => `__Host-auth.${kind}`));
  });

  test("RD-27 RD-29 Host, forwarding headers and Referer do not change the return path", async () => {
    const browser = pool.browser(await pool.load());
    const spoofed = {
      accept: "text/html",
      host: "evil.test",
      referer: "https://evil.test/page",
      origin: "https://evil.test",
      forwarded: "host=evil.test;proto=http",
      "x-forwarded-host": "evil.test",
      "x-forwarded-proto": "http",
      "x-original-url": "//evil.test",
    };
    const login = await browser.login("https://evil.test/auth/login?next=/a", spoofed);
    const back = await pool.cognito.authorize(login.headers.get("location") ?? "", "ada");
    const answer = await browser.callback(back.replace(ORIGIN, "https://evil.test"), spoofed);
    expect(answer.headers.get("location")).toBe(`${ORIGIN}/`);
    expect((await browser.login("https://evil.test/auth/login?returnTo=/a", spoofed)).headers.get("location")).toBe(
      `${ORIGIN}/a`,
    );
  });
});

const units = fc.array(fc.nat({ max: 0xffff })).map((codes) => String.fromCharCode(...codes)); // Half surrogates too.
const runs = (numRuns: number) => ({ seed: 5, numRuns });

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

  test.each(["", "/shop"])("RD-06 RD-07 RD-25 no text leads out of the app with the base path %j", (basePath) => {
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
