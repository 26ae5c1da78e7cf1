import { CompactEncrypt } from "jose";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, type Kit, usePool } from "../../support/kit";
import { shortenPauses } from "../../support/time";

const pool = usePool({ settings: { accessTokenSeconds: 3_600, rotation: true } });
const SECRET = "a-secret-of-more-than-thirty-two-bytes";

let kit: Kit;
let browser: Browser;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "info").mockReturnValue();
  pool.cognito.clearFaults();
  kit = await pool.load();
  browser = pool.browser(kit);
  await browser.signIn();
  pool.cognito.clearRequests();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const isSignedIn = (response: Response) => response.headers.get("x-middleware-next") === "1";
const calls = () => pool.cognito.requests.filter(({ name }) => name === "token" || name === "revoke").length;
const refresh = () => browser.value("__Host-auth.refresh");
const setCookie = (name: string, value: string) =>
  browser.jar.set(name, { value, line: "", expiresAt: Number.POSITIVE_INFINITY });
const readFacts = (value: string) =>
  JSON.parse(Buffer.from(value.replace(/^[\w-]{43}~/, "").split(".", 1)[0] ?? "", "base64url").toString());

/** Replaces the refresh cookie by one of version 0.1.0: `<facts>.<refresh token>`, without a signature. */
function unsign(change: object = {}): void {
  const [facts = "", ...token] = refresh()
    .replace(/^[\w-]{43}~/, "")
    .split(".");
  const changed = { ...JSON.parse(Buffer.from(facts, "base64url").toString()), ...change };
  setCookie("__Host-auth.refresh", [Buffer.from(JSON.stringify(changed)).toString("base64url"), ...token].join("."));
}

async function moveTo(env: Record<string, string>): Promise<void> {
  const next = pool.browser(await pool.load(env));
  for (const [name, cookie] of browser.jar) next.jar.set(name, cookie);
  [kit, browser] = [next.kit, next];
}

describe("NW-12 a session of version 0.1.0", () => {
  test("a session with its access cookie is refreshed once, and its refresh cookie is signed", async () => {
    unsign();
    for (let i = 0; i < 3; i++) expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    expect(refresh()).toMatch(/^[\w-]{43}~/);
    expect(calls()).toBe(1);
    pass(3_700);
    browser.drop("__Host-auth.access");
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
  });

  test("AT-06 the kit signs only tokens that Cognito accepts, and bounds calls with made-up tokens", async () => {
    shortenPauses();
    const cookies = browser.cookieHeader;
    unsign();
    const facts = refresh().split(".", 1)[0];
    const visits = Array.from({ length: 40 }, async (_, i) => {
      const visitor = pool.browser(kit);
      for (const [name, cookie] of browser.jar) visitor.jar.set(name, cookie);
      setCookieOf(visitor, `${facts}.made-up-${i}`);
      await visitor.visit("/dashboard");
      return visitor.value("__Host-auth.refresh");
    });
    expect((await Promise.all(visits)).filter((value) => value.includes("~"))).toEqual([]);
    expect(calls()).toBe(30);
    expect(cookies).toContain("~");
  });

  test("a session stays unchanged during an outage of Cognito", async () => {
    unsign();
    const names = browser.cookieHeader;
    pool.cognito.fault("token", { status: 500 });
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    expect(browser.cookieHeader).toBe(names);
  });

  test("a session whose access token is about to expire is refreshed", async () => {
    unsign();
    pass(3_570);
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    expect(refresh()).toMatch(/^[\w-]{43}~/);
    expect(calls()).toBe(1);
  });

  test.each([
    ["whose access cookie is gone", () => browser.drop("__Host-auth.access")],
    ["with another user's facts", () => unsign({ sub: "somebody-else" })],
    ["with another sign-in's origin_jti", () => unsign({ origin_jti: "another" })],
    ["whose facts have no origin_jti", () => unsign({ origin_jti: undefined })],
  ])("a session %s needs a new sign-in, and causes no call", async (_what, change) => {
    unsign();
    change();
    await browser.visit("/dashboard");
    expect(refresh()).not.toMatch(/^[\w-]{43}~/);
    browser.drop("__Host-auth.access");
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(false);
    expect(calls()).toBe(0);
  });

  test("AT-13 a session with an edited end ends when a sign-in at its auth_time would end", async () => {
    const { exp } = readFacts(refresh());
    unsign({ exp: exp + 10_000_000 });
    await browser.visit("/dashboard");
    expect(readFacts(refresh()).exp).toBeLessThanOrEqual(exp);
    const earlier = exp - 1_000;
    unsign({ exp: earlier });
    await browser.visit("/dashboard");
    expect(readFacts(refresh()).exp).toBe(earlier);
  });

  test("LO-03 sign-out revokes the refresh token of a session", async () => {
    unsign();
    await browser.signOut();
    expect(pool.cognito.count("revoke")).toBe(1);
    expect(
      pool.cognito.signIns.at(-1)?.refreshTokens.map(({ token }) => pool.cognito.refreshTokenState(token)),
    ).toEqual(["revoked"]);
  });

  test("CK-15 a session in the .ended list is signed out, and a new sign-in is not", async () => {
    const { fingerprint } = kit.core.hash;
    const key = await fingerprint(readFacts(refresh()).origin_jti);
    setCookie("__Host-auth.ended", `${key}.${Math.floor(Date.now() / 1000) + 600}`);
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(false);
    await browser.signIn();
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
  });

  test("a session with sealed cookies stays valid", async () => {
    await moveTo({ AUTH_SECRET: SECRET });
    unsign();
    setCookie("__Host-auth.refresh", await sealAsBefore(refresh(), "refresh", SECRET));
    browser.drop("__Host-auth.access");
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
  });
});

/** Seals a value as version 0.1 did: the key depends on the secret and the purpose alone. */
async function sealAsBefore(text: string, purpose: string, secret: string): Promise<string> {
  const base = await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), "HKDF", false, ["deriveBits"]);
  const info = new TextEncoder().encode(`cookie ${purpose}`);
  const bits = await crypto.subtle.deriveBits(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info },
    base,
    256,
  );
  return new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .encrypt(new Uint8Array(bits));
}

function setCookieOf(visitor: Browser, value: string): void {
  visitor.jar.set("__Host-auth.refresh", { value, line: "", expiresAt: Number.POSITIVE_INFINITY });
}
