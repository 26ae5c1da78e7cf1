import { expect, test } from "vitest";
import { AuthError, type AuthErrorCode } from "@/lib/auth/core/base/errors";

const MEANINGS: Record<number, readonly AuthErrorCode[]> = {
  400: ["transaction_missing", "authorization_failed", "sign_in_loop"],
  401: ["grant_rejected", "token_expired", "token_invalid"],
  403: ["authorization_denied", "forbidden", "cross_site"],
  500: ["config_invalid", "client_rejected", "session_too_large"],
  502: ["token_response_invalid"],
  503: ["token_endpoint_unavailable", "keys_unavailable"],
};

test.each(Object.entries(MEANINGS))("the status %s belongs to the error codes %j", (status, codes) => {
  for (const code of codes) {
    const error = new AuthError(code);
    expect(error).toMatchObject({ name: "AuthError", code, message: code, status: Number(status) });
    expect(error.isBadCredential).toBe(status === "401");
  }
});

test("an outage has the status 503, a bad credential has the status 401, and only the latter is a bad credential", () => {
  const codes = ["keys_unavailable", "token_endpoint_unavailable", "token_expired", "token_invalid"] as const;
  const errors = codes.map((code) => new AuthError(code));
  expect(errors.map((it) => `${it.status} ${it.isBadCredential}`).join()).toBe("503 false,503 false,401 true,401 true");
});
