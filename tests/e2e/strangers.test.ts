import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asIs, DOCUMENT, FETCH, type RawResponse, raw } from "./support/raw";
import { openStage, type Stage } from "./support/stage";

// Pages under tests/e2e/fixtures that nothing but middleware guards. Whoever may not see them never gets this word.
const CANARY = "private-canary";
const RSC = { rsc: "1", "next-router-state-tree": "%5B%22%22%5D" };

const PLAIN = ["/u/jane", "/vault", "/team", "/gallery", "/gallery/photo/1", "/en/notes", "/dashboard", "/admin"];

const FORMS: readonly (readonly [ids: string, path: string])[] = [
  ["NX-05", "/vault.rsc"],
  ["NX-05", "/u/jane.rsc"],
  ["NX-05", "/vault.segments/_tree.segment.rsc"],
  ["NX-05", "/vault.segments/vault/__PAGE__.segment.rsc"],
  ["NX-05", "/vault.segments/_full.segment.rsc"],
  ["NX-05", "/u/jane.segments/$d$name/__PAGE__.segment.rsc"],
  ["NX-05", "/gallery.segments/gallery/$c$children/__PAGE__.segment.rsc"],
  ["NX-06", "/u/jane.doe"],
  ["NX-06", "/u/%6aane.doe"],
  ["NX-06", "/u/a.pdf"],
  ["NX-06", "/u/favicon.ico"],
  ["NX-06", "/u/_next/static"],
  ["NX-07", "/vault?_rsc=abcde"],
  ["NX-08", "//vault"],
  ["NX-08", "///u/jane"],
  ["NX-08", "/./vault"],
  ["NX-08", "/pub/../vault"],
  ["NX-08", "/pub/%2e%2e/vault"],
  ["NX-08", "/pub/..%2fvault"],
  ["NX-08", "/api/../vault"],
  ["NX-08", "/api/%2e%2e/u/jane"],
  ["NX-08", "/auth/../vault"],
  ["NX-08", "/auth/%2e%2e/vault"],
  ["NX-08", "/%76ault"],
  ["NX-08", "/vault%2f"],
  ["NX-08", "/vault;x"],
  ["NX-08", "/vault\\"],
  ["NX-08", "/\\vault"],
  ["NX-08", "/VAULT"],
  ["NX-08", "/vault/"],
  ["NX-08", "/vault/."],
  ["NX-08", "/vault%00"],
  ["NX-09", "/u/jane?nxtPname=public"],
  ["NX-09", "/u/jane?nxtIname=public"],
  ["NX-09", "/pub?nxtPname=jane"],
  ["NX-10", "/en/vault"],
  ["NX-10", "/auth/notes"],
  ["NX-10", "/EN/notes"],
  ["NX-10", "/en.GB/notes"],
  ["NX-10", "/%65n/notes"],
  ["NX-10", "/en/notes.rsc"],
  ["NX-10", "/en/notes?nxtPlang=public"],
  ["NX-10", "/en.segments/$d$lang/notes/__PAGE__.segment.rsc"],
  ["NX-10", "/_next/data/build/vault.json"],
  ["NX-10", "/_next/data/build/u/jane.json"],
  ["NX-10", "/_next/data/BUILD/vault.json?name=x"],
  ["NX-11", "/old-vault"],
  ["NX-11", "/(team)/team"],
  ["NX-11", "/gallery/(.)photo/1"],
  ["NX-11", "/gallery/@modal/photo/1"],
  ["HD-05", "/dashboard/x.css"],
  ["HD-05", "/dashboard;.js"],
  ["HD-05", "/dashboard%2fx.png"],
  ["HD-05", "/vault.css"],
  ["HD-05", "/u/x.css"],
  ["NX-29", "/_next/image?url=%2Fvault&w=64&q=75"],
  ["NX-29", "/_next/image?url=%2Fapi%2Fpicture&w=64&q=75"],
];

const SPOOFS: readonly (readonly [ids: string, headers: Record<string, string>])[] = [
  ["NX-02", { "x-middleware-subrequest": "middleware:middleware:middleware:middleware:middleware" }],
  [
    "NX-02",
    { "x-middleware-subrequest": "src/middleware:src/middleware:src/middleware:src/middleware:src/middleware" },
  ],
  ["NX-02", { "x-middleware-subrequest": "pages/_middleware" }],
  ["NX-02", { "x-middleware-subrequest": "proxy:proxy:proxy:proxy:proxy" }],
  ["NX-03", { "x-middleware-next": "1" }],
  ["NX-03", { "x-middleware-skip": "1" }],
  ["NX-03", { "x-middleware-rewrite": "/vault" }],
  ["NX-03", { "x-matched-path": "/vault" }],
  ["NX-03", { "x-invoke-path": "/vault", "x-invoke-status": "200" }],
  ["NX-03", { "x-nextjs-data": "1" }],
  ["NX-03", { "next-resume": "1" }],
  ["NX-03", { "x-middleware-override-headers": "cookie", "x-middleware-request-cookie": "auth.access=x" }],
  ["NX-03", { "x-original-url": "/pub", "x-rewrite-url": "/pub", "x-forwarded-uri": "/pub" }],
  ["NX-04", { "x-user": "admin", "x-auth-user": "ada", "x-session": "ada" }],
  ["NX-27", { location: "https://evil.example/", "x-middleware-set-cookie": "auth.access=x" }],
];

