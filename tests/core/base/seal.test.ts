import { compactDecrypt } from "jose";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, ENDED, type Kit, ORIGIN, pathOf, TYPED, usePool } from "../../support/kit";

const OLD = "an-old-secret-of-32-bytes-or-more!!";
const NEW = "a-new-secret-of-32-bytes-or-more!!!";
const ACCESS = "__Host-auth.access";

const pool = usePool();

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
  pool.cognito.clearRequests();
});

afterEach(() => vi.restoreAllMocks());

async function signedIn(secrets: string | undefined, username = "ada") {
  const kit = await pool.load({ AUTH_SECRET: secrets });
  const browser = pool.browser(kit);
  await browser.signIn(username);
  return { kit, browser };
}

/** The user that a route finds in these cookies, and the status of middleware's answer. */
async function who(kit: Kit, cookie: string): Promise<{ user: string | null; page: number }> {
  const route = kit.api.withOptionalSession((_request: Request, it) => Response.json(it?.user.username ?? null));
  const answer = await route(new Request(ORIGIN, { headers: { cookie } }), null);
  const page = await kit.middleware.default(pool.browser(kit).request("/dashboard", { ...TYPED, cookie }));
  return { user: await answer.json(), page: page.status };
}

const ADA = { user: "ada", page: 200 };
const NOBODY = { user: null, page: 303 };

/** Opens a sealed value with HKDF and jose, independently of the kit. */
async function open(value: string, secret: string, purpose: string): Promise<string> {
  const base = await crypto.subtle.importKey("raw", Buffer.from(secret), "HKDF", false, ["deriveBits"]);
  const { issuer, clients } = pool.cognito;
  const info = Buffer.from(JSON.stringify(["sealed cookie", purpose, issuer, clients[0]?.clientId]));
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  const key = new Uint8Array(await crypto.subtle.deriveBits(hkdf, base, 256));
  const { plaintext, protectedHeader } = await compactDecrypt(value, key);
  expect(protectedHeader).toEqual({ alg: "dir", enc: "A256GCM" });
  return new TextDecoder().decode(plaintext);
}

/** A cookie's value, put together from its chunks. */
function joined({ jar }: Browser, name: string): string {
  const chunks = [...jar].filter(([other]) => other === name || /^\.\d$/.test(other.slice(name.length)));
  return chunks.map(([other, { value }]) => (other === name ? value : value.replace(/^\d+\.[\w-]+\./, ""))).join("");
}

/** Replaces one letter by another, so that significant bits change. */
function flip(value: string, at: number): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const letter = letters.charAt(letters.indexOf(value.charAt(at)) ^ 32) || "A";
  return value.slice(0, at) + letter + value.slice(at + 1);
}

