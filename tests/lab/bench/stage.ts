import type { AuthConfig } from "../../../lib/auth/core/base/config";
import { CookieJar } from "../../../lib/auth/core/http/cookie-jar";
import { writeSession } from "../../../lib/auth/core/session/session-cookies";
import { bindSignIn, verifyTokenResponse } from "../../../lib/auth/core/tokens/issued-tokens";
import { type Cognito, startCognito } from "../../cognito";
import { parseConfig } from "../../support/parse-config";

const CLIENT_ID = "3a1b2c4d5e6f7g8h9i0jklmnop";
const NONCE = "n".repeat(43);
const SESSION_S = 30 * 24 * 3600;

export const SECRET = "a-secret-of-more-than-thirty-two-bytes";

/** A stand-in for Cognito, and browsers' cookies as the kit writes them. */
export class Stage {
  readonly cognito: Cognito;
  readonly env: Readonly<Record<string, string>>;

  private constructor(cognito: Cognito) {
    this.cognito = cognito;
    this.env = {
      COGNITO_ISSUER: cognito.issuer,
      COGNITO_DOMAIN: cognito.domain,
      COGNITO_CLIENT_ID: CLIENT_ID,
    };
  }

  static async open(): Promise<Stage> {
    const client = { clientId: CLIENT_ID, callbackUrls: ["http://localhost/auth/callback"], logoutUrls: [] };
    return new Stage(await startCognito({ clients: [client] }));
  }

  /** With what an instance of the app would have in its environment. */
  config(env: Readonly<Record<string, string>> = {}): AuthConfig {
    return parseConfig({ APP_BASE_URL: "http://localhost:3000", ...this.env, ...env });
  }

  /** The Cookie header of somebody who has just signed in; with `isExpired`, of somebody back after an hour. */
  async signIn(config: AuthConfig, isExpired = false): Promise<string> {
    const issued = await this.cognito.issueTokens("ada", CLIENT_ID, { nonce: NONCE });
    const { access_token: accessToken, id_token: idToken, refresh_token: refreshToken } = issued;
    const tokens = await verifyTokenResponse({ accessToken, idToken, refreshToken }, config);
    const state = {
      refreshToken,
      signIn: bindSignIn(tokens, NONCE),
      sessionEndsAt: Math.floor(Date.now() / 1000) + SESSION_S,
    };
    const jar = new CookieJar(new Headers(), config);
    await writeSession(jar, tokens, state, "signed_in");
    if (isExpired) for (const { name } of jar.changes) if (!name.endsWith(".refresh")) jar.delete(name);
    return jar.applyToHeader("");
  }

  async signInMany(count: number, config: AuthConfig): Promise<readonly string[]> {
    const headers: string[] = [];
    while (headers.length < count) headers.push(await this.signIn(config));
    return headers;
  }
}
