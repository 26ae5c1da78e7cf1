// Verifies tokens: RS256 signature and the claims that Cognito documents.
import { decode, encode } from "jose/base64url";
import { now } from "../base/clock";
import type { AuthConfig } from "../base/config";
import { AuthError } from "../base/errors";
import { sha256 } from "../base/hash";
import { asRecord, decodeJson } from "../base/json";
import type { VerificationKey } from "../base/jwks";
import { SecretCache } from "../base/secret-cache";
import type { AccessTokenClaims, IdTokenClaims, TokenClaims } from "./claims";
import { getKey } from "./keys";

interface Verified {
  readonly config: AuthConfig;
  readonly key: VerificationKey;
  readonly claims: Record<string, unknown>;
}

const MAX_TOKEN_CHARACTERS = 16 * 1024; // As much as Node reads of all headers together.
export const MAX_CLOCK_SKEW_S = 60; // This server's clock may be up to 60 s behind Cognito's.

const RS256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }; // RFC 7518 3.3

const verifiedTokens = new SecretCache<Verified>();
const importedKeys = new WeakMap<VerificationKey, CryptoKey>();

/**
 * Verifies an access token and returns its claims. It checks the RS256 signature, `iss`, `exp`, `nbf`, `iat`,
 * `token_use`, and that `client_id` is one of `clientIds` (Cognito, "Verifying JSON web tokens"; RFC 8725).
 *
 * Throws `token_expired`, `token_invalid`, or `keys_unavailable` when the keys to verify it are not available.
 */
export async function verifyAccessToken(
  token: string,
  config: AuthConfig,
  clientIds: readonly string[],
): Promise<AccessTokenClaims> {
  const claims = await verifyToken(token, config);
  if (!isForResource(claims, config.resource)) throw invalid("is for another resource");
  if (isAccessToken(claims) && clientIds.includes(claims.client_id)) return claims;
  throw invalid("is no access token of this client");
}

/** Verifies an ID token for this client and returns its claims (OpenID Connect Core 3.1.3.7). Throws as above. */
export async function verifyIdToken(token: string, config: AuthConfig): Promise<IdTokenClaims> {
  const claims = await verifyToken(token, config);
  const { azp = config.clientId } = claims;
  if (isIdToken(claims) && claims.aud === config.clientId && azp === config.clientId) return claims;
  throw invalid("is no ID token for this client");
}

/** Returns the key id of a token that is not verified. Throws `token_invalid` when it cannot be a token of Cognito. */
export function readKeyId(token: string): string {
  if (token.length > MAX_TOKEN_CHARACTERS || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) throw invalid("is no JWS");
  const [header = ""] = token.split(".", 1);
  const { alg, kid, crit, b64, zip } = asRecord(decodeJson(header));
  const isPlain = alg === "RS256" && [crit, b64, zip].every((it) => it === undefined);
  if (!isPlain || typeof kid !== "string") throw invalid("has an odd header");
  return kid;
}

/** Whether the ID token names this access token, or none (OpenID Connect Core 3.1.3.8). */
export async function matchesAtHash(idClaims: IdTokenClaims, accessToken: string): Promise<boolean> {
  const { at_hash: atHash } = idClaims;
  return atHash === undefined || atHash === encode((await sha256(accessToken)).subarray(0, 16));
}

/** Checks the issuer and the times at every use. Only the signature is remembered. */
async function verifyToken(token: string, config: AuthConfig): Promise<TokenClaims> {
  const claims = await verifiedClaims(token, config);
  if (!isComplete(claims) || claims.iss !== config.issuer) throw invalid("is incomplete or another issuer's");
  const { exp, iat, nbf = 0 } = claims;
  if (exp <= now()) throw new AuthError("token_expired", `The token expired ${Math.ceil(now() - exp)} s ago`);
  const wait = Math.max(iat, Number(nbf)) - now();
  if (wait > MAX_CLOCK_SKEW_S) throw invalid(`is valid in ${Math.ceil(wait)} s`);
  return claims;
}

/**
 * Returns the claims of a token with a valid signature. The cache finds it by its full text, while its key is in the
 * JWKS.
 */
async function verifiedClaims(token: string, config: AuthConfig): Promise<Record<string, unknown>> {
  const known = verifiedTokens.get(token);
  const key = known?.config === config ? await getKey(config, known.key.kid) : null;
  if (known && known.key === key) return known.claims;
  const verified = await parseAndVerify(token, config).catch((error: unknown) => {
    throw error instanceof AuthError ? error : invalid("has a bad signature");
  });
  verifiedTokens.set(token, verified);
  return verified.claims;
}

async function parseAndVerify(token: string, config: AuthConfig): Promise<Verified> {
  const key = await getKey(config, readKeyId(token));
  const [, payload = ""] = token.split(".");
  if (!(await hasSignatureOf(key, token))) throw invalid("has a bad signature");
  return { config, key, claims: asRecord(decodeJson(payload)) }; // Frozen: they serve many requests.
}

/**
 * Checks the signature (RFC 7515 5.2) with RS256, the only algorithm that Cognito uses. The code uses Web Crypto,
 * because jose's code for twenty algorithms would be a quarter of what middleware adds to the edge bundle. Tests
 * compare the results with those of aws-jwt-verify, and check that no token passes whose signature jose rejects.
 */
async function hasSignatureOf(key: VerificationKey, token: string): Promise<boolean> {
  const end = token.lastIndexOf(".");
  const signature = Uint8Array.from(decode(token.slice(end + 1)));
  const signed = new TextEncoder().encode(token.slice(0, end));
  return crypto.subtle.verify(RS256.name, await importKey(key), signature, signed);
}

async function importKey(key: VerificationKey): Promise<CryptoKey> {
  const known = importedKeys.get(key);
  if (known) return known;
  const { kty, alg, n, e } = key;
  const cryptoKey = await crypto.subtle.importKey("jwk", { kty, alg, n, e }, RS256, false, ["verify"]);
  importedKeys.set(key, cryptoKey);
  return cryptoKey;
}

function isComplete(claims: Record<string, unknown>): claims is Record<string, unknown> & TokenClaims {
  const { iss, sub, exp, iat, nbf = 0 } = claims;
  const isSubject = typeof sub === "string" && sub.length > 0 && sub.length <= 255; // OpenID Connect Core 2
  return typeof iss === "string" && isSubject && [exp, iat, nbf].every(Number.isFinite);
}

function isAccessToken(claims: TokenClaims): claims is AccessTokenClaims {
  return claims.token_use === "access" && typeof claims.client_id === "string";
}

/** A token without `aud` is not bound to a resource (RFC 8707). */
function isForResource({ aud }: TokenClaims, resource: string | null): boolean {
  return aud === undefined || resource === null || [aud].flat().includes(resource);
}

function isIdToken(claims: TokenClaims): claims is IdTokenClaims {
  return claims.token_use === "id" && typeof claims.aud === "string";
}

function invalid(reason: string): AuthError {
  return new AuthError("token_invalid", `The token ${reason}`);
}
