import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isCrossSite, isPrefetch, requestKind } from "@/lib/auth/core/http/request";
import { FETCHED, ORIGIN, TYPED, usePool } from "../../support/kit";

const HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const CHROMIUM = `${HTML},image/avif,image/webp,image/apng,application/signed-exchange;v=b3;q=0.7`;
const sent = (site: string, mode: string, dest: string, others: Record<string, string> = {}) => ({
  "sec-fetch-site": site,
  "sec-fetch-mode": mode,
  "sec-fetch-dest": dest,
  ...others,
});
const form = { "content-type": "application/x-www-form-urlencoded" };
const router = { accept: "*/*", rsc: "1", "next-url": "/", "next-router-state-tree": "%5B%22%22%5D" };

describe("requestKind", () => {
  test.each([
    ["a typed address in Chromium", "document", sent("none", "navigate", "document", { accept: CHROMIUM })],
    ["a typed address in Firefox or Safari", "document", sent("none", "navigate", "document", { accept: HTML })],
    ["a page over plain http, or in Safari before 16.4", "document", { accept: HTML }],
    ["a clicked link", "document", sent("same-origin", "navigate", "document", { accept: CHROMIUM })],
    ["a link on another site", "document", sent("cross-site", "navigate", "document", { accept: HTML })],
    ["a form", "document", sent("same-origin", "navigate", "document", { accept: HTML, ...form })],
    ["a form in an old Safari", "document", { accept: HTML, ...form }],
    ["a page behind a proxy's password", "document", { accept: HTML, authorization: "Basic YTpi" }],
    ["fetch()", "data", sent("same-origin", "cors", "empty", { accept: "*/*" })],
    ["fetch() that asks for HTML", "data", sent("same-origin", "cors", "empty", { accept: HTML })],
    ["fetch() with a JSON body", "data", sent("same-origin", "cors", "empty", { accept: "application/json" })],
    ["Next's router", "data", sent("same-origin", "cors", "empty", router)],
    ["Next's router, seen in middleware", "data", sent("same-origin", "cors", "empty", { accept: "*/*" })],
    ["a server action", "action", sent("same-origin", "cors", "empty", { "next-action": "4f" })],
    ["a server action in an old Safari", "action", { accept: "text/x-component", "next-action": "4f" }],
    ["link rel=prefetch", "data", sent("same-origin", "no-cors", "empty", { "sec-purpose": "prefetch" })],
    ["an iframe", "data", sent("cross-site", "navigate", "iframe", { accept: HTML })],
    ["an object element", "data", sent("same-origin", "navigate", "object", { accept: HTML })],
    ["an image", "data", sent("cross-site", "no-cors", "image", { accept: "image/avif,image/webp,*/*;q=0.8" })],
    ["an image in an old Safari", "api", { accept: "image/webp,image/png,*/*;q=0.8" }],
    ["a script", "data", sent("cross-site", "no-cors", "script", { accept: "*/*" })],
    ["a WebSocket", "data", sent("same-origin", "websocket", "websocket")],
    ["curl", "api", { accept: "*/*", "user-agent": "curl/8.14.1" }],
    ["Node's fetch", "data", { accept: "*/*", "sec-fetch-mode": "cors", "user-agent": "node" }],
    ["a program that posts JSON", "api", { accept: "application/json", "content-type": "application/json" }],
    ["no header at all", "api", {}],
    ["a Bearer token", "api", { accept: "*/*", authorization: "Bearer x" }],
    ["a page load with a Bearer token", "api", sent("none", "navigate", "document", { authorization: "bearer x" })],
    ["an empty Bearer token", "api", { accept: HTML, authorization: "Bearer" }],
  ])("%s is of kind %s", (_sender, kind, headers) => {
    expect(requestKind(new Headers(headers))).toBe(kind);
  });
});

describe("isPrefetch", () => {
  test.each([
    ["AR-17 Chromium's prefetch", true, { "sec-purpose": "prefetch", purpose: "prefetch" }],
    [
      "AR-17 Chromium's prerendering",
      true,
      sent("none", "navigate", "document", { "sec-purpose": "prefetch;prerender" }),
    ],
    ["AR-17 a prefetch through Google's proxy", true, { "sec-purpose": "prefetch;anonymous-client-ip" }],
    ["AR-17 Firefox's prefetch", true, { "sec-purpose": "prefetch", "x-moz": "prefetch" }],
    ["AR-17 an older browser's prefetch", true, { purpose: "prefetch" }],
    ["AR-17 Next's link", true, { ...router, "next-router-prefetch": "1" }],
    ["a page load", false, sent("none", "navigate", "document", { accept: HTML })],
    ["Next's router after a click", false, router],
  ])("%s is a prefetch: %s", (_sender, expected, headers) => {
    expect(isPrefetch(new Headers(headers))).toBe(expected);
  });
});

describe("isCrossSite", () => {
  test.each([
    ["a form of our own", false, { "sec-fetch-site": "same-origin", origin: ORIGIN }],
    ["a form of our own under no-referrer", false, { "sec-fetch-site": "same-origin", origin: "null" }],
    ["a browser without Fetch Metadata, on our page", false, { origin: ORIGIN }],
    ["another site", true, { "sec-fetch-site": "cross-site", origin: "https://evil.test" }],
    ["another site that forged Origin", true, { "sec-fetch-site": "cross-site", origin: ORIGIN }],
    ["a sub-domain", true, { "sec-fetch-site": "same-site", origin: "https://x.app.example" }],
    ["a bookmark, which posts nothing", true, { "sec-fetch-site": "none" }],
    ["an unknown value", true, { "sec-fetch-site": "same-origin, cross-site", origin: ORIGIN }],
    ["a sub-domain, by Origin", true, { origin: "https://x.app.example" }],
    ["another port", true, { origin: `${ORIGIN}:8443` }],
    ["another scheme", true, { origin: "http://app.example" }],
    ["a longer name", true, { origin: `${ORIGIN}.evil.test` }],
    ["Origin: null", true, { origin: "null" }],
    ["an empty Origin", true, { origin: "" }],
    ["a Referer of ours alone", true, { referer: `${ORIGIN}/` }],
    ["neither header", true, {}],
  ])("CS-01 %s is another site: %s", (_sender, expected, headers) => {
    expect(isCrossSite(new Headers(headers), ORIGIN)).toBe(expected);
  });
});

describe("methods", () => {
  const pool = usePool();
  beforeEach(() => void vi.spyOn(console, "info").mockReturnValue());
  afterEach(() => void vi.restoreAllMocks());

  test("OPTIONS changes no state, so the kit accepts it from another site", async () => {
    const kit = await pool.load();
    const browser = pool.browser(kit);
    await browser.signIn();
    const headers = { ...FETCHED, "sec-fetch-site": "cross-site" };
    expect((await browser.visit("/dashboard", headers, { method: "OPTIONS" })).status).toBe(200);
    expect((await browser.visit("/dashboard", headers, { method: "DELETE" })).status).toBe(403);
  });

  test("DS-12 the kit treats an unknown method as an unsafe one", async () => {
    const browser = pool.browser(await pool.load());
    await browser.signIn();
    const visitor = pool.browser(browser.kit);
    for (const method of ["PROPFIND", "FOO", "QUERY", "PURGE"]) {
      expect((await browser.visit("/dashboard", TYPED, { method })).status).toBe(403); // It comes from no page of ours.
      expect((await visitor.visit("/dashboard", TYPED, { method })).status).toBe(303);
    }
  });
});
