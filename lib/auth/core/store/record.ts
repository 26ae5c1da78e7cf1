// The record of a session in the store: encrypted, so that a copy of the store opens no session.
import { decode, encode } from "jose/base64url";
import type { AuthConfig } from "../base/config";
import { deriveKey } from "../base/derive-key";
import { fingerprint, sha256 } from "../base/hash";
import { asRecord, parseJson } from "../base/json";
import type { RefreshFacts } from "../session/refresh-cookie";
import type { IssuedTokens, SignIn } from "../tokens/issued-tokens";

/** The contents of a record. Times are in seconds since the epoch, if nothing else is said. */
export interface SessionRecord {
  readonly accessToken: string;
  readonly idToken: string | null;
  readonly refreshToken: string | null;
  readonly signIn: SignIn;
  /** When the access token expires. */
  readonly tokenExpiresAt: number;
  /** In milliseconds. */
  readonly startedAt: number;
  /** When these tokens arrived, in milliseconds. */
  readonly refreshedAt: number;
  /** Set at sign-in, never extended. */
  readonly sessionEndsAt: number;
  /** The end of the record: of the session, or of its idle time. */
  readonly expiresAt: number;
  /** The process that refreshes the session now, and until when the others wait for it. */
  readonly lease: { readonly holder: string; readonly until: number } | null;
}

const encoder = new TextEncoder();
const AES = { name: "AES-GCM", length: 256 };

/** Returns a record of new tokens. */
export function createRecord(
  { accessToken, idToken, refreshToken, accessClaims }: IssuedTokens,
  { signIn, sessionEndsAt }: Pick<RefreshFacts, "signIn" | "sessionEndsAt">,
  startedAt: number,
  { sessionIdle }: AuthConfig,
): SessionRecord {
  const idleEnd = refreshToken ? accessClaims.exp + (sessionIdle ?? Number.POSITIVE_INFINITY) : accessClaims.exp;
  const expiresAt = Math.floor(Math.min(sessionEndsAt, idleEnd));
  const times = { tokenExpiresAt: accessClaims.exp, startedAt, refreshedAt: Date.now(), sessionEndsAt, expiresAt };
  return { accessToken, idToken, refreshToken, signIn, ...times, lease: null };
}

/** Without a refresh token a session ends with its access token. */
export function endOf({ accessClaims }: IssuedTokens): Pick<RefreshFacts, "signIn" | "sessionEndsAt"> {
  return { signIn: accessClaims, sessionEndsAt: accessClaims.exp };
}

/** Returns the key of a record. The id in the cookie cannot be found from it. */
export async function recordKey(id: string, { issuer, clientId }: AuthConfig): Promise<string> {
  return `session.${await fingerprint(issuer, clientId)}.${encode(await sha256(id))}`;
}

/** Returns the id of a session that moves from cookies: the same on every server, and a secret. */
export async function movedId(refreshToken: string, { secrets, issuer, clientId }: AuthConfig): Promise<string> {
  const key = await deriveKey(secrets[0] ?? "", JSON.stringify(["moved session", issuer, clientId]), "HMAC");
  return encode(new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(refreshToken))));
}

/** Encrypts a record. The key comes from the id in the cookie and from AUTH_SECRET: one of them alone opens nothing. */
export async function encryptRecord(record: SessionRecord, id: string, config: AuthConfig): Promise<string> {
  const [secret = ""] = config.secrets;
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const text = encoder.encode(JSON.stringify(record));
  const bytes = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await keyFor(id, secret, config), text);
  return `${encode(iv)}.${encode(new Uint8Array(bytes))}`;
}

/** Returns the record, or null when it was changed, is of another session, or no secret opens it. */
export async function decryptRecord(value: string, id: string, config: AuthConfig): Promise<SessionRecord | null> {
  const [iv = "", bytes = ""] = value.split(".");
  for (const secret of config.secrets) {
    try {
      const parameters = { name: "AES-GCM", iv: Uint8Array.from(decode(iv)) };
      const key = await keyFor(id, secret, config);
      const text = await crypto.subtle.decrypt(parameters, key, Uint8Array.from(decode(bytes)));
      return readRecord(parseJson(new TextDecoder().decode(text)), config);
    } catch {
      // Another secret may fit.
    }
  }
  return null;
}

async function keyFor(id: string, secret: string, { issuer, clientId }: AuthConfig): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveKey"]);
  const info = encoder.encode(JSON.stringify(["stored session", issuer, clientId]));
  const parameters = { name: "HKDF", hash: "SHA-256", salt: encoder.encode(id), info };
  return crypto.subtle.deriveKey(parameters, base, AES, false, ["encrypt", "decrypt"]);
}

/** Checks the shape: another version of the kit can have written the record. */
function readRecord(value: unknown, { issuer }: AuthConfig): SessionRecord | null {
  const { accessToken, idToken, refreshToken, signIn, lease, ...times } = asRecord(value);
  const { tokenExpiresAt, startedAt, refreshedAt, sessionEndsAt, expiresAt } = times;
  const { iss, sub, ...facts } = asRecord(signIn);
  const { holder, until } = asRecord(lease);
  if (typeof accessToken !== "string" || !isTextOrNull(idToken) || !isTextOrNull(refreshToken)) return null;
  if (iss !== issuer || typeof sub !== "string") return null;
  const numbers = [tokenExpiresAt, startedAt, refreshedAt, sessionEndsAt, expiresAt];
  if (!numbers.every((it) => typeof it === "number")) return null;
  return {
    accessToken,
    idToken,
    refreshToken,
    signIn: { ...facts, iss: issuer, sub },
    tokenExpiresAt: Number(tokenExpiresAt),
    startedAt: Number(startedAt),
    refreshedAt: Number(refreshedAt),
    sessionEndsAt: Number(sessionEndsAt),
    expiresAt: Number(expiresAt),
    lease: typeof holder === "string" && typeof until === "number" ? { holder, until } : null,
  };
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}