describe.each(["middleware", "proxy"] as const)("as %s.ts", (variant) => {
  let stage: Stage;
  let member: Record<string, string>;
  beforeAll(async () => {
    stage = await openStage({ variant, https: false });
    member = { cookie: await stage.cookieOf("ada") };
  });
  afterAll(() => stage?.close());

  const expectNothing = ({ status, body, headers }: RawResponse) => {
    expect(body).not.toContain(CANARY);
    expect(body).not.toMatch(/data-canary/);
    expect([200, 303, 307, 308, 400, 401, 404, 405]).toContain(status);
    if (headers.location) expect(new URL(headers.location, stage.baseUrl).origin).toBe(stage.baseUrl);
  };

  test.each(PLAIN.slice(0, 6))("a member sees %s, so the word is there to be found", async (path) => {
    expect((await raw(stage.baseUrl + path, { headers: { ...DOCUMENT, ...member } })).body).toContain(CANARY);
  });

  test.each(PLAIN)("NX-01 HD-02 HD-03 a stranger gets nothing of %s but the way to sign-in", async (path) => {
    const document = await asIs(stage.baseUrl, path, DOCUMENT);
    expect([document.status, document.headers.location]).toEqual([
      303,
      expect.stringContaining("/auth/login?returnTo="),
    ]);
    for (const headers of [DOCUMENT, FETCH, { ...FETCH, ...RSC }, {}]) {
      const answer = await asIs(stage.baseUrl, path, headers);
      expectNothing(answer);
      expect(answer.headers["cache-control"]).toBe("private, no-store");
    }
  });

  test.each(FORMS)("%s a stranger gets nothing by %s", async (_ids, path) => {
    for (const headers of [DOCUMENT, FETCH, { ...FETCH, ...RSC }, {}])
      expectNothing(await asIs(stage.baseUrl, path, headers));
  });

  test.each(SPOOFS)("%s a stranger's %o changes nothing", async (_ids, headers) => {
    for (const path of ["/vault", "/u/jane", "/dashboard"]) {
      const answer = await asIs(stage.baseUrl, path, { ...DOCUMENT, ...headers });
      expectNothing(answer);
      expect(answer.status).toBe(303);
    }
  });

  test("NX-07 a router's fetch is refused on the spot, never sent to another origin", async () => {
    const prefetch = { "next-router-prefetch": "1", "next-router-segment-prefetch": "/_tree" };
    for (const headers of [RSC, { ...RSC, ...prefetch }]) {
      const answer = await asIs(stage.baseUrl, "/vault?_rsc=x", { ...FETCH, ...headers });
      expect([answer.status, answer.headers.location, answer.setCookie]).toEqual([401, undefined, []]);
    }
  });

  test("NX-24 HEAD and OPTIONS are judged as GET is", async () => {
    for (const method of ["HEAD", "OPTIONS"]) {
      const answer = await asIs(stage.baseUrl, "/vault", DOCUMENT, method);
      expectNothing(answer);
      expect(answer.status).toBe(303);
    }
  });

  test.each(["POST", "PUT", "DELETE", "PATCH"])(
    "NX-16 a stranger's %s is never redirected with its body",
    async (method) => {
      for (const headers of [DOCUMENT, FETCH]) {
        const answer = await asIs(stage.baseUrl, "/vault", { ...headers, "sec-fetch-site": "same-origin" }, method);
        expectNothing(answer);
        expect([303, 401]).toContain(answer.status);
      }
    },
  );

  test.each(["TRACE", "FOO"])("DS-12 %s is refused, and the process lives", async (method) => {
    const answer = await asIs(stage.baseUrl, "/vault", {}, method).catch(() => null);
    if (answer) expect(answer.body).not.toContain(CANARY);
    expect((await asIs(stage.baseUrl, "/pub")).status).toBe(200);
  });

  test("NX-28 Next's preview cookie opens no door", async () => {
    const draft = await asIs(stage.baseUrl, "/draft");
    const cookie = draft.setCookie.map((line) => line.split(";")[0]).join("; ");
    expect(cookie).toContain("__prerender_bypass");
    expectNothing(await asIs(stage.baseUrl, "/vault", { ...DOCUMENT, cookie }));
    expectNothing(await asIs(stage.baseUrl, "/dashboard", { ...DOCUMENT, cookie }));
  });

  test("NX-23 errors, metadata and loading states of a private segment tell nothing", async () => {
    for (const path of ["/u/nobody/not/there", "/u/jane/opengraph-image", "/sitemap.xml", "/vault/icon.png"]) {
      expectNothing(await asIs(stage.baseUrl, path, DOCUMENT));
    }
  });

  test.each(["Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Original-URL", "Forwarded"])(
    "HD-07 CF-03 DS-13 a false %s leads nowhere else",
    async (name) => {
      const value = name === "X-Forwarded-Proto" ? "https" : "evil.example";
      const guarded = await asIs(stage.baseUrl, "/vault", { ...DOCUMENT, [name]: value });
      expect(new URL(guarded.headers.location ?? "", stage.baseUrl).href).toBe(
        `${stage.baseUrl}/auth/login?returnTo=%2Fvault`,
      );
      const login = await asIs(stage.baseUrl, "/auth/login", { ...DOCUMENT, [name]: value });
      const callback = new URL(login.headers.location ?? "").searchParams.get("redirect_uri");
      expect(callback).toBe(`${stage.baseUrl}/auth/callback`);
    },
  );

  test("DS-13 an absolute request line shows nothing", async () => {
    // Next answers it before middleware runs, by tidying up the doubled slash of the address that it was given.
    const answer = await asIs(stage.baseUrl, "http://evil.example/vault", DOCUMENT);
    expect([answer.status, answer.body.includes(CANARY)]).toEqual([308, false]);
    expect((await asIs(stage.baseUrl, "/auth/login", DOCUMENT)).headers.location).toContain(stage.cognito.domain);
  });
});