describe("with AUTH_SECRET", () => {
  test("CK-09 every cookie is a JWE that the key of its purpose opens", async () => {
    const kit = await pool.load({ AUTH_SECRET: `${NEW},${OLD}` });
    const browser = pool.browser(kit);
    const login = await browser.login();
    const [transaction = ""] = browser.names().filter((name) => name.startsWith("__Host-auth.txn."));
    const location = new URL(login.headers.get("location") ?? "");
    const { codeVerifier, ...contents } = readJson(await open(browser.value(transaction), NEW, "txn"));
    expect(contents).toMatchObject({ nonce: location.searchParams.get("nonce"), returnTo: "/dashboard" });
    expect(codeVerifier).toMatch(/^[\w-]{43}$/);
    await browser.callback(await pool.cognito.authorize(location.href, "lin"));
    expect(browser.names()).toContain(`${ACCESS}.3`);
    expect(await open(joined(browser, ACCESS), NEW, "access")).toMatch(/^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{342}$/);
    await browser.signIn("ada", "/auth/login?returnTo=/x&prompt=login");
    expect(await open(joined(browser, "__Host-auth.id"), NEW, "id")).toMatch(/^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{342}$/);
    const [refreshToken] = pool.cognito.signIns.at(-1)?.refreshTokens ?? [];
    expect(await open(joined(browser, "__Host-auth.refresh"), NEW, "refresh")).toContain(refreshToken?.token);
    expect(await open(browser.value("__Host-auth.rounds"), NEW, "rounds")).toMatch(/./);
    await browser.signOut();
    expect(browser.names()).toEqual([expect.stringMatching(ENDED), expect.stringMatching(ENDED)]); // Two sign-ins.
    for (const name of browser.names()) expect(await open(browser.value(name), NEW, "ended")).toMatch(/./);
  });

  test("CK-09 a cookie shows no part of a token, and two cookies with the same contents differ", async () => {
    const { browser } = await signedIn(NEW);
    const before = browser.value("__Host-auth.refresh");
    const [refreshToken] = pool.cognito.signIns.at(-1)?.refreshTokens ?? [];
    const jwt = await open(browser.value(ACCESS), NEW, "access");
    for (const part of [...jwt.split("."), ...(refreshToken?.token.split(".") ?? [])]) {
      expect(browser.cookieHeader).not.toContain(part);
    }
    browser.drop(ACCESS);
    await browser.visit("/dashboard"); // Refreshes, with the same refresh token.
    expect(await open(browser.value("__Host-auth.refresh"), NEW, "refresh")).toContain(refreshToken?.token);
    const parts = [before, browser.value("__Host-auth.refresh")].map((value) => value.split("."));
    for (const at of [2, 3, 4]) expect(parts[0]?.at(at)).not.toBe(parts[1]?.at(at));
  });

  test("CK-09 a session cookie with one changed character signs nobody in", async () => {
    const { kit, browser } = await signedIn(NEW);
    const sealed = browser.value(ACCESS);
    expect(await who(kit, `${ACCESS}=${sealed}`)).toEqual(ADA);
    const verdicts = new Set<string>();
    for (let at = 0; at < sealed.length; at++) {
      const headers = new Headers({ cookie: `${ACCESS}=${flip(sealed, at)}` });
      verdicts.add((await kit.core.authenticate(headers, kit.config(), "due")).status);
    }
    expect([...verdicts]).toEqual(["signed_out"]);
  });

  test.each([
    ["cut short", (sealed: string) => sealed.slice(0, -4)],
    ["cut to its header", (sealed: string) => `${sealed.split(".", 1)[0]}....`],
    ["longer by a part", (sealed: string) => `${sealed}.AAAA`],
    ["with a key inside", (sealed: string) => sealed.replace("..", ".AAAA.")],
    ["of another algorithm", (sealed: string) => sealed.replace(/^[^.]+/, encode('{"alg":"dir","enc":"A128GCM"}'))],
    [
      "with a zip header",
      (sealed: string) => sealed.replace(/^[^.]+/, encode('{"alg":"dir","enc":"A256GCM","zip":"DEF"}')),
    ],
    ["that was encoded otherwise", (sealed: string) => sealed.replaceAll("-", "+").replaceAll("_", "/")],
    ["in percent signs", (sealed: string) => sealed.replaceAll(".", "%2e")],
  ])("CK-09 CK-18 a session cookie %s signs nobody in", async (_what, change) => {
    const { kit, browser } = await signedIn(NEW);
    expect(await who(kit, `${ACCESS}=${change(browser.value(ACCESS))}`)).toEqual(NOBODY);
  });

  test("CK-09 RF-09 a refresh cookie with a changed character causes no request to Cognito", async () => {
    const { kit, browser } = await signedIn(NEW);
    const sealed = browser.value("__Host-auth.refresh");
    pool.cognito.clearRequests();
    for (let at = 0; at < sealed.length; at += 37) {
      expect(await who(kit, `__Host-auth.refresh=${flip(sealed, at)}`)).toEqual(NOBODY);
    }
    expect(pool.cognito.requests).toEqual([]);
  });

  test("CK-09 AR-14 a transaction with a changed character is rejected without a token call", async () => {
    const browser = pool.browser(await pool.load({ AUTH_SECRET: NEW }));
    const login = await browser.login();
    const url = await pool.cognito.authorize(login.headers.get("location") ?? "", "ada");
    const [name = ""] = browser.names().filter((it) => it.startsWith("__Host-auth.txn."));
    const { value, ...cookie } = browser.jar.get(name) ?? { value: "", line: "", expiresAt: 0 };
    for (let at = 0; at < value.length; at += 7) {
      browser.jar.set(name, { ...cookie, value: flip(value, at) });
      expect(pathOf(await browser.callback(url))).toBe("/auth/error?code=transaction_missing");
    }
    expect(pool.cognito.count("token")).toBe(0);
    browser.jar.set(name, { ...cookie, value });
    expect(pathOf(await browser.callback(url))).toBe("/dashboard");
  });

  test("CK-09 a token that is not sealed signs nobody in", async () => {
    const { kit } = await signedIn(NEW);
    expect(await who(kit, `${ACCESS}=${await pool.cognito.accessTokenFor("ada")}`)).toEqual(NOBODY);
  });

  test("CK-09 without the secret, a sealed session means signed out and no error", async () => {
    const { browser } = await signedIn(NEW);
    expect(await who(await pool.load(), browser.cookieHeader)).toEqual(NOBODY);
  });

  describe("a value under the name of another cookie", () => {
    const KINDS = ["access", "id", "refresh", "rounds", "txn"];

    async function move() {
      const { kit, browser } = await signedIn(NEW);
      const login = await browser.login("/auth/login?returnTo=/x&prompt=login");
      const state = new URL(login.headers.get("location") ?? "").searchParams.get("state") ?? "";
      const nameOf = (kind: string) => `__Host-auth.${kind === "txn" ? `txn.${state.slice(0, 16)}` : kind}`;
      const moved = (to: string) =>
        KINDS.filter((from) => from !== to).map((from) => `${nameOf(to)}=${browser.value(nameOf(from))}`);
      pool.cognito.clearRequests();
      return { kit, browser, state, moved };
    }

    test.each(["access", "refresh"])("CK-11 the value of another cookie does not open as the %s cookie", async (to) => {
      const { kit, moved } = await move();
      for (const cookie of moved(to)) expect(await who(kit, cookie)).toEqual(NOBODY);
      expect(pool.cognito.requests).toEqual([]);
    });

    test("CK-11 CF-09 a value that was opened once does not open for another purpose or without its secret", async () => {
      const { seal, unseal } = (await pool.load()).core.seal;
      const config = { secrets: [NEW], issuer: "https://a.example", clientId: "a", tenant: null };
      const value = await seal("text", "spent", config);
      expect(await unseal(value, "spent", config)).toBe("text");
      expect(await unseal(value, "ended", config)).toBeNull();
      expect(await unseal(value, "spent", { ...config, secrets: [OLD] })).toBeNull();
      expect(await unseal(value, "spent", { ...config, issuer: "https://b.example" })).toBeNull();
      expect(await unseal(value, "spent", { ...config, clientId: "b" })).toBeNull();
      expect(await unseal(value, "spent", config)).toBe("text");
    });

    test("CK-11 the value of another cookie does not open as the ID cookie", async () => {
      const { kit, browser, moved } = await move();
      const route = kit.api.withSession((_request: Request, { idClaims }) => Response.json(idClaims));
      for (const other of moved("id")) {
        const headers = { cookie: `${ACCESS}=${browser.value(ACCESS)}; ${other}` };
        expect(await (await route(new Request(ORIGIN, { headers }), null)).json()).toBeNull();
      }
    });

    test("CK-11 the value of another cookie does not open as a transaction", async () => {
      const { kit, state, moved } = await move();
      for (const cookie of moved("txn")) {
        const request = pool.browser(kit).request(`/auth/callback?code=x&state=${state}`, { ...TYPED, cookie });
        expect(pathOf(await kit.callback.GET(request))).toBe("/auth/error?code=transaction_missing");
      }
      expect(pool.cognito.requests).toEqual([]);
    });

    test("CK-11 CB-01 one transaction cannot replace another", async () => {
      const { browser, state } = await move();
      await browser.login("/auth/login?returnTo=/y&prompt=login");
      const [first = "", second = ""] = browser.names().filter((name) => name.startsWith("__Host-auth.txn."));
      const own = first.endsWith(state.slice(0, 16)) ? first : second;
      const cookie = `${own}=${browser.value(own === first ? second : first)}`;
      const request = pool.browser(browser.kit).request(`/auth/callback?code=x&state=${state}`, { ...TYPED, cookie });
      expect(pathOf(await browser.kit.callback.GET(request))).toBe("/auth/error?code=transaction_missing");
    });
  });
});

