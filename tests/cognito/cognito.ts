import type { PoolKeys } from "./keys";
import type {
  AppClient,
  Claims,
  EndpointName,
  Fault,
  FaultOptions,
  PoolUser,
  RecordedRequest,
  RefreshTokenState,
  Settings,
  SignIn,
} from "./types";

export interface SignInTokens {
  access_token: string;
  /** Empty without the openid scope. */
  id_token: string;
  refresh_token: string;
  token_type: string;
  expires_in: number;
}

export interface Cognito {
  readonly issuer: string;
  readonly domain: string;
  readonly poolId: string;
  readonly region: string;
  readonly clients: AppClient[];
  readonly users: PoolUser[];
  readonly settings: Settings;
  readonly requests: RecordedRequest[];
  /** By short name (`"token"`) or by path (`"/oauth2/token"`). */
  count(endpoint: string, filter?: (request: RecordedRequest) => boolean): number;
  clearRequests(): void;
  fault(endpoint: EndpointName, fault: Fault, options?: FaultOptions): void;
  clearFaults(): void;
  readonly keys: PoolKeys;
  rotateKeys(options?: { keepOld?: boolean | undefined }): Promise<void>;
  signAccessToken(claims: unknown, header?: Claims): Promise<string>;
  signIdToken(claims: unknown, header?: Claims): Promise<string>;
  accessTokenFor(username: string, overrides?: TokenOverrides): Promise<string>;
  idTokenFor(username: string, overrides?: IdTokenOverrides): Promise<string>;
  machineToken(clientId: string, scope?: string): Promise<string>;
  issueTokens(username: string, clientId: string, options?: IssueOptions): Promise<SignInTokens>;
  authorize(authorizeUrl: string, username: string): Promise<string>;
  refreshTokenState(token: string): RefreshTokenState;
  newestRefreshToken(originJtiOrToken: string): string | null;
  readonly signIns: readonly SignIn[];
  globalSignOut(username: string): void;
  close(): Promise<void>;
}

export interface TokenOverrides {
  clientId?: string | undefined;
  scope?: string | undefined;
  /** Laid over the usual claims; undefined removes one. */
  claims?: Claims | undefined;
}

interface IdTokenOverrides extends TokenOverrides {
  nonce?: string | undefined;
  /** The token that at_hash is made from. */
  accessToken?: string | undefined;
}

export interface IssueOptions {
  nonce?: string | undefined;
  scope?: string | undefined;
  /** Seconds. */
  authTime?: number | undefined;
}
