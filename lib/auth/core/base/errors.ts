/** Every way in which authentication fails, and the HTTP status that it stands for. */
const STATUS = {
  config_invalid: 500,
  transaction_missing: 400,
  authorization_denied: 403,
  authorization_failed: 400,
  grant_rejected: 401,
  client_rejected: 500,
  token_response_invalid: 502,
  token_endpoint_unavailable: 503,
  token_expired: 401,
  token_invalid: 401,
  keys_unavailable: 503,
  session_too_large: 500,
  sign_in_loop: 400,
  forbidden: 403,
  cross_site: 403,
} as const;

export type AuthErrorCode = keyof typeof STATUS;

/** Whether `value`, which may come from outside, is one of the kit's codes. */
export function isAuthErrorCode(value: unknown): value is AuthErrorCode {
  return typeof value === "string" && Object.hasOwn(STATUS, value);
}

/**
 * The kit's one error. Tell its kinds apart by `code`; the message is for the server's log and holds no token, no URL
 * from outside and no description of Cognito's.
 */
export class AuthError extends Error {
  override readonly name = "AuthError";
  readonly code: AuthErrorCode;
  readonly status: number;

  constructor(code: AuthErrorCode, message: string = code) {
    super(message);
    this.code = code;
    this.status = STATUS[code];
  }

  /** True: treat the credential as absent. False: nobody can say whether it is good, so keep it. */
  get isBadCredential(): boolean {
    return this.status === 401;
  }
}
