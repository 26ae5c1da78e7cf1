import type { Missing } from "./events";
import type { AccessTokenClaims, IdTokenClaims, Requirement, Session, User } from "./types";

// Apps of version 0.1.0 augment `GroupNames` through this module.
export type * from "./types";

export function createSession(
  claims: AccessTokenClaims,
  idClaims: IdTokenClaims | null,
  source: Session["source"],
): Session {
  const { email, email_verified: emailVerified, name, picture }: Partial<IdTokenClaims> = idClaims ?? {};
  const { username } = claims; // A token of the client_credentials grant has none: it stands for a program.
  const isUser = typeof username === "string";
  const user: User = {
    sub: claims.sub,
    username: isUser ? username : claims.client_id,
    ...(typeof email === "string" && { email }),
    ...(typeof emailVerified === "boolean" && { emailVerified }),
    ...(typeof name === "string" && { name }),
    ...(typeof picture === "string" && { picture }),
  };
  const list = claims["cognito:groups"];
  const groups = Array.isArray(list) && list.every((group) => typeof group === "string") ? list : [];
  const scopes = typeof claims.scope === "string" ? claims.scope.split(" ").filter(Boolean) : [];
  const kind = isUser ? "user" : "machine";
  return { kind, user, groups, scopes, expiresAt: claims.exp, claims, idClaims, source };
}

/** Whether the session stands for a program and not for a person. */
export function isMachine(session: Session): boolean {
  return session.kind === "machine";
}

/** The part of the requirement that the session does not meet, or null when it meets all of it. */
export function findMissing(session: Session, { groups, scopes, machines }: Requirement): Missing | null {
  if (isMachine(session) && !machines) return { user: true };
  if (groups && !groups.some((group) => session.groups.includes(group))) return { groups };
  if (scopes && !scopes.every((scope) => session.scopes.includes(scope))) return { scopes };
  return null;
}
