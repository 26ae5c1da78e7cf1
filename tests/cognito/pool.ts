import { createKeys, type PoolKeys } from "./keys";
import { sampleUsers } from "./sample-users";
import type {
  AppClient,
  CognitoOptions,
  EndpointName,
  Fault,
  FaultOptions,
  PoolUser,
  RecordedRequest,
  RefreshToken,
  Settings,
  SignIn,
} from "./types";

interface CodeGrant {
  clientId: string;
  redirectUri: string;
  username: string;
  scopes: string[];
  nonce: string | undefined;
  resource: string | undefined;
  challenge: string | undefined;
  authTime: number;
  expiresAt: number;
}

export interface BrowserSession {
  username: string;
  authTime: number;
  expiresAt: number;
}

export interface PendingFault {
  endpoint: EndpointName;
  fault: Fault;
  left: number;
  match: FaultOptions["match"];
}

/** The issue of one access token: what revocation looks up at userInfo. */
interface Issue {
  signIn: SignIn;
  refreshToken: RefreshToken | undefined;
}

/** Everything the endpoints know and change. */
export interface Pool {
  poolId: string;
  region: string;
  issuerOrigin: string;
  domain: string;
  clients: AppClient[];
  users: PoolUser[];
  settings: Settings;
  keys: PoolKeys;
  codes: Map<string, CodeGrant>;
  browserSessions: Map<string, BrowserSession>;
  signIns: SignIn[];
  refreshTokens: Map<string, { signIn: SignIn; entry: RefreshToken }>;
  issues: Map<string, Issue>;
  /** Seconds, by username. */
  signedOutAt: Map<string, number>;
  faults: PendingFault[];
  requests: RecordedRequest[];
}

const DAY_SECONDS = 86_400;

const defaultSettings: Settings = {
  issuerForm: "original",
  accessTokenSeconds: 3600,
  idTokenSeconds: 3600,
  refreshTokenSeconds: 30 * DAY_SECONDS,
  codeSeconds: 300,
  ssoSeconds: 3600,
  ssoAuthTime: "first",
  prompt: "honored",
  maxAge: "honored",
  clockSkewSeconds: 0,
  rotation: false,
  graceSeconds: 0,
  graceReuse: "same",
  reuseRevokesFamily: false,
  revokeFamily: true,
  originJti: true,
  atHash: true,
  refreshNonce: "absent",
  basicFormDecoding: false,
  errorState: true,
  federationError: "",
  triggerError: "",
  accessClaims: {},
  idClaims: {},
};

export async function createPool(options: CognitoOptions): Promise<Pool> {
  const region = options.region ?? "eu-central-1";
  const issuerForm = options.issuerForm ?? defaultSettings.issuerForm;
  return {
    poolId: options.poolId ?? `${region}_Sample01`,
    region,
    issuerOrigin: "",
    domain: "",
    clients: options.clients,
    users: options.users ?? structuredClone([...sampleUsers]),
    settings: { ...structuredClone(defaultSettings), issuerForm, ...options.settings },
    keys: await createKeys(),
    codes: new Map(),
    browserSessions: new Map(),
    signIns: [],
    refreshTokens: new Map(),
    issues: new Map(),
    signedOutAt: new Map(),
    faults: [],
    requests: [],
  };
}

/** On AWS the two forms differ in the host (`issuer-cognito-idp.`), here in the path. */
export function issuerPath(pool: Pool, form: Settings["issuerForm"]): string {
  return form === "updated" ? `/issuer/${pool.poolId}` : `/${pool.poolId}`;
}

export function issuerOf(pool: Pool, form = pool.settings.issuerForm): string {
  return pool.issuerOrigin + issuerPath(pool, form);
}

export function findClient(pool: Pool, clientId: string | undefined): AppClient | undefined {
  return pool.clients.find((client) => client.clientId === clientId);
}

export function findUser(pool: Pool, username: string | undefined): PoolUser | undefined {
  return pool.users.find((user) => user.username === username);
}

/** A user who may sign in, refresh and ask userInfo. */
export function findActiveUser(pool: Pool, username: string | undefined): PoolUser | undefined {
  const user = findUser(pool, username);
  return user?.disabled ? undefined : user;
}

const standardScopes = ["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"];

export function hasGrant(client: AppClient, grant: "code" | "client_credentials" | "refresh_token"): boolean {
  return (client.grants ?? ["code", "refresh_token"]).includes(grant);
}

function scopesOf(client: AppClient): string[] {
  return client.scopes ?? (hasGrant(client, "client_credentials") ? [] : standardScopes);
}

/** The scopes asked for, all of the client's when none is named, or null when one is not the client's. */
export function grantedScopes(client: AppClient, scope: string | undefined): string[] | null {
  const allowed = scopesOf(client);
  const asked = (scope ?? "").split(" ").filter(Boolean);
  if (asked.length === 0) return allowed;
  return asked.every((item) => allowed.includes(item)) ? asked : null;
}
