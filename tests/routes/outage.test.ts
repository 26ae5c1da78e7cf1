import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Browser, type Kit, usePool } from "../support/kit";

const pool = usePool({
  settings: { clockSkewSeconds: 0, accessTokenSeconds: 3_600, rotation: true, graceSeconds: 10 },
});
let kit: Kit;
let browser: Browser;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "info").mockReturnValue();
  kit = await pool.load();
  browser = pool.browser(kit);
  await browser.signIn();
});

afterEach(() => {
  pool.cognito.clearFaults();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

/** New keys sign the new tokens, and nobody can fetch them. */
async function loseKeys(): Promise<void> {
  later(3_700);
  await pool.cognito.rotateKeys();
  pool.cognito.fault("jwks", { status: 500 });
  pool.cognito.clearRequests();
}

test("RF-07 tokens that came while the keys were out of reach serve when they are back, after the grace period, too", async () => {
  await loseKeys();
  expect((await browser.visit("/dashboard")).status).toBe(503);
  later(5);
  expect((await browser.visit("/dashboard")).status).toBe(503);
  later(30); // The refresh token has been spent for longer than its grace period.
  pool.cognito.clearFaults();
  const answer = await browser.visit("/dashboard");
  expect(answer.headers.get("x-middleware-next")).toBe("1");
  expect(answer.headers.getSetCookie().some((line) => line.startsWith("__Host-auth.refresh="))).toBe(true);
  expect(pool.cognito.count("token")).toBe(1);
});

test("AT-07 a sign-out meanwhile: the tokens that came never serve", async () => {
  await loseKeys();
  const before = new Map(browser.jar);
  expect((await browser.visit("/dashboard")).status).toBe(503);
  await browser.signOut();
  pool.cognito.clearFaults();
  for (const [name, cookie] of before) browser.jar.set(name, cookie); // As when the sign-out's deletions were lost.
  later(3);
  expect((await browser.visit("/dashboard")).headers.get("x-middleware-next")).toBeNull();
  expect(pool.cognito.signIns.at(-1)?.refreshTokens.map(({ token }) => pool.cognito.refreshTokenState(token))).toEqual([
    "revoked",
    "revoked",
  ]);
});
