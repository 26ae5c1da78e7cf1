import { beforeAll, expect, test, vi } from "vitest";
import { type Kit, usePool } from "../support/kit";

const pool = usePool();
let kit: Kit;

beforeAll(async () => {
  vi.spyOn(console, "info").mockReturnValue();
});

/** The props of SessionWatch's client component. */
async function watch(prefix: string | undefined, subject: string | null) {
  kit = await pool.load({ AUTH_COOKIE_PREFIX: prefix });
  const { SessionWatch } = await import("@/lib/auth/session-watch");
  expect(kit.config().cookiePrefix).toContain(prefix ?? "auth");
  return SessionWatch({ subject }).props;
}

test("AT-04 two apps under one address, with different cookie prefixes, do not reload each other's tabs", async () => {
  const [one, other] = [await watch("shop", "a"), await watch("admin", "b")];
  expect(one.channel).not.toBe(other.channel);
  expect((await watch("shop", null)).channel).toBe(one.channel);
});

test("a page tells other tabs the user that it was rendered for", async () => {
  expect((await watch(undefined, "some-sub")).subject).toBe("some-sub");
  expect((await watch(undefined, null)).subject).toBeNull();
});
