// Runs code blocks of the documents with the stand-in, as an app of a reader runs them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { unstable_doesMiddlewareMatch as doesMiddlewareMatch } from "next/experimental/testing/server";
import { NextRequest } from "next/server";
import { createElement, type FunctionComponent } from "react";
import { renderToReadableStream } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Browser, CLICKED, ORIGIN, pathOf, TYPED, usePool } from "../support/kit";
import { writeBlocks } from "./compile";
import { type Block, findDocument, ROOT, readDocuments } from "./documents";

const pool = usePool();

// Outside Next there is no request that `headers()` could read.
const sent = vi.hoisted(() => ({ headers: new Headers() }));
vi.mock("next/headers", () => ({ headers: async () => sent.headers }));

const blocks = readDocuments().flatMap((document) => document.blocks.filter(({ language }) => /^tsx?$/.test(language)));

/** The kit's middleware with the lines that guarding.md adds to it. */
function addRecentPaths(): Block {
  const { blocks: found, prose } = findDocument("lib/auth/docs/guarding.md");
  const lines = found.find(({ code }) => code.includes("const RECENT_PATHS"))?.code ?? "";
  const [line = ""] = prose.flatMap(({ text }) => /`(if \(isTooOld\(.*?;)`/.exec(text)?.[1] ?? []);
  const kit = readFileSync(join(ROOT, "middleware.ts"), "utf8");
  const end = kit.lastIndexOf("  return auth.next();");
  const code = `${lines}\n${kit.slice(0, end)}  ${line}\n${kit.slice(end)}`;
  return { document: "middleware.ts", line: 1, language: "ts", code };
}

blocks.push(addRecentPaths());
const files = writeBlocks("run", blocks);

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
});

afterEach(() => {
  vi.restoreAllMocks();
  pool.cognito.clearFaults();
});

type Headings = Record<string, string>;
type Run = (...parameters: readonly unknown[]) => unknown;

/** The exports of the one block of a document that has this text, loaded for a request with these headers. */
async function load(document: string, text: string, headers: Headings = {}) {
  const places = blocks.flatMap((block, i) =>
    block.document.endsWith(document) && block.code.includes(text) ? [i] : [],
  );
  const [place = -1] = places;
  if (places.length !== 1) throw new Error(`${document} has ${places.length} blocks with ${text}`);
  await pool.load();
  sent.headers = new Headers(headers);
  const exported: Record<string, unknown> = await import(/* @vite-ignore */ files[place] ?? "");
  return exported;
}

const isFunction = (value: unknown): value is Run => typeof value === "function";

/** Calls an export of a block. */
async function call(exported: Record<string, unknown>, name: string, ...parameters: unknown[]): Promise<unknown> {
  const run = exported[name];
  if (!isFunction(run)) throw new Error(`There is no function ${name}`);
  return run(...parameters);
}

async function respond(exported: Record<string, unknown>, name: string, request: Request): Promise<Response> {
  const response = await call(exported, name, request, {});
  if (!(response instanceof Response)) throw new Error(`${name} gave no response`);
  return response;
}

/** The headers of a request by a user who signed in `secondsAgo`. */
async function signedIn(username: string, secondsAgo = 0): Promise<Headings> {
  const { COGNITO_CLIENT_ID: clientId = "" } = pool.env;
  const claims = { origin_jti: crypto.randomUUID(), auth_time: Math.floor(Date.now() / 1000) - secondsAgo };
  const access = await pool.cognito.accessTokenFor(username, { clientId, claims });
  const id = await pool.cognito.idTokenFor(username, { clientId, claims });
  return { cookie: `__Host-auth.access=${access}; __Host-auth.id=${id}` };
}

/** Where Next is told to go: its own errors carry it as `digest`. */
const digestOf = (error: unknown) => (error instanceof Error && "digest" in error ? String(error.digest) : "");
const interruptionOf = (action: Promise<unknown>) => action.then(() => "", digestOf);

/** The HTML of a page, and the digests of the errors in it. */
async function render(exported: Record<string, unknown>, props: object = {}) {
  const page = exported.default;
  if (!isFunction(page)) throw new Error("There is no page");
  const digests: string[] = [];
  const element = createElement(page as FunctionComponent, props);
  const stream = await renderToReadableStream(element, { onError: (error) => void digests.push(digestOf(error)) });
  await stream.allReady;
  return { html: await new Response(stream).text(), digests };
}

