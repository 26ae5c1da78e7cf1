import { randomBytes, randomUUID } from "node:crypto";
import { exportJWK, generateKeyPair } from "jose";
import type { Context } from "oidc-provider";
import { sampleUsers } from "../../cognito/index";

export interface JudgeClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  readonly logoutUri: string;
}

export interface JudgeSettings {
  accessTokenSeconds: number;
}

const SCOPE = "openid email profile";
const RESOURCE = "https://api.example"; // Access tokens are JWTs when they are for a resource.

/** Strict where it can be: PKCE, rotation of refresh tokens, and a reused one ends the sign-in. */
export async function createConfiguration(client: JudgeClient, settings: JudgeSettings): Promise<object> {
  return {
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        token_endpoint_auth_method: "client_secret_post",
        grant_types: ["authorization_code", "refresh_token"],
        redirect_uris: [client.redirectUri],
        post_logout_redirect_uris: [client.logoutUri],
      },
    ],
    jwks: { keys: [await createSigningKey()] },
    cookies: { keys: [randomBytes(32).toString("hex")] },
    routes: {
      authorization: "/oauth2/authorize",
      token: "/oauth2/token",
      revocation: "/oauth2/revoke",
      userinfo: "/oauth2/userInfo",
      jwks: "/.well-known/jwks.json",
    },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    loadExistingGrant: grantEverything,
    interactions: { url: (_: Context, { uid }: { uid: string }) => `/interaction/${uid}` },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource: askToSignOut },
      resourceIndicators: describeResource(settings),
    },
    ...describeTokens(),
  };
}

async function createSigningKey(): Promise<object> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: "RS256", use: "sig", kid: randomUUID() };
}

/** What makes them Cognito's: `token_use` and `username`, and no `aud` in an access token. */
function describeTokens(): object {
  return {
    conformIdTokenClaims: false,
    claims: { openid: ["sub", "token_use", "cognito:username"], email: ["email", "email_verified"], profile: ["name"] },
    findAccount: (_: Context, sub: string) => ({ accountId: sub, claims: () => claimsOf(sub) }),
    extraTokenClaims: (_: Context, { accountId }: { accountId: string }) => ({
      token_use: "access",
      username: findUser(accountId)?.username,
    }),
    formats: {
      customizers: {
        jwt: (_: Context, __: object, { payload }: { payload: Record<string, unknown> }) => {
          payload.aud = { toJSON: () => undefined }; // It insists on one, so here is one that JSON leaves out.
        },
      },
    },
  };
}

function describeResource(settings: JudgeSettings): object {
  return {
    enabled: true,
    defaultResource: () => RESOURCE,
    useGrantedResource: () => true,
    getResourceServerInfo: () => ({
      scope: SCOPE,
      audience: RESOURCE,
      accessTokenFormat: "jwt",
      accessTokenTTL: settings.accessTokenSeconds,
      jwt: { sign: { alg: "RS256" } },
    }),
  };
}

/** Whoever signs in agrees to everything: Cognito has no consent page. */
async function grantEverything({ oidc }: Context): Promise<object> {
  const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope(SCOPE);
  grant.addResourceScope(RESOURCE, SCOPE);
  await grant.save();
  return grant;
}

/** It asks before it ends a session. `form` is its own HTML, with its own secret against forgery. */
function askToSignOut(context: { body: unknown }, form: string): void {
  context.body = `<!doctype html><title>Judge</title>${form}
<button form="op.logoutForm" name="logout" value="yes">End the session here, too</button>`;
}

function claimsOf(sub: string): object {
  const { username, email, emailVerified, name } = findUser(sub) ?? {};
  return { sub, token_use: "id", "cognito:username": username, email, email_verified: emailVerified, name };
}

function findUser(sub: string) {
  return sampleUsers.find((user) => user.sub === sub);
}
