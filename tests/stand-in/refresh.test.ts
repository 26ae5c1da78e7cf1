import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { RefreshTokenState } from "../cognito/index";
import { claimsOf, cognito, publicClient, refresh, refreshed, tokensFor, useStandIn } from "./client";

useStandIn();

describe("refresh", () => {
  test("a refresh token is opaque: five base64url parts, about 1,800 characters, a JWE's header", async () => {
    const { refresh_token: token = "" } = await tokensFor();
    expect(token).toMatch(/^[\w-]+(\.[\w-]+){4}$/);
    expect(token.length).toBeGreaterThan(1750);
    expect(token.length).toBeLessThan(1850);
    const header = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());
    expect(header).toEqual({ cty: "JWT", enc: "A256GCM", alg: "RSA-OAEP" });
  });

  test("without rotation no refresh token comes back and the old one keeps working", async () => {
    const { refresh_token: token = "" } = await tokensFor();
    expect(Object.keys(await refreshed(token)).sort()).toEqual([
      "access_token",
      "expires_in",
      "id_token",
      "token_type",
    ]);
    expect(cognito.refreshTokenState(token)).toBe<RefreshTokenState>("valid");
    await refreshed(token);
  });

  test("a refresh keeps auth_time and origin_jti, and changes jti and the groups", async () => {
    const signedInAt = Math.floor(Date.now() / 1000) - 1000;
    const first = await cognito.issueTokens("grace", publicClient, { authTime: signedInAt });
    const grace = cognito.users.find((user) => user.username === "grace");
    Object.assign(grace ?? {}, { groups: ["editors"] });
    const second = await refreshed(first.refresh_token);
    Object.assign(grace ?? {}, { groups: undefined });
    const before = claimsOf(first.access_token);
    const after = claimsOf(second.access_token);
    expect([after.auth_time, after.origin_jti]).toEqual([signedInAt, before.origin_jti]);
    expect(after.jti).not.toBe(before.jti);
    expect(before).not.toHaveProperty("cognito:groups");
    expect(after["cognito:groups"]).toEqual(["editors"]);
  });

  test("the nonce of a refreshed ID token is absent, or the same", async () => {
    const { refresh_token: token = "" } = await tokensFor();
    expect(claimsOf((await refreshed(token)).id_token)).not.toHaveProperty("nonce");
    cognito.settings.refreshNonce = "same";
    expect(claimsOf((await refreshed(token)).id_token).nonce).toBe("nonce-1");
  });

  test("rotation returns a new refresh token and, with no grace, ends the old one", async () => {
    cognito.settings.rotation = true;
    const { refresh_token: first = "" } = await tokensFor();
    const { refresh_token: second = "" } = await refreshed(first);
    expect(second).not.toBe(first);
    expect(cognito.refreshTokenState(first)).toBe<RefreshTokenState>("rotated");
    expect(await (await refresh(first)).json()).toEqual({ error: "invalid_grant" });
    expect(cognito.newestRefreshToken(first)).toBe(second);
    await refreshed(second);
  });

  test("reuse after the grace period can end the whole sign-in", async () => {
    Object.assign(cognito.settings, { rotation: true, reuseRevokesFamily: true });
    const { refresh_token: first = "" } = await tokensFor();
    const { refresh_token: second = "" } = await refreshed(first);
    await refresh(first);
    expect(cognito.refreshTokenState(second)).toBe<RefreshTokenState>("revoked");
  });

  test("without a grace period, exactly one of three concurrent requests succeeds", async () => {
    cognito.settings.rotation = true;
    const { refresh_token: token = "" } = await tokensFor();
    const answers = await Promise.all([refresh(token), refresh(token), refresh(token)]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 400, 400]);
  });

  test.each(["same", "another"] as const)(
    "a second use in the grace period returns %s refresh token",
    async (graceReuse) => {
      Object.assign(cognito.settings, { rotation: true, graceSeconds: 60, graceReuse });
      const { refresh_token: first = "" } = await tokensFor();
      const { refresh_token: second = "" } = await refreshed(first);
      expect(cognito.refreshTokenState(first)).toBe<RefreshTokenState>("rotated-in-grace");
      const { refresh_token: third = "" } = await refreshed(first);
      expect(third === second).toBe(graceReuse === "same");
      await refreshed(second);
      await refreshed(third);
    },
  );

  test("a rotated token inherits the remaining life of the first", async () => {
    cognito.settings.rotation = true;
    const day = 86_400_000;
    const signedInAt = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: signedInAt });
    onTestFinished(() => void vi.useRealTimers());
    const { refresh_token: first } = await cognito.issueTokens("ada", publicClient);
    vi.setSystemTime(signedInAt + 29 * day);
    const { refresh_token: second = "" } = await refreshed(first);
    expect(cognito.refreshTokenState(second)).toBe<RefreshTokenState>("valid");
    vi.setSystemTime(signedInAt + 30 * day);
    expect(cognito.refreshTokenState(second)).toBe<RefreshTokenState>("expired");
    expect(await (await refresh(second)).json()).toEqual({ error: "invalid_grant" });
  });

  test("another client's refresh token is invalid_grant", async () => {
    const { refresh_token: token } = await cognito.issueTokens("ada", "keeps");
    expect(await (await refresh(token)).json()).toEqual({ error: "invalid_grant" });
  });
});
