// The claims of the tokens that Cognito issues.

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
