import { expect, test } from "vitest";
import { AuthError } from "@/lib/auth/core/base/errors";
import { failedRefresh } from "@/lib/auth/core/session/failed-refresh";
import { createSession } from "@/lib/auth/core/session/session";
import { issue } from "../../support/stored";

const { accessToken, idToken, accessClaims, idClaims } = issue("a");
const session = createSession(accessClaims, idClaims, "cookie", null);
const signedIn = { status: "signed_in", session, accessToken, idToken } as const;
const signedOut = { status: "signed_out", error: null } as const;

test.each(["token_endpoint_unavailable", "store_unavailable", "client_rejected", "keys_unavailable"] as const)(
  "AT-12 a refresh that fails with %s keeps a valid session, and is never a sign-out",
  (code) => {
    const error = new AuthError(code, "why");
    const events = [{ type: "refresh_failed", code, detail: "why", isSessionKept: true }];
    expect(failedRefresh(error, signedIn)).toEqual({ ...signedIn, events });
    expect(failedRefresh(error, signedOut)).toEqual({ status: "unknown", error, events });
  },
);

test.each(["grant_rejected", "token_invalid"] as const)("a refresh that fails with %s is a sign-out", (code) => {
  const error = new AuthError(code, "why");
  const events = [{ type: "refresh_failed", code, detail: "why", isSessionKept: false }];
  for (const stored of [signedIn, signedOut]) {
    expect(failedRefresh(error, stored)).toEqual({ status: "signed_out", error, events });
  }
});
