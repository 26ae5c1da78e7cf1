import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import { promisify } from "node:util";
import type { AuthConfig } from "../../../lib/auth/core/base/config";
import { CookieJar } from "../../../lib/auth/core/http/cookie-jar";
import { writeSession } from "../../../lib/auth/core/session/session-cookies";
import { verifyAccessToken, verifyIdToken } from "../../../lib/auth/core/tokens/verify";
import { parseConfig } from "../../support/parse-config";

export const POOL_ID = "eu-west-1_AbCdEfGhI";
export const CLIENT_ID = "3a1b2c4d5e6f7g8h9i0jklmnop";

const ISSUER = `https://cognito-idp.eu-west-1.amazonaws.com/${POOL_ID}`;
const KID = "K8mYq3Zr5vWx1aBcDeFgHiJkLmNoPqRsTuVwXyZ0123=";

const ACCESS_CLAIMS = {
  "cognito:groups": ["admins", "editors"],
  version: 2,
  client_id: CLIENT_ID,
  token_use: "access",
  scope: "openid email profile",
  username: "ada",
};
const ID_CLAIMS = {
  at_hash: "x".repeat(22),
  "cognito:groups": ["admins", "editors"],
  "cognito:username": "ada",
  nonce: "n".repeat(43),
  aud: CLIENT_ID,
  token_use: "id",
  email: "ada@example.com",
  email_verified: true,
  name: "Ada Lovelace",
};

const signAsync = promisify(sign);

/** The tokens of one user's session, signed here: the peers insist on an issuer of Amazon's. */
export interface Tokens {
  readonly accessToken: string;
  readonly idToken: string;
}

export class Samples {
  readonly publicKey: KeyObject;
  readonly jwks: { readonly keys: { kid: string; alg: "RS256"; use: "sig"; kty: "RSA"; n: string; e: string }[] };
  readonly #privateKey: KeyObject;

  constructor() {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    this.#privateKey = privateKey;
    this.publicKey = createPublicKey(privateKey);
    const { n = "", e = "" } = this.publicKey.export({ format: "jwk" });
    this.jwks = { keys: [{ kid: KID, alg: "RS256", use: "sig", kty: "RSA", n, e }] };
  }

  config(env: Readonly<Record<string, string>> = {}): AuthConfig {
    return parseConfig({
      COGNITO_ISSUER: ISSUER,
      COGNITO_DOMAIN: "https://auth.example.com",
      COGNITO_CLIENT_ID: CLIENT_ID,
      COGNITO_JWKS: JSON.stringify(this.jwks),
      APP_BASE_URL: "https://app.example",
      ...env,
    });
  }

  /** Claims as Cognito writes them; `padding` characters of groups make the access token longer. */
  async issue(padding = 0): Promise<Tokens> {
    const shared = createClaims();
    const groups = ["admins", "editors", ...(padding > 0 ? ["x".repeat(padding)] : [])];
    const [accessToken, idToken] = await Promise.all([
      this.#sign({ ...shared, ...ACCESS_CLAIMS, "cognito:groups": groups, jti: randomUUID() }),
      this.#sign({ ...shared, ...ID_CLAIMS, jti: randomUUID() }),
    ]);
    return { accessToken, idToken };
  }

  async issueAccessToken(): Promise<string> {
    return this.#sign({ ...createClaims(), ...ACCESS_CLAIMS, jti: randomUUID() });
  }

  async issueMany(count: number): Promise<readonly Tokens[]> {
    const issued: Tokens[] = [];
    while (issued.length < count) issued.push(...(await Promise.all(Array.from({ length: 100 }, () => this.issue()))));
    return issued.slice(0, count);
  }

  /** The Cookie header that the kit makes of them, without a refresh token. */
  async cookieHeader({ accessToken, idToken }: Tokens, config: AuthConfig): Promise<string> {
    const accessClaims = await verifyAccessToken(accessToken, config, [CLIENT_ID]);
    const idClaims = await verifyIdToken(idToken, config);
    const tokens = { accessToken, accessClaims, idToken, idClaims, refreshToken: null };
    const jar = new CookieJar(new Headers(), config);
    await writeSession(jar, tokens, null, "signed_in");
    return jar.applyToHeader("");
  }

  async #sign(claims: object): Promise<string> {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const input = `${encode({ kid: KID, alg: "RS256" })}.${encode(claims)}`;
    return `${input}.${(await signAsync("RSA-SHA256", Buffer.from(input), this.#privateKey)).toString("base64url")}`;
  }
}

function createClaims() {
  const iat = Math.floor(Date.now() / 1000);
  const [sub, originJti, eventId] = [randomUUID(), randomUUID(), randomUUID()];
  return { sub, iss: ISSUER, origin_jti: originJti, event_id: eventId, auth_time: iat, iat, exp: iat + 3600 };
}
