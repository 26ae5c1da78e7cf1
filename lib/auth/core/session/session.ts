// The session that an app reads, made of verified claims.
import { AuthError } from "../base/errors";
import type { Missing } from "../base/events";
import type { AccessTokenClaims, IdTokenClaims } from "../tokens/claims";
import { isRecent } from "../tokens/issued-tokens";

/** The signed-in user: the part of a session that may go to a client component. */
export interface User {
  /** `claims.iss` and `sub` together identify the user. A username or an e-mail address does not. */
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
  /**
   * `machine`: a token of the client_credentials grant. It stands for a program, and `user` then describes its client.
   */
  readonly kind: "user" | "machine";
  readonly user: User;
  /** The tenant's name (lib/auth/tenants.ts), or null. Select data by it, never by the Host header. */
  readonly tenant: string | null;
  readonly groups: readonly string[];
  readonly scopes: readonly string[];
  /** When the user signed in, in seconds since the epoch (`auth_time`). A refresh does not change it. */
  readonly authenticatedAt: number | null;
  /** When the access token expires, in seconds since the epoch; the session is then refreshed. */
  readonly expiresAt: number;
  readonly claims: AccessTokenClaims;
  /** Null without a valid ID token: for example with a Bearer token, or when it was too large to keep. */
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
  /** The user signed in so many seconds ago, or later. */
  readonly maxAuthAge?: number;
  /** Cognito still knows the sign-in: one call for each check. Needs a user's token with the scope `openid`. */
  readonly live?: boolean;
}

/** Makes a session of verified claims. A token without a username stands for a program (client_credentials grant). */
export function createSession(
  claims: AccessTokenClaims,
  idClaims: IdTokenClaims | null,
  source: Session["source"],
  tenant: Session["tenant"],
): Session {
  const { exp: expiresAt, auth_time: authTime, "cognito:groups": list, scope } = claims;
  const kind = typeof claims.username === "string" ? "user" : "machine";
  const groups = Array.isArray(list) && list.every((group) => typeof group === "string") ? list : [];
  const scopes = typeof scope === "string" ? scope.split(" ").filter(Boolean) : [];
  const authenticatedAt = typeof authTime === "number" ? authTime : null;
  const user = createUser(claims, idClaims);
  return { kind, user, tenant, groups, scopes, authenticatedAt, expiresAt, claims, idClaims, source };
}

function createUser({ sub, username, client_id: client }: AccessTokenClaims, idClaims: IdTokenClaims | null): User {
  const { email, email_verified: emailVerified, name, picture }: Partial<IdTokenClaims> = idClaims ?? {};
  return {
    sub,
    username: typeof username === "string" ? username : client,
    ...(typeof email === "string" && { email }),
    ...(typeof emailVerified === "boolean" && { emailVerified }),
    ...(typeof name === "string" && { name }),
    ...(typeof picture === "string" && { picture }),
  };
}

/** Whether the session stands for a program and not for a person. */
export function isMachine(session: Session): boolean {
  return session.kind === "machine";
}

/** Returns the first unmet part: user, groups, scopes, recent sign-in. Null when the session meets all of it. */
export function findMissing(session: Session, requirement: Requirement): Missing | null {
  const { groups, machines, maxAuthAge, live } = requirement;
  const scopes = requiredScopes(requirement);
  if (isMachine(session) && (live || !machines)) return { user: true };
  if (groups && !groups.some((group) => session.groups.includes(group))) return { groups };
  if (scopes && !scopes.every((scope) => session.scopes.includes(scope))) return { scopes };
  return maxAuthAge === undefined || isRecentSignIn(session, maxAuthAge) ? null : { maxAuthAge };
}

/** Cognito's userInfo accepts only tokens with the scope `openid`. */
function requiredScopes({ scopes, live }: Requirement): readonly string[] | undefined {
  return live ? [...new Set([...(scopes ?? []), "openid"])] : scopes;
}

function isRecentSignIn({ authenticatedAt }: Session, maxAuthAge: number): boolean {
  if (!isSeconds(maxAuthAge)) throw new AuthError("config_invalid", "maxAuthAge must be whole seconds");
  return isRecent(authenticatedAt, maxAuthAge);
}

/** A sign-in link accepts up to nine digits. */
function isSeconds(value: unknown): boolean {
  return Number.isSafeInteger(value) && /^\d{1,9}$/.test(String(value));
}
