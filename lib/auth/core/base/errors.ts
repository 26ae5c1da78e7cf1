// The kit's one error, and the table of its codes.

/** Every way in which authentication fails: its HTTP status, and what happens to the credential of the request. */
const ERRORS = {
  config_invalid: { status: 500, credential: "keep" },
  transaction_missing: { status: 400, credential: "keep" },
  authorization_denied: { status: 403, credential: "keep" },
  authorization_failed: { status: 400, credential: "keep" },
  grant_rejected: { status: 401, credential: "drop" },
  client_rejected: { status: 500, credential: "keep" },
  token_response_invalid: { status: 502, credential: "keep" },
  token_endpoint_unavailable: { status: 503, credential: "keep" },
  token_expired: { status: 401, credential: "drop" },
  token_invalid: { status: 401, credential: "drop" },
  keys_unavailable: { status: 503, credential: "keep" },
  session_too_large: { status: 500, credential: "keep" },
  sign_in_loop: { status: 400, credential: "keep" },
  forbidden: { status: 403, credential: "keep" },
  cross_site: { status: 403, credential: "keep" },
} as const;

export type AuthErrorCode = keyof typeof ERRORS;

/** Whether `value`, which may come from outside, is one of the kit's codes. */
export function isAuthErrorCode(value: unknown): value is AuthErrorCode {
  return typeof value === "string" && Object.hasOwn(ERRORS, value);
}

/**
 * The kit's one error. Tell its kinds apart by `code`. The message is for the server's log: it holds no token, no URL
 * from outside and no description of Cognito's.
 */
export class AuthError extends Error {
  override readonly name = "AuthError";
  readonly code: AuthErrorCode;
  readonly status: number;

  constructor(code: AuthErrorCode, message: string = code) {
    super(message);
    this.code = code;
    this.status = ERRORS[code].status;
  }

  /** True: the request counts as one without a credential. False: nothing proves the credential bad, so it is kept. */
  get isBadCredential(): boolean {
    return ERRORS[this.code].credential === "drop";
  }
}
