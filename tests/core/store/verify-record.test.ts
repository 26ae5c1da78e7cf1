import { beforeEach, expect, test, vi } from "vitest";
import type { Authentication } from "@/lib/auth/core/session/authentication";
import { type Kit, usePool } from "../../support/kit";

const pool = usePool();
const NOBODY: Authentication = { status: "signed_out", error: null };
let kit: Kit;

beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  kit = await pool.load();
});

test("CF-07 the session of a record is an event for a request that had another token, and none for one that had it", async () => {
  const { verifyRecord } = await import("@/lib/auth/core/store/verify-record");
  const { clientId } = kit.config();
  const { access_token: accessToken, id_token: idToken = null } = await pool.cognito.issueTokens("ada", clientId);
  const auth = await verifyRecord({ accessToken, idToken }, NOBODY, kit.config());
  expect(auth).toMatchObject({ session: { user: { username: "ada" } }, events: [{ type: "refreshed" }] });
  expect((await verifyRecord({ accessToken, idToken }, auth, kit.config())).events).toEqual([]);
});

test("a record with a token that Cognito did not sign is no session", async () => {
  const { verifyRecord } = await import("@/lib/auth/core/store/verify-record");
  const record = { accessToken: "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.e30.c2ln", idToken: null };
  await expect(verifyRecord(record, NOBODY, kit.config())).rejects.toMatchObject({ name: "AuthError" });
});
