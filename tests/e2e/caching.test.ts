import { readdir, readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectPrivate } from "./support/expectations";
import { signIn, signOut } from "./support/flows";
import { DOCUMENT, FETCH, type RawResponse, raw } from "./support/raw";
import { openStage, type Stage } from "./support/stage";
import { variantFolder } from "./support/variants";

const SECRET = "a-client-secret-of-some-length-0123456789";

let stage: Stage;
const cookies: Record<string, string> = {};
beforeAll(async () => {
  stage = await openStage({ variant: "middleware", https: false, clientSecret: SECRET });
  for (const name of ["ada", "grace"]) {
    cookies[name] = await stage.cookieOf(name);
  }
});
afterAll(() => stage?.close());

/** A shared cache that keeps all that RFC 9111 lets it: by URL and Vary, never `private` or `no-store`. */
async function startSharedCache(
  origin: string,
): Promise<{ url: string; stored: Map<string, RawResponse>; server: Server }> {
  const stored = new Map<string, RawResponse>();
  const server = createServer(async (request, response) => {
    const key = request.url ?? "/";
    const hit = stored.get(key);
    const answer = hit ?? (await raw(origin + key, { headers: request.headers }));
    const control = answer.headers["cache-control"] ?? "";
    const isFresh = /s-maxage=\d|public|max-age=[1-9]/.test(control);
    if (!hit && isFresh && !/private|no-store/.test(control)) stored.set(key, answer);
    response.writeHead(answer.status, { ...answer.headers, "x-cache": hit ? "hit" : "miss" });
    response.end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stored, server };
}

describe("a shared cache in front", () => {
  const PAGES = [
    "/",
    "/dashboard",
    "/admin",
    "/vault",
    "/u/jane",
    "/pub",
    "/api/me",
    "/api/activities/home",
    "/auth/login",
    "/auth/error?code=forbidden",
  ];

  test("HD-01 HD-04 shows nobody what was made for another, and stores no cookie", async () => {
    const cache = await startSharedCache(stage.baseUrl);
    for (const round of ["ada", "grace", null, "ada"]) {
      for (const path of PAGES) {
        const headers = { ...DOCUMENT, ...(round && { cookie: cookies[round] }) };
        const direct = await raw(stage.baseUrl + path, { headers });
        const cached = await raw(cache.url + path, { headers });
        expect([path, cached.status, cached.headers.location]).toEqual([
          path,
          direct.status,
          direct.headers.location?.replace(/^.*oauth2.*$/, cached.headers.location ?? ""),
        ]);
        for (const other of ["ada", "grace"]) {
          if (other !== round) expect(cached.body).not.toMatch(new RegExp(`Hello, ${other}`, "i"));
        }
      }
    }
    expect([...cache.stored.values()].filter(({ setCookie }) => setCookie.length > 0)).toEqual([]);
    expect([...cache.stored.keys()]).toEqual(["/pub"]); // What is public and static is kept, as long as strangers ask.
    cache.server.close();
  });

  test.each(["/dashboard", "/vault", "/u/jane", "/pub"])(
    "HD-02 NX-18 %s is private for a member, static or not",
    async (path) => {
      expectPrivate(await raw(stage.baseUrl + path, { headers: { ...DOCUMENT, cookie: cookies.ada } }));
    },
  );

  test("HD-06 Vary tells Next's data from its pages", async () => {
    const { headers } = await raw(`${stage.baseUrl}/dashboard`, { headers: { ...DOCUMENT, cookie: cookies.ada } });
    expect(headers.vary?.toLowerCase()).toContain("rsc");
  });

  test.each(["/auth/login", "/auth/callback?state=x", "/auth/logout", "/auth/error?code=forbidden"])(
    "HD-08 AR-22 CB-17 %s may not be framed, sniffed or referred to",
    async (path) => {
      const { headers } = await raw(stage.baseUrl + path, { headers: DOCUMENT });
      expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["referrer-policy"]).toBe("no-referrer");
      expect(headers["cache-control"]).toBe("private, no-store");
    },
  );

  test("NX-19 NX-20 two users at once each see themselves", async () => {
    const names = Array.from({ length: 60 }, (_, i) => (i % 2 ? "ada" : "grace"));
    const answers = await Promise.all(
      names.map((name) => raw(`${stage.baseUrl}/api/me`, { headers: { ...FETCH, cookie: cookies[name] } })),
    );
    expect(answers.map(({ body }) => JSON.parse(body).username)).toEqual(names);
  });
});

describe("what must not come out", () => {
  test("CF-04 the client's JavaScript has no secret and no code of the kit's server side", async () => {
    const folder = join(variantFolder("middleware"), ".next/static");
    const files = (await readdir(folder, { recursive: true })).filter((file) => /\.(js|json|html)$/.test(file));
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) {
      const text = await readFile(join(folder, file), "utf8");
      expect(text).not.toMatch(/COGNITO_|AUTH_SECRET|client_secret|refresh_token|code_verifier/);
    }
  });

  test("CF-07 CF-08 each event is one line of JSON, with the user hashed", async () => {
    const page = await stage.newPage();
    await signIn(stage, page);
    await signOut(stage, page);
    await raw(`${stage.baseUrl}/auth/callback?error=x&error_description=%0d%0a{"at":"forged"}&state=%0a`, {
      headers: DOCUMENT,
    });
    const lines = stage.server
      .output()
      .split("\n")
      .filter((line) => line.includes('"auth"'));
    const events = lines.map((line) => JSON.parse(line).auth);
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(["signed_in", "signed_out", "sign_in_failed"]),
    );
    expect(stage.server.output()).not.toContain("forged");
    expect(lines.join()).not.toMatch(/ada|@/i);
    expect(events.find(({ type }) => type === "signed_in").subject).toMatch(/^[\w-]{22}$/);
  });

  test("HD-09 an error page has no stack and no token", async () => {
    const { status, body } = await raw(`${stage.baseUrl}/auth/error?code=token_response_invalid&returnTo=/x`, {
      headers: DOCUMENT,
    });
    expect([status, /at .*\(.*:\d+:\d+\)|eyJ/.test(body)]).toEqual([200, false]);
  });
});
