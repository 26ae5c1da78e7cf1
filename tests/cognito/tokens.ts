import { randomUUID } from "node:crypto";
import { accessClaims, idClaims } from "./claims";
import type { SignInTokens } from "./cognito";
import { signToken } from "./keys";
import type { Pool } from "./pool";
import type { Claims, Fault, RefreshToken, SignIn } from "./types";

interface IssueContext {
  refreshToken: RefreshToken | undefined;
  /** Handed out with the tokens; a refresh without rotation hands out none. */
  next: RefreshToken | null;
  nonce: string | undefined;
  edits?: Pick<Fault, "claims" | "header">;
}

export async function issueTokens(
  pool: Pool,
  signIn: SignIn,
  context: IssueContext,
): Promise<Omit<SignInTokens, "id_token" | "refresh_token"> & Partial<SignInTokens>> {
  const { claims: claimEdits, header: headerEdits } = context.edits ?? {};
  const eventId = randomUUID();
  const access = edit(accessClaims(pool, signIn, eventId), claimEdits?.access);
  pool.issues.set(String(access.jti), { signIn, refreshToken: context.refreshToken });
  const accessToken = await signToken(
    pool.keys.access,
    access,
    edit({ kid: pool.keys.access.kid, alg: "RS256" }, headerEdits?.access),
  );
  const tokens = { token_type: "Bearer", expires_in: pool.settings.accessTokenSeconds, access_token: accessToken };
  const rotated = context.next ? { refresh_token: context.next.token } : {};
  if (!signIn.scopes.includes("openid")) return { ...tokens, ...rotated };
  const id = edit(idClaims(pool, signIn, { eventId, nonce: context.nonce, accessToken }), claimEdits?.id);
  const idHeader = edit({ kid: pool.keys.id.kid, alg: "RS256" }, headerEdits?.id);
  return { id_token: await signToken(pool.keys.id, id, idHeader), ...tokens, ...rotated };
}

function edit(value: Claims, change: ((value: Claims) => Claims) | undefined): Claims {
  return change ? change(value) : value;
}
