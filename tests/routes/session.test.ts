import { unstable_rethrow } from "next/navigation";
import { afterEach, describe, expect, test, vi } from "vitest";
import { usePool } from "../support/kit";

const pool = usePool();

// Outside Next, `headers()` has no request to read.
const sent = vi.hoisted(() => ({ headers: new Headers() }));
vi.mock("next/headers", () => ({ headers: async () => sent.headers }));

/** The door of pages and actions during a request with these headers. */
async function openDoor(headers: Record<string, string>, env: Record<string, string> = {}) {
  await pool.load(env);
  sent.headers = new Headers(headers);
  return import("@/lib/auth/session");
}

/** The headers of a signed-in user's request. */
async function signedIn(username = "ada"): Promise<Record<string, string>> {
  const { COGNITO_CLIENT_ID: clientId = "" } = pool.env;
  const claims = { origin_jti: crypto.randomUUID(), auth_time: Math.floor(Date.now() / 1000) };
  const access = await pool.cognito.accessTokenFor(username, { clientId, claims });
  const id = await pool.cognito.idTokenFor(username, { clientId, claims });
  return { cookie: `__Host-auth.access=${access}; __Host-auth.id=${id}` };
}

describe("in an outage", () => {
  afterEach(() => pool.cognito.clearFaults());

  test.each(["getSession", "getAccessToken", "getIdToken"] as const)(
    "AT-12 %s throws when the keys cannot be fetched, because the user is not signed out",
    async (getter) => {
      const door = await openDoor(await signedIn());
      pool.cognito.fault("jwks", { status: 500 });
      await expect(door[getter]()).rejects.toMatchObject({ name: "AuthError", code: "keys_unavailable", status: 503 });
      await expect(door[getter]()).rejects.toBeInstanceOf(door.AuthError);
    },
  );

  test("AT-12 during an outage requireSession redirects to the error page, which leads back to the page", async () => {
    const door = await openDoor(await signedIn());
    pool.cognito.fault("jwks", { status: 500 });
    expect(await interruptionOf(door.requireSession({ returnTo: "/notes" }))).toContain(
      "/auth/error?code=keys_unavailable&returnTo=%2Fnotes",
    );
  });
});

test("AT-12 the token getters return null only for a visitor", async () => {
  const visitor = await openDoor({});
  expect([await visitor.getSession(), await visitor.getAccessToken(), await visitor.getIdToken()]).toEqual([
    null,
    null,
    null,
  ]);
  const user = await openDoor(await signedIn());
  expect(await user.getAccessToken()).toMatch(/^eyJ/);
  expect(await user.getIdToken()).toMatch(/^eyJ/);
});

test("NX-01 requireSession sends a visitor to sign-in, and a user without the group to the error page", async () => {
  const visitor = await openDoor({});
  expect(await interruptionOf(visitor.requireSession({ returnTo: "/notes" }))).toContain(
    "/auth/login?returnTo=%2Fnotes",
  );
  const user = await openDoor(await signedIn("grace"));
  expect(await interruptionOf(user.requireSession({ groups: ["admins"], returnTo: "/notes" }))).toContain(
    "/auth/error?code=forbidden&returnTo=%2Fnotes",
  );
});

test("NX-01 with authInterrupts a user without the group gets Next's 403, and a visitor is sent to sign-in", async () => {
  vi.stubEnv("__NEXT_EXPERIMENTAL_AUTH_INTERRUPTS", "true");
  try {
    const user = await openDoor(await signedIn("grace"));
    expect(await interruptionOf(user.requireSession({ groups: ["admins"] }))).toBe("NEXT_HTTP_ERROR_FALLBACK;403");
    expect((await user.requireSession()).user.username).toBe("grace");
    const visitor = await openDoor({});
    expect(await interruptionOf(visitor.requireSession({ groups: ["admins"] }))).toContain("/auth/login");
  } finally {
    vi.unstubAllEnvs();
  }
});

/** The instruction to Next in an error's `digest`: a redirect or a 403 instead of a page. */
async function interruptionOf(page: Promise<unknown>): Promise<string> {
  const error: unknown = await page.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(() => unstable_rethrow(error)).toThrow(); // Next's own kind, which it does not report as a failure.
  return error instanceof Error && "digest" in error ? String(error.digest) : "";
}

test("CF-01 requireSession throws a configuration error, and does not treat the user as a visitor", async () => {
  const { requireSession } = await openDoor({}, { COGNITO_CLIENT_ID: "" });
  await expect(requireSession()).rejects.toMatchObject({ code: "config_invalid" });
});

test("CS-08 on a page, a machine's Bearer token is no session", async () => {
  const bearer = async (token: string) => (await openDoor({ authorization: `Bearer ${token}` })).getSession();
  expect(await bearer(await pool.cognito.machineToken("machine12345"))).toBeNull();
  expect(await bearer(await pool.cognito.accessTokenFor("ada", { clientId: "mobile12345" }))).toMatchObject({
    kind: "user",
    source: "bearer",
  });
});

describe("readAuthError", () => {
  const read = async (query: Record<string, string | string[] | undefined>, env: Record<string, string> = {}) =>
    (await openDoor({}, env)).readAuthError(Promise.resolve(query));

  test("RD-01 readAuthError returns a known code and a link back to the page", async () => {
    expect(await read({ code: "grant_rejected", returnTo: "/notes?q=1" })).toEqual({
      code: "grant_rejected",
      signInUrl: "/auth/login?returnTo=%2Fnotes%3Fq%3D1",
      startUrl: "/",
      signOutUrl: "/auth/logout",
      appUrl: "https://app.example",
    });
  });

  test("RD-29 readAuthError keeps the base path", async () => {
    expect(await read({ code: "forbidden" }, { APP_BASE_URL: "https://app.example/shop" })).toEqual({
      code: "forbidden",
      signInUrl: "/shop/auth/login?returnTo=%2Fshop",
      startUrl: "/shop",
      signOutUrl: "/shop/auth/logout",
      appUrl: "https://app.example/shop",
    });
  });

  test("NW-05 readAuthError names the listed address that the visitor opened, else the first one", async () => {
    const env = { APP_BASE_URL: "https://app.example, https://shop.example" };
    const appUrl = async (host: string) =>
      (await (await openDoor({ host }, env)).readAuthError(Promise.resolve({}))).appUrl;
    expect(await appUrl("shop.example")).toBe("https://shop.example");
    expect(await appUrl("evil.example")).toBe("https://app.example");
  });

  test.each([
    { code: "<script>", returnTo: "//evil.example" },
    { code: "constructor", returnTo: "https://evil.example/" },
    { code: ["forbidden", "forbidden"], returnTo: ["/notes", "/notes"] },
    { code: undefined, returnTo: "/auth/logout" },
  ])("RD-25 readAuthError returns no other part of the query: %o", async (query) => {
    expect(await read(query)).toEqual({
      code: null,
      signInUrl: "/auth/login?returnTo=%2F",
      startUrl: "/",
      signOutUrl: "/auth/logout",
      appUrl: "https://app.example",
    });
  });
});
