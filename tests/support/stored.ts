import { setTimeout as delay } from "node:timers/promises";
import { vi } from "vitest";
import { type AuthConfig, parseConfigs } from "@/lib/auth/core/base/config";
import { createRecord, type SessionRecord } from "@/lib/auth/core/store/record";
import type { IssuedTokens } from "@/lib/auth/core/tokens/issued-tokens";

export const SECRET = "a-secret-of-more-than-thirty-two-bytes";
export const OTHER_SECRET = "another-secret-of-thirty-two-bytes-too";
/** A session's id. */
export const ID = "i".repeat(43);

const ENV = {
  COGNITO_ISSUER: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Abc123",
  COGNITO_DOMAIN: "https://auth.example.com",
  COGNITO_CLIENT_ID: "web1234567890abcdefghijkl",
  APP_BASE_URL: "https://app.example",
  AUTH_SECRET: SECRET,
};

export function configOf(env: Record<string, string> = {}): AuthConfig {
  return parseConfigs({ ...ENV, ...env })[0];
}

/** Tokens of a sign-in, which expire in an hour. Nothing verifies them. */
export function issue(name: string, refreshToken: string | null = `refresh-${name}`, sub = "ada"): IssuedTokens {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: ENV.COGNITO_ISSUER, sub, iat, exp: iat + 3_600, username: sub };
  return {
    accessToken: `access-${name}`,
    idToken: `id-${name}`,
    refreshToken,
    accessClaims: { ...claims, token_use: "access", client_id: ENV.COGNITO_CLIENT_ID },
    idClaims: { ...claims, token_use: "id", aud: ENV.COGNITO_CLIENT_ID },
  };
}

/** The facts of a sign-in whose session ends in 30 days. */
export function factsOf(sub = "ada") {
  const signIn = { iss: ENV.COGNITO_ISSUER, sub };
  return { signIn, sessionEndsAt: Math.floor(Date.now() / 1000) + 30 * 86_400 };
}

export function recordOf(name: string, refreshToken?: string | null): SessionRecord {
  return createRecord(issue(name, refreshToken), factsOf(), Date.now(), configOf());
}

/**
 * Moves stopped timers in steps of 50 ms until the promise settles, at most so many seconds. Each step has some real time
 * for cryptography; requests need more of it.
 */
export async function settle<T>(promise: Promise<T>, maxSeconds = 40, stepMs = 3): Promise<T> {
  let isSettled = false;
  const end = () => {
    isSettled = true;
  };
  promise.then(end, end);
  for (let steps = 0; !isSettled && steps < maxSeconds * 20; steps++) {
    await delay(stepMs);
    await vi.advanceTimersByTimeAsync(50);
  }
  if (!isSettled) throw new Error(`Not settled after ${maxSeconds} s`);
  return promise;
}
