export type Claims = Record<string, unknown>;
export type Params = Record<string, string>;
type Edit = (value: Claims) => Claims;

export interface AppClient {
  clientId: string;
  clientSecret?: string | undefined;
  /** Cognito holds up to two secrets of one client at a time; any of them is accepted. */
  clientSecrets?: readonly string[] | undefined;
  callbackUrls: string[];
  logoutUrls: string[];
  /** Default: code and refresh_token. */
  grants?: ("code" | "client_credentials" | "refresh_token")[] | undefined;
  /** Default: the standard scopes; none for client_credentials. */
  scopes?: string[] | undefined;
  /** EnableTokenRevocation, on by default: off refuses /oauth2/revoke and, without rotation, drops origin_jti. */
  revocation?: boolean | undefined;
}

export interface PoolUser {
  username: string;
  password: string;
  sub: string;
  email?: string | undefined;
  emailVerified?: boolean | undefined;
  name?: string | undefined;
  groups?: string[] | undefined;
  /** cognito:roles; the first one is also cognito:preferred_role. */
  roles?: string[] | undefined;
  /** A federated user, named `Google_<subject>`, has no password of its own and only signs in through the provider. */
  provider?: "Google" | undefined;
  /** Anything else readable: custom:*, phone_number, picture … always strings. */
  attributes?: Record<string, string> | undefined;
  /** An administrator disabled the user: no sign-in, no refresh, no userInfo. */
  disabled?: boolean | undefined;
  /** One line for the login page. */
  description?: string | undefined;
}

export interface Settings {
  issuerForm: "original" | "updated";
  accessTokenSeconds: number;
  idTokenSeconds: number;
  refreshTokenSeconds: number;
  codeSeconds: number;
  /** Life of the login page's cookie; 0 means that every sign-in asks again. */
  ssoSeconds: number;
  /** What auth_time says after a silent sign-in by cookie (unconfirmed): the sign-in with a password, or this one. */
  ssoAuthTime: "first" | "now";
  /** Whether an authorization request's `prompt` counts: the classic hosted UI ignores it. */
  prompt: "honored" | "ignored";
  /** Whether `max_age` counts: the user signs in again when the last sign-in is older (unconfirmed). */
  maxAge: "honored" | "ignored";
  /** Added to iat, exp and auth_time. */
  clockSkewSeconds: number;
  rotation: boolean;
  /** How long a rotated-out refresh token still works: 0 to 60. */
  graceSeconds: number;
  /** What a second use within the grace period returns (undocumented). */
  graceReuse: "same" | "another";
  /** Whether use after the grace period ends the whole sign-in (undocumented). */
  reuseRevokesFamily: boolean;
  /** Whether revoking one refresh token ends the whole sign-in, or that one token only. */
  revokeFamily: boolean;
  originJti: boolean;
  atHash: boolean;
  /** Whether the ID token of a refresh repeats the nonce (undocumented). */
  refreshNonce: "absent" | "same";
  /** Whether Basic credentials are form-decoded as RFC 6749 §2.3.1 says (unconfirmed). */
  basicFormDecoding: boolean;
  /** Whether error redirects carry state: the documentation shows some that do not. */
  errorState: boolean;
  /** Not empty: the identity provider fails with this error_description. */
  federationError: string;
  /** Not empty: a Lambda trigger refuses the sign-in with this error_description. */
  triggerError: string;
  /** Merged into every token, as a pre-token Lambda would; null removes a claim. */
  accessClaims: Claims;
  idClaims: Claims;
}

export interface CognitoOptions {
  host?: string | undefined;
  issuerPort?: number | undefined;
  domainPort?: number | undefined;
  region?: string | undefined;
  poolId?: string | undefined;
  /** The first value of `settings.issuerForm`. */
  issuerForm?: "original" | "updated" | undefined;
  clients: AppClient[];
  users?: PoolUser[] | undefined;
  settings?: Partial<Settings> | undefined;
}

export type EndpointName =
  | "authorize"
  | "login"
  | "signup"
  | "token"
  | "revoke"
  | "userInfo"
  | "logout"
  | "error"
  | "discovery"
  | "jwks"
  | "control";

export interface RecordedRequest {
  at: number;
  /** The path. `name` is the endpoint's short name, when it is one. */
  endpoint: string;
  name: EndpointName | undefined;
  method: string;
  headers: Record<string, string>;
  params: Params;
  /** What the endpoint decided, even if a fault lost it on the way; 0 while, or because, it decided nothing. */
  status: number;
  error?: string | undefined;
}

/** Members combine: `{ delayMs: 200, status: 500 }` is a slow 500. */
export interface Fault {
  /** Waits, then does and answers what follows. */
  delayMs?: number;
  /** Does the work at once, then waits before it answers. */
  answerDelayMs?: number;
  /** Instead of doing the work: */
  hang?: boolean;
  reset?: boolean;
  status?: number;
  body?: string | object;
  redirect?: string;
  /** The work is done, the answer is changed or lost: */
  headers?: Record<string, string>;
  transform?: (json: Claims) => unknown;
  claims?: { access?: Edit; id?: Edit };
  /** The JOSE header of the tokens. */
  header?: { access?: Edit; id?: Edit };
  /** Appends so many spaces, which leave JSON valid. */
  oversize?: number;
  resetAfter?: boolean;
  /** Full content-length, half the bytes. */
  truncate?: boolean;
  /** 16 bytes at a time; a number is the pause in milliseconds (200). */
  slowBody?: boolean | number;
}

export interface FaultOptions {
  /** Default: until cleared. Faults of one endpoint are used in the order they were added. */
  times?: number | undefined;
  match?: ((params: Params) => boolean) | Params | undefined;
}

export type RefreshTokenState = "valid" | "rotated-in-grace" | "rotated" | "revoked" | "expired" | "unknown";

export interface RefreshToken {
  token: string;
  createdAt: number;
  rotatedAt: number | null;
  revoked: boolean;
  successor: string | null;
}

export interface SignIn {
  originJti: string;
  username: string;
  clientId: string;
  scopes: string[];
  nonce: string | undefined;
  resource: string | undefined;
  /** Seconds, without skew. */
  authTime: number;
  /** Milliseconds. Rotation inherits the remaining life, so this never moves. */
  expiresAt: number;
  revoked: boolean;
  refreshTokens: RefreshToken[];
}