describe("the README's", () => {
  const page = async (headers: Headings) => render(await load("README.md", "function Admin()", headers));

  test("page shows an admin the page", async () => {
    expect((await page(await signedIn("ada"))).html).toContain("ada@example.com");
  });

  test("page sends a visitor to sign-in, and a user without the group to the error page", async () => {
    expect((await page({})).digests).toEqual([expect.stringContaining("/auth/login?returnTo=%2Fadmin")]);
    const { html, digests } = await page(await signedIn("grace"));
    expect(digests).toEqual([expect.stringContaining("/auth/error?code=forbidden&returnTo=%2Fadmin")]);
    expect(html).not.toContain("grace");
  });

  test("server action runs for a user, and sends a visitor to sign-in", async () => {
    const rename = async (headers: Headings) =>
      interruptionOf(call(await load("README.md", '"use server"', headers), "rename", new FormData()));
    expect(await rename(await signedIn("grace"))).toBe("");
    expect(await rename({})).toContain("/auth/login?returnTo=%2Fsettings");
  });

  test("route handlers answer an admin, reject others, and accept a visitor where the session is optional", async () => {
    const send = async (method: string, headers: Headings) => {
      const response = await respond(
        await load("README.md", "withOptionalSession"),
        method,
        new Request(`${ORIGIN}/api/me`, { method, headers }),
      );
      return [response.status, await response.json()];
    };
    const bearer = async (username: string) => ({
      authorization: `Bearer ${await pool.cognito.accessTokenFor(username)}`,
    });
    expect(await send("GET", await bearer("ada"))).toEqual([200, expect.objectContaining({ username: "ada" })]);
    expect(await send("GET", await bearer("grace"))).toEqual([403, expect.anything()]);
    expect(await send("GET", {})).toEqual([401, expect.anything()]);
    expect(await send("POST", {})).toEqual([200, { user: null }]);
  });
});

describe("guarding.md's", () => {
  test("page survives an outage, and greets users and visitors otherwise", async () => {
    const greet = async (headers: Headings) => (await render(await load("guarding.md", "Greeting", headers))).html;
    expect(await greet(await signedIn("grace"))).toMatch(/Hello (<!-- -->)?grace/);
    expect(await greet({})).toContain('<a href="/auth/login">');
    const grace = await signedIn("grace");
    pool.cognito.fault("jwks", { status: 500 });
    expect(await greet(grace)).toContain("We cannot check your session");
  });

  test("NW-03 middleware for a recent sign-in lets a recent user through, and asks an older one on its paths only", async () => {
    const exported = await load("middleware.ts", "RECENT_PATHS");
    const pass = async (path: string, headers: Headings) => {
      const answer = await respond(
        exported,
        "default",
        new NextRequest(ORIGIN + path, { headers: { ...TYPED, ...headers } }),
      );
      return answer.headers.has("x-middleware-next") ? "next" : pathOf(answer);
    };
    expect(await pass("/robots.txt", {})).toBe("next");
    const [recent, older] = [await signedIn("ada", 300), await signedIn("ada", 400)];
    expect(await pass("/settings/keys", recent)).toBe("next");
    expect(await pass("/settings/keys", older)).toBe("/auth/login?returnTo=%2Fsettings%2Fkeys&max_age=300");
    expect([await pass("/settings2", older), await pass("/", {})]).toEqual(["next", "next"]);
    expect(await pass("/billing", {})).toBe("/auth/login?returnTo=%2Fbilling");
  });

  test("NW-03 page for a recent sign-in accepts one, and asks an older user to sign in again", async () => {
    const settings = async (headers: Headings) => render(await load("guarding.md", "function Settings()", headers));
    expect((await settings(await signedIn("ada", 300))).html).toContain("New password for");
    const { html, digests } = await settings(await signedIn("ada", 600));
    expect(digests).toEqual([expect.stringContaining("/auth/login?returnTo=%2Fsettings&max_age=300")]);
    expect(html).not.toContain("New password");
  });

  test("layout watches the session of a user and of a visitor, and renders without it in an outage", async () => {
    const layout = async (headers: Headings) =>
      render(await load("guarding.md", "RootLayout", headers), { children: "The page" });
    for (const headers of [await signedIn("ada"), {}]) {
      const { html, digests } = await layout(headers);
      expect([html.includes("The page"), digests]).toEqual([true, []]);
    }
    const ada = await signedIn("ada");
    pool.cognito.fault("jwks", { status: 500 });
    const { html, digests } = await layout(ada);
    expect([html.includes("The page"), digests]).toEqual([true, []]);
  });

  test("layout for the error page renders html and body", async () => {
    const { html } = await render(await load("guarding.md", "AuthLayout"), { children: "The page" });
    expect(html).toContain('<html lang="en"><head></head><body>The page</body></html>');
  });

  test("NW-07 route handler for payments rejects a user after a global sign-out", async () => {
    const { access_token: token } = await pool.cognito.issueTokens("ada", "mobile12345");
    const pay = async () => {
      const headers = { authorization: `Bearer ${token}` };
      const request = new Request(`${ORIGIN}/api/payments`, { method: "POST", headers });
      return (await respond(await load("guarding.md", "paidBy"), "POST", request)).status;
    };
    expect(await pay()).toBe(200);
    pool.cognito.globalSignOut("ada");
    expect(await pay()).toBe(401);
  });

  test("route handler accepts a machine and a user with the scope, and nobody without it", async () => {
    const statusOf = async (token: string) => {
      const request = new Request(`${ORIGIN}/api/orders`, { headers: { authorization: `Bearer ${token}` } });
      return (await respond(await load("guarding.md", "orders/read"), "GET", request)).status;
    };
    const claims = { scope: "openid orders/read" };
    const machine = decodeJwt(await pool.cognito.machineToken("machine12345"));
    expect(await statusOf(await pool.cognito.accessTokenFor("ada", { claims }))).toBe(200);
    expect(await statusOf(await pool.cognito.signAccessToken({ ...machine, ...claims }))).toBe(200);
    expect(await statusOf(await pool.cognito.accessTokenFor("ada"))).toBe(403);
    expect(await statusOf(await pool.cognito.signAccessToken(machine))).toBe(403);
  });

  test("next-intl middleware guards the page behind a locale, and keeps locale and session", async () => {
    const { browser, visit } = await openMiddleware("createMiddleware");
    expect(pathOf(await visit("/de/orders"))).toBe("/auth/login?returnTo=%2Fde%2Forders");
    expect((await visit("/de/prices")).headers.get("x-middleware-request-x-next-intl-locale")).toBe("de");
    await browser.signIn();
    browser.drop("__Host-auth.access");
    const page = await visit("/de/orders");
    expect(page.headers.get("x-middleware-request-x-next-intl-locale")).toBe("de");
    expect(Browser.forwardedCookies(page)).toContain("__Host-auth.access=");
    browser.take(page);
    expect(browser.names()).toContain("__Host-auth.access");
    expect((await visit("/auth/login")).headers.get("x-middleware-next")).toBe("1");
  });

  test("nonce is new at each request, and the same for Next and for the browser", async () => {
    const { browser, visit } = await openMiddleware("nonce-");
    const policiesOf = (response: Response) =>
      ["content-security-policy", "x-middleware-request-content-security-policy"].map((name) =>
        response.headers.get(name),
      );
    const [policy, forwarded] = policiesOf(await visit("/"));
    expect(policy).toMatch(/'nonce-[\w+/=]{20,}'/);
    expect(policy).toContain(`form-action 'self' ${pool.cognito.domain};`);
    expect(forwarded).toBe(policy);
    expect(policiesOf(await visit("/"))[0]).not.toBe(policy);
    expect(pathOf(await visit("/orders"))).toBe("/auth/login?returnTo=%2Forders");
    await browser.signIn();
    expect((await visit("/orders")).headers.get("x-middleware-next")).toBe("1");
  });

  /** A block's middleware, and a browser that visits it. */
  async function openMiddleware(text: string) {
    const browser = pool.browser(await pool.load());
    const exported = await load("guarding.md", text);
    return { browser, visit: (path: string) => respond(exported, "default", browser.request(path, TYPED)) };
  }
});

