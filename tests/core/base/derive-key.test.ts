import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { usePool } from "../../support/kit";

const pool = usePool();
beforeEach(() => void vi.spyOn(console, "info").mockReturnValue());
afterEach(() => void vi.restoreAllMocks());

test("CK-09 no code can export a derived key", async () => {
  const derive = vi.spyOn(crypto.subtle, "deriveKey");
  await pool.browser(await pool.load({ AUTH_SECRET: "a-secret-of-more-than-thirty-two-bytes" })).signIn();
  expect(derive).toHaveBeenCalled();
  for (const { value } of derive.mock.settledResults) expect(value).toMatchObject({ extractable: false });
});