describe("a new secret", () => {
  test("CF-09 a new secret opens old cookies only together with the old secret", async () => {
    const { browser } = await signedIn(OLD);
    const { cookieHeader } = browser;
    expect(await who(await pool.load({ AUTH_SECRET: `${NEW}, ${OLD}` }), cookieHeader)).toEqual(ADA);
    expect(await who(await pool.load({ AUTH_SECRET: `${OLD},${NEW}` }), cookieHeader)).toEqual(ADA);
    expect(await who(await pool.load({ AUTH_SECRET: NEW }), cookieHeader)).toEqual(NOBODY);
  });

  test("CF-09 a new secret seals all new cookies, and a session of the old secret needs no new sign-in", async () => {
    const { browser: before } = await signedIn(OLD);
    const browser = pool.browser(await pool.load({ AUTH_SECRET: `${NEW},${OLD}` }));
    for (const [name, cookie] of before.jar) browser.jar.set(name, cookie);
    browser.drop(ACCESS);
    expect((await browser.visit("/dashboard")).status).toBe(200);
    for (const kind of ["access", "id", "refresh"]) {
      expect(await open(browser.value(`__Host-auth.${kind}`), NEW, kind)).toMatch(/./);
    }
    expect(await who(await pool.load({ AUTH_SECRET: NEW }), browser.cookieHeader)).toEqual(ADA);
  });
});

function encode(text: string): string {
  return Buffer.from(text).toString("base64url");
}

function readJson(text: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(text, "base64url").toString());
}
