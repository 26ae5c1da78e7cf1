// npm run sizes: what a session weighs in cookies, for each kind of user of the stand-in.

import { CookieJar } from "../../../lib/auth/core/http/cookie-jar";
import { writeSession } from "../../../lib/auth/core/session/session-cookies";
import { createAuthorizationRequest } from "../../../lib/auth/core/sign-in/authorization";
import { bindSignIn, verifyTokenResponse } from "../../../lib/auth/core/tokens/issued-tokens";
import { startCognito } from "../../cognito";
import { parseConfig } from "../../support/parse-config";

const clientId = "3a1b2c4d5e6f7g8h9i0jklmnop";
const cognito = await startCognito({ clients: [{ clientId, callbackUrls: ["https://a.example"], logoutUrls: [] }] });
const baseEnv = {
  COGNITO_ISSUER: cognito.issuer,
  COGNITO_DOMAIN: cognito.domain,
  COGNITO_CLIENT_ID: clientId,
  APP_BASE_URL: "https://app.example",
};

async function weigh(username: string, env: Record<string, string>): Promise<string> {
  const config = parseConfig({ ...baseEnv, ...env });
  const jar = new CookieJar(new Headers(), config);
  const nonce = "n".repeat(43);
  const issued = await cognito.issueTokens(username, clientId, { nonce });
  const response = { accessToken: issued.access_token, idToken: issued.id_token, refreshToken: issued.refresh_token };
  const tokens = await verifyTokenResponse(response, config);
  const state = { refreshToken: issued.refresh_token, signIn: bindSignIn(tokens, nonce), sessionEndsAt: Date.now() };
  try {
    const stored = await writeSession(jar, tokens, state, "signed_in");
    const note = stored.idToken === null ? ", without the ID token" : "";
    return `${jar.bytes.toLocaleString("en")} bytes in ${jar.changes.length} cookies${note}`;
  } catch (error) {
    return error instanceof Error ? `refused: ${error.message}` : "refused";
  }
}

async function weighTransaction(env: Record<string, string>): Promise<string> {
  const config = parseConfig({ ...baseEnv, ...env });
  const jar = new CookieJar(new Headers(), config);
  await createAuthorizationRequest(jar, "/dashboard", new URLSearchParams());
  return `${jar.bytes.toLocaleString("en")} bytes`;
}

const sealed = { AUTH_SECRET: "k".repeat(32) };
console.log("| user | cookies | sealed with `AUTH_SECRET` |\n|---|---|---|");
for (const { username, description } of cognito.users) {
  console.log(`| ${description ?? username} | ${await weigh(username, {})} | ${await weigh(username, sealed)} |`);
}
console.log(`| a sign-in on its way | ${await weighTransaction({})} | ${await weighTransaction(sealed)} |`);
await cognito.close();
