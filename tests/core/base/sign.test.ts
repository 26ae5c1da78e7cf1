import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Browser, type Kit, pathOf, usePool } from "../../support/kit";

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

const isSignedIn = (response: Response) => response.headers.get("x-middleware-next") === "1";
const calls = () => pool.cognito.requests.filter(({ name }) => name === "token" || name === "revoke").length;
const refresh = () => browser.value("__Host-auth.refresh");
const setCookie = (name: string, value: string) =>
  browser.jar.set(name, { value, line: "", expiresAt: Number.POSITIVE_INFINITY });
const readFacts = (value: string) =>
  JSON.parse(Buffer.from(value.replace(/^[\w-]{43}~/, "").split(".", 1)[0] ?? "", "base64url").toString());

async function moveTo(env: Record<string, string>): Promise<void> {
  const next = pool.browser(await pool.load(env));
  for (const [name, cookie] of browser.jar) next.jar.set(name, cookie);
  [kit, browser] = [next.kit, next];
}

describe("without AUTH_SECRET, a client secret", () => {
  test("AT-13 a client secret signs the refresh cookie, so an edited end is rejected", async () => {
    const end = readFacts(refresh()).exp;
    const [, mac = "", token = ""] = /^([\w-]{43}~)[^.]*(\..*)$/.exec(refresh()) ?? [];
    const facts = Buffer.from(JSON.stringify({ ...readFacts(refresh()), exp: end + 1_000 })).toString("base64url");
    setCookie("__Host-auth.refresh", mac + facts + token);
    browser.drop("__Host-auth.access");
    expect(pathOf(await browser.visit("/dashboard"))).toBe("/auth/login?returnTo=%2Fdashboard");
    expect(calls()).toBe(0);
  });

  test("AT-13 CK-11 a value that is signed for one cookie is rejected in another", async () => {
    const rounds = await browser.login("/auth/login?returnTo=/x&prompt=login");
    expect(rounds.status).toBe(303);
    setCookie("__Host-auth.refresh", browser.value("__Host-auth.rounds"));
    browser.drop("__Host-auth.access");
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(false);
    setCookie("__Host-auth.rounds", refresh());
    expect((await browser.login()).status).toBe(303);
  });

  test("AT-13 the secret, id or issuer of another client signs no valid cookie", async () => {
    const text = "x.y";
    const { sign, readSigned } = kit.core.sign;
    const config = kit.config();
    const value = await sign(text, "refresh", config);
    expect(await readSigned(value, "refresh", config)).toBe(text);
    for (const change of [{ clientSecrets: ["other"] }, { clientId: "other" }, { issuer: "https://o.example" }]) {
      expect(await readSigned(value, "refresh", { ...config, ...change })).toBeNull();
    }
    expect(await readSigned(value, "ended", config)).toBeNull();
    expect(await readSigned(`A${value.slice(1)}`, "refresh", config)).toBe(value.startsWith("A") ? text : null);
  });

  test("CF-10 after AUTH_SECRET is set, signed cookies stay valid, and the next refresh seals them", async () => {
    await moveTo({ AUTH_SECRET: SECRET });
    expect(isSignedIn(await browser.visit("/dashboard"))).toBe(true);
    expect(refresh()).toMatch(/^eyJ[\w-]+\.\./);
  });
});
