/** The claims of both kinds of token. */
export interface TokenClaims {
  readonly iss: string;
  readonly sub: string;
  /** Seconds since the epoch, as is `iat`. */
  readonly exp: number;
  readonly iat: number;
  /** Cognito does not guarantee any other claim: check its type before you use it. */
  readonly [claim: string]: unknown;
}

/**
 * Verified claims of an access token. Type your own claims once:
 * `declare module "@/lib/auth/session" { interface AccessTokenClaims { readonly plan?: "free" | "paid" } }`
 */
export interface AccessTokenClaims extends TokenClaims {
  readonly token_use: "access";
  readonly client_id: string;
}

/** Verified claims of an ID token. Type your own claims as those of `AccessTokenClaims`. */
export interface IdTokenClaims extends TokenClaims {
  readonly token_use: "id";
  readonly aud: string;
}

/** The signed-in user: the part of a session that may go to a client component. */
export interface User {
  /** With the issuer, the user's identity. A username or an e-mail address is not. */
  readonly sub: string;
  readonly username: string;
  readonly email?: string;
  /** Only `true` says that the address is the user's. */
  readonly emailVerified?: boolean;
  readonly name?: string;
  readonly picture?: string;
}

/** A verified session. All of it but `user` stays on the server. */
export interface Session {
  /** `machine`: a token of the client_credentials grant. It stands for a program, and `user` then describes its client. */
  readonly kind: "user" | "machine";
  readonly user: User;
  readonly groups: readonly string[];
  readonly scopes: readonly string[];
  /** When the access token expires, in seconds since the epoch; the session is then refreshed. */
  readonly expiresAt: number;
  readonly claims: AccessTokenClaims;
  /** Null with a Bearer token, and when the ID token was too large to keep. */
  readonly idClaims: IdTokenClaims | null;
  readonly source: "cookie" | "bearer";
}

/**
 * Name your groups once, and a misspelled group is a type error:
 * `declare module "@/lib/auth/session" { interface GroupNames { admins: true; editors: true } }`
 */
export interface GroupNames {
  readonly "": never; // Stands for "none named": then any string is a group.
}

export type GroupName = Exclude<keyof GroupNames, ""> extends never ? string : Exclude<keyof GroupNames, "">;

/** The demands of a page, an action or a route on its caller, besides a session. */
export interface Requirement {
  /** Any of these is enough. */
  readonly groups?: readonly GroupName[];
  /** All of these are needed. */
  readonly scopes?: readonly string[];
  /** Tokens of the client_credentials grant, which stand for no user, may pass. */
  readonly machines?: boolean;
}