test("sessions.md's account is that of the signed-in user, by issuer and subject", async () => {
  const exported = await load("sessions.md", "requireAccount", await signedIn("ada"));
  const account = await call(exported, "requireAccount", "/welcome");
  const { sub } = pool.cognito.users.find(({ username }) => username === "ada") ?? {};
  expect(account).toMatchObject({ issuer: pool.cognito.issuer, subject: sub, email: "ada@example.com" });
  const closed = await load("sessions.md", "requireAccount", await signedIn("grace")); // db.ts says so.
  expect(await interruptionOf(call(closed, "requireAccount", "/welcome"))).toContain("code=sign_in_refused");
});

test("events.md's report sends a failure to the error log, and a sign-in to the log", async () => {
  const error = vi.spyOn(console, "error").mockReturnValue();
  const exported = await load("events.md", "export function report");
  await call(exported, "report", { type: "signed_in", path: "/auth/callback", subject: "x", isIdTokenDropped: false });
  expect([vi.mocked(console.info).mock.calls.length, error.mock.calls.length]).toEqual([1, 0]);
  await call(exported, "report", {
    type: "sign_in_failed",
    path: "/auth/callback",
    code: "grant_rejected",
    detail: "",
  });
  expect([vi.mocked(console.info).mock.calls.length, error.mock.calls.length]).toEqual([1, 1]);
});

test("performance.md's matcher leaves out /about and nothing else", async () => {
  const { config } = await load("performance.md", "matcher");
  const matches = (url: string) => doesMiddlewareMatch({ config: config as never, url });
  expect(["/about", "/_next/static/chunks/a.js", "/favicon.ico"].map(matches)).toEqual([false, false, false]);
  expect(["/", "/about/us", "/abouts", "/orders", "/u/jane.doe", "/api/me"].filter((url) => !matches(url))).toEqual([]);
});

test("the README's links for sign-in, sign-up and a provider start a sign-in that comes back", async () => {
  const kit = await pool.load();
  const [links] = blocks.filter(({ code }) => code.includes("screen=signup"));
  const paths = [...(links?.code ?? "").matchAll(/href="([^"]+)"/g)].map(([, path = ""]) => path);
  const targets = [];
  for (const path of paths) {
    const { pathname, searchParams } = new URL((await pool.browser(kit).login(path)).headers.get("location") ?? "");
    targets.push([pathname, searchParams.get("identity_provider")]);
  }
  expect(targets).toEqual([
    ["/oauth2/authorize", null],
    ["/signup", null],
    ["/oauth2/authorize", "Google"],
  ]);
  const browser = pool.browser(kit);
  expect(pathOf(await browser.signIn("ada", paths[0]))).toBe("/dashboard");
  expect((await browser.signOut(CLICKED)).status).toBe(303);
});
