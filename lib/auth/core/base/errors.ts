// The kit's one error, and the table of its codes.

/** Every way in which authentication fails: a status for apps, and whether the failure proves the credential bad. */
const ERRORS = {
  config_invalid: { status: 500, isBadCredential: false },
  transaction_missing: { status: 400, isBadCredential: false },
  authorization_denied: { status: 403, isBadCredential: false },
  authorization_failed: { status: 400, isBadCredential: false },
  grant_rejected: { status: 401, isBadCredential: true },
  client_rejected: { status: 500, isBadCredential: false },
  token_response_invalid: { status: 502, isBadCredential: false },
  token_endpoint_unavailable: { status: 503, isBadCredential: false },
  token_expired: { status: 401, isBadCredential: true },
  token_invalid: { status: 401, isBadCredential: true },
  keys_unavailable: { status: 503, isBadCredential: false },
  session_too_large: { status: 500, isBadCredential: false },
  sign_in_loop: { status: 400, isBadCredential: false },
  reauthentication_required: { status: 403, isBadCredential: false },
  sign_in_refused: { status: 403, isBadCredential: false },
  sign_in_hook_failed: { status: 500, isBadCredential: false },
  forbidden: { status: 403, isBadCredential: false },
  cross_site: { status: 403, isBadCredential: false },
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
    return ERRORS[this.code].isBadCredential;
  }
}

/** Thrown by the app's `onSignIn` to turn a user away. The reason is for the log: the user does not see it. */
export class SignInRefused extends Error {
  override readonly name = "SignInRefused";

  constructor(reason = "onSignIn refused this user") {
    super(reason);
  }
}
