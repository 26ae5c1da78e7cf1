import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Kit, TYPED, usePool } from "../support/kit";

const pool = usePool();
let kit: Kit;

beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  kit = await pool.load();
});

afterEach(() => {
  pool.cognito.clearFaults();
  vi.restoreAllMocks();
});

const events = () => vi.mocked(console.info).mock.calls.map(([line]) => JSON.parse(String(line)).auth);
const signOuts = () => events().filter(({ type }) => type === "signed_out");

test("CF-07 LO-03 a sign-out is reported with the subject that the sign-in had, and as revoked when Cognito said so", async () => {
  const browser = pool.browser(kit);
  await browser.signIn();
  const { subject } = events().find(({ type }) => type === "signed_in");
  expect(subject).toMatch(/^[\w-]{16,}$/);
  await browser.signOut();
  expect(signOuts()).toEqual([{ type: "signed_out", path: "/auth/logout", subject, isRevoked: true }]);
});

test("CF-07 LO-03 a sign-out is reported as not revoked when Cognito does not answer, and the user is signed out", async () => {
  const browser = pool.browser(kit);
  await browser.signIn();
  pool.cognito.fault("revoke", { status: 503 });
  await browser.signOut();
  expect(signOuts()).toMatchObject([{ isRevoked: false }]);
  expect((await browser.visit("/dashboard", TYPED)).status).toBe(303);
});

test("CF-07 a sign-out without a session is reported without a subject, and as not revoked", async () => {
  pool.cognito.clearRequests();
  await pool.browser(kit).signOut();
  expect(signOuts()).toEqual([{ type: "signed_out", path: "/auth/logout", subject: null, isRevoked: false }]);
  expect(pool.cognito.count("revoke")).toBe(0);
});
