import { signInByBrowser } from "./browser";
import { accessClaims, idClaims, machineClaims } from "./claims";
import type { Cognito, IssueOptions, SignInTokens } from "./cognito";
import { createControl } from "./control";
import { json } from "./http";
import { rotateKeys, signToken } from "./keys";
import { errorHtml } from "./pages";
import { createPool, findClient, findUser, grantedScopes, hasGrant, issuerOf, type Pool } from "./pool";
import { createIssuerRouter, domainRouter } from "./routes";
import { sampleUsers as users } from "./sample-users";
import { startServer } from "./server";
import { createSignIn, globalSignOut, newestRefreshToken, refreshTokenState, startSignIn } from "./sign-ins";
import { issueTokens } from "./tokens";
import type { AppClient, CognitoOptions, PoolUser, SignIn } from "./types";

export type { Cognito } from "./cognito";
export type {
  AppClient,
  CognitoOptions,
  EndpointName,
  Fault,
  PoolUser,
  RecordedRequest,
  RefreshTokenState,
  Settings,
  SignIn,
} from "./types";

export const sampleUsers: readonly PoolUser[] = users;

/** Starts both origins of a user pool; rejects with Node's error when a port is taken. */
export async function startCognito(options: CognitoOptions): Promise<Cognito> {
  const pool = await createPool(options);
  const host = options.host ?? "127.0.0.1";
  const origin = `http://${host.includes(":") ? `[${host}]` : host}`;
  let close = async () => {};
  const cognito = createCognito(pool, () => close());
  const domain = await startServer(
    pool,
    { host, port: options.domainPort ?? 0 },
    { router: domainRouter, notFound: errorHtml("Not found", 404) },
  );
  pool.domain = `${origin}:${domain.port}`;
  const unknown = "The server did not understand the operation that was requested.";
  const issuer = await startServer(
    pool,
    { host, port: options.issuerPort ?? 0 },
    {
      router: createIssuerRouter(pool, createControl(cognito)),
      notFound: json(400, { code: "BadRequest", message: unknown, type: "client" }),
    },
  ).catch(async (error: unknown) => {
    await domain.close();
    throw error;
  });
  pool.issuerOrigin = `${origin}:${issuer.port}`;
  close = async () => {
    await Promise.all([domain.close(), issuer.close()]);
  };
  return cognito;
}

function createCognito(pool: Pool, close: () => Promise<void>): Cognito {
  const { poolId, region, clients, users, settings, requests, signIns, keys } = pool;
  return {
    get issuer() {
      return issuerOf(pool);
    },
    get domain() {
      return pool.domain;
    },
    ...{ poolId, region, clients, users, settings, requests, signIns, keys, close },
    count: (endpoint, filter = () => true) =>
      requests.filter((request) => [request.name, request.endpoint].includes(endpoint) && filter(request)).length,
    clearRequests: () => void requests.splice(0),
    fault: (endpoint, fault, { times = Number.POSITIVE_INFINITY, match } = {}) =>
      void pool.faults.push({ endpoint, fault, left: times, match }),
    clearFaults: () => void pool.faults.splice(0),
    rotateKeys: ({ keepOld = true } = {}) => rotateKeys(keys, keepOld),
    signAccessToken: (claims, header) => signToken(keys.access, claims, header),
    signIdToken: (claims, header) => signToken(keys.id, claims, header),
    accessTokenFor: (username, { claims, ...overrides } = {}) =>
      signToken(keys.access, { ...accessClaims(pool, detachedSignIn(pool, username, overrides)), ...claims }),
    idTokenFor: (username, { claims, nonce, accessToken, ...overrides } = {}) => {
      const usual = idClaims(pool, detachedSignIn(pool, username, overrides), { nonce, accessToken });
      return signToken(keys.id, { ...usual, ...claims });
    },
    machineToken: (clientId, scope) => {
      const client = requireClient(pool, clientId);
      return signToken(keys.access, machineClaims(pool, client, requireScopes(client, scope)));
    },
    issueTokens: (username, clientId, issueOptions) => signInDirectly(pool, username, clientId, issueOptions),
    authorize: (authorizeUrl, username) => signInByBrowser(pool, authorizeUrl, username),
    refreshTokenState: (token) => refreshTokenState(pool, token),
    newestRefreshToken: (originJtiOrToken) => newestRefreshToken(pool, originJtiOrToken),
    globalSignOut: (username) => globalSignOut(pool, username),
  };
}

/** A sign-in that only lends its values to a token: no refresh token, not listed. */
function detachedSignIn(
  pool: Pool,
  username: string,
  { clientId, scope }: { clientId?: string | undefined; scope?: string | undefined },
): SignIn {
  const client = clientId === undefined ? pool.clients.find((item) => hasGrant(item, "code")) : undefined;
  const { clientId: id, scopes } = signInValues(client ?? requireClient(pool, clientId), scope);
  return createSignIn(pool, { username, clientId: id, scopes });
}

async function signInDirectly(
  pool: Pool,
  username: string,
  clientId: string,
  { nonce, scope, authTime }: IssueOptions = {},
): Promise<SignInTokens> {
  if (!findUser(pool, username)) throw new Error(`No user ${username} in the pool`);
  const values = signInValues(requireClient(pool, clientId), scope);
  const signIn = createSignIn(pool, { username, ...values, nonce, ...(authTime !== undefined && { authTime }) });
  const refreshToken = startSignIn(pool, signIn);
  const tokens = await issueTokens(pool, signIn, { refreshToken, next: null, nonce });
  return { id_token: "", ...tokens, refresh_token: refreshToken.token };
}

function signInValues(client: AppClient, scope: string | undefined): Pick<SignIn, "clientId" | "scopes"> {
  return { clientId: client.clientId, scopes: requireScopes(client, scope) };
}

function requireClient(pool: Pool, clientId: string | undefined): AppClient {
  const client = findClient(pool, clientId);
  if (!client) throw new Error(`No app client ${clientId} in the pool`);
  return client;
}

function requireScopes(client: AppClient, scope: string | undefined): string[] {
  const scopes = grantedScopes(client, scope);
  if (!scopes) throw new Error(`App client ${client.clientId} lacks a scope of "${scope}"`);
  return scopes;
}
