import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { usePool } from "../support/kit";

const REFRESH = "__Host-auth.refresh";
const pool = usePool({ client: { clientSecret: undefined } });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "info").mockReturnValue();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("AT-06 without secrets, made-up sign-outs cause thirty revocations a second, though Cognito confirms each", async () => {
  const kit = await pool.load();
  const browser = pool.browser(kit);
  await browser.signIn();
  const [facts] = browser.value(REFRESH).split(".", 1);
  pool.cognito.clearRequests();
  const signOuts = Array.from({ length: 60 }, (_, i) => {
    const visitor = pool.browser(kit);
    const value = `${facts}.made-up-${i}`;
    visitor.jar.set(REFRESH, { value, line: "", expiresAt: Number.POSITIVE_INFINITY });
    return visitor.signOut();
  });
  for (const { status } of await Promise.all(signOuts)) expect(status).toBe(303);
  expect(pool.cognito.count("revoke")).toBe(30);
  vi.setSystemTime(Date.now() + 1_000);
  await browser.signOut();
  expect(pool.cognito.count("revoke")).toBe(31);
});
