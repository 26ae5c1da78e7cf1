import { randomBytes, randomUUID } from "node:crypto";
import type { Pool } from "./pool";
import type { RefreshToken, RefreshTokenState, SignIn } from "./types";

/** A sign-in that no endpoint knows yet. */
export function createSignIn(
  pool: Pool,
  values: Pick<SignIn, "username" | "clientId" | "scopes"> & Partial<SignIn>,
): SignIn {
  const now = Date.now();
  return {
    originJti: randomUUID(),
    nonce: undefined,
    resource: undefined,
    authTime: Math.floor(now / 1000),
    expiresAt: now + pool.settings.refreshTokenSeconds * 1000,
    revoked: false,
    refreshTokens: [],
    ...values,
  };
}

/** Registers the sign-in, with its first refresh token. */
export function startSignIn(pool: Pool, signIn: SignIn): RefreshToken {
  pool.signIns.push(signIn);
  return addRefreshToken(pool, signIn);
}

function addRefreshToken(pool: Pool, signIn: SignIn): RefreshToken {
  const token = createOpaqueToken();
  const entry = { token, createdAt: Date.now(), rotatedAt: null, revoked: false, successor: null };
  signIn.refreshTokens.push(entry);
  pool.refreshTokens.set(token, { signIn, entry });
  return entry;
}

/** Looks like Cognito's JWE in compact form, about 1,800 characters, with noise inside. */
function createOpaqueToken(): string {
  const header = Buffer.from('{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}').toString("base64url");
  const encryptedKey = 256;
  const initVector = 12;
  const ciphertext = 1010;
  const tag = 16;
  const parts = [encryptedKey, initVector, ciphertext, tag].map((size) => randomBytes(size).toString("base64url"));
  return [header, ...parts].join(".");
}

export function refreshTokenState(pool: Pool, token: string): RefreshTokenState {
  const found = pool.refreshTokens.get(token);
  if (!found) return "unknown";
  const { signIn, entry } = found;
  if (signIn.revoked || entry.revoked) return "revoked";
  if (Date.now() >= signIn.expiresAt) return "expired";
  if (entry.rotatedAt === null) return "valid";
  const graceEnd = entry.rotatedAt + pool.settings.graceSeconds * 1000;
  return Date.now() < graceEnd ? "rotated-in-grace" : "rotated";
}

/**
 * Spends a refresh token. `next` is the one to hand out, if any. Nothing here waits, so that of two requests with
 * the same token exactly one is first.
 */
export function spendRefreshToken(
  pool: Pool,
  token: string,
): { entry: RefreshToken; next: RefreshToken | null } | null {
  const found = pool.refreshTokens.get(token);
  const state = refreshTokenState(pool, token);
  if (found && state === "rotated" && pool.settings.reuseRevokesFamily) found.signIn.revoked = true;
  if (!found || (state !== "valid" && state !== "rotated-in-grace")) return null;
  const { signIn, entry } = found;
  if (state === "valid" && !pool.settings.rotation) return { entry, next: null };
  const known = entry.successor === null ? undefined : pool.refreshTokens.get(entry.successor)?.entry;
  if (known && pool.settings.graceReuse === "same") return { entry, next: known };
  const next = addRefreshToken(pool, signIn);
  entry.rotatedAt ??= Date.now();
  entry.successor ??= next.token;
  return { entry, next };
}

export function revokeRefreshToken(pool: Pool, token: string): void {
  const found = pool.refreshTokens.get(token);
  if (!found) return;
  if (pool.settings.revokeFamily) found.signIn.revoked = true;
  else found.entry.revoked = true;
}

export function newestRefreshToken(pool: Pool, originJtiOrToken: string): string | null {
  const signIn =
    pool.refreshTokens.get(originJtiOrToken)?.signIn ??
    pool.signIns.find((candidate) => candidate.originJti === originJtiOrToken);
  return signIn?.refreshTokens.at(-1)?.token ?? null;
}

/** As GlobalSignOut does: refresh and userInfo end; signatures and the login page's cookie stay good. */
export function globalSignOut(pool: Pool, username: string): void {
  for (const signIn of pool.signIns) {
    if (signIn.username === username) signIn.revoked = true;
  }
  pool.signedOutAt.set(username, Math.floor(Date.now() / 1000));
}
