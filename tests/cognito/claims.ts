import { createHash, randomUUID } from "node:crypto";
import { findClient, findUser, issuerOf, type Pool } from "./pool";
import type { AppClient, Claims, PoolUser, SignIn } from "./types";

export function accessClaims(pool: Pool, signIn: SignIn, eventId: string = randomUUID()): Claims {
  const user = userOf(pool, signIn);
  return withOverrides(
    {
      sub: user.sub,
      ...groupClaims(user),
      iss: issuerOf(pool),
      version: 2,
      client_id: signIn.clientId,
      ...originClaims(pool, signIn),
      event_id: eventId,
      token_use: "access",
      scope: signIn.scopes.join(" "),
      ...times(pool, signIn.authTime, pool.settings.accessTokenSeconds),
      jti: randomUUID(),
      username: user.username,
      ...(signIn.resource === undefined ? {} : { aud: signIn.resource }),
    },
    pool.settings.accessClaims,
  );
}

interface IdContext {
  eventId?: string | undefined;
  nonce: string | undefined;
  accessToken: string | undefined;
}

export function idClaims(pool: Pool, signIn: SignIn, { eventId, nonce, accessToken }: IdContext): Claims {
  const user = userOf(pool, signIn);
  const [preferredRole] = user.roles ?? [];
  return withOverrides(
    {
      ...(accessToken !== undefined && pool.settings.atHash && { at_hash: halfHash(accessToken) }),
      sub: user.sub,
      ...groupClaims(user),
      ...(preferredRole && { "cognito:roles": user.roles, "cognito:preferred_role": preferredRole }),
      iss: issuerOf(pool),
      "cognito:username": user.username,
      ...originClaims(pool, signIn),
      ...(nonce !== undefined && { nonce }),
      ...(user.provider && { identities: [identityOf(user)] }),
      aud: signIn.clientId,
      event_id: eventId ?? randomUUID(),
      token_use: "id",
      ...times(pool, signIn.authTime, pool.settings.idTokenSeconds),
      jti: randomUUID(),
      ...attributeClaims(user, signIn.scopes),
    },
    pool.settings.idClaims,
  );
}

export function machineClaims(pool: Pool, client: AppClient, scopes: readonly string[]): Claims {
  return withOverrides(
    {
      sub: client.clientId,
      token_use: "access",
      scope: scopes.join(" "),
      ...times(pool, Math.floor(Date.now() / 1000), pool.settings.accessTokenSeconds),
      iss: issuerOf(pool),
      version: 2,
      jti: randomUUID(),
      client_id: client.clientId,
    },
    pool.settings.accessClaims,
  );
}

/**
 * openid alone, or profile, opens every attribute; with email or phone only theirs are left. So fewer scopes can
 * make a larger ID token.
 */
export function attributeClaims(user: PoolUser, scopes: readonly string[]): Claims {
  const everything: Claims = {
    ...(user.email !== undefined && { email: user.email, email_verified: user.emailVerified ?? false }),
    ...(user.name !== undefined && { name: user.name }),
    ...user.attributes,
    ...(user.attributes?.phone_number_verified && {
      phone_number_verified: user.attributes.phone_number_verified === "true",
    }),
  };
  const narrow = scopes.filter((scope) => scope === "email" || scope === "phone");
  if (scopes.includes("profile") || narrow.length === 0) return everything;
  const readable = {
    email: ["email", "email_verified"],
    phone: ["phone_number", "phone_number_verified"],
  };
  const names = narrow.flatMap((scope) => readable[scope as keyof typeof readable]);
  return Object.fromEntries(Object.entries(everything).filter(([name]) => names.includes(name)));
}

/** The odd types are Cognito's: primary and dateCreated are strings, issuer is null. */
export function identityOf(user: PoolUser): Claims {
  return {
    dateCreated: "1767225600000",
    userId: user.username.slice(user.username.indexOf("_") + 1),
    providerName: user.provider,
    providerType: user.provider,
    issuer: null,
    primary: "true",
  };
}

export function nowSeconds(pool: Pool): number {
  return Math.floor(Date.now() / 1000) + pool.settings.clockSkewSeconds;
}

function times(pool: Pool, authTime: number, lifetime: number): Claims {
  const iat = nowSeconds(pool);
  return { auth_time: authTime + pool.settings.clockSkewSeconds, exp: iat + lifetime, iat };
}

function groupClaims(user: PoolUser): Claims {
  return user.groups?.length ? { "cognito:groups": user.groups } : {};
}

function originClaims(pool: Pool, signIn: SignIn): Claims {
  const recorded = findClient(pool, signIn.clientId)?.revocation !== false || pool.settings.rotation;
  return pool.settings.originJti && recorded ? { origin_jti: signIn.originJti } : {};
}

function userOf(pool: Pool, signIn: SignIn): PoolUser {
  const user = findUser(pool, signIn.username);
  if (!user) throw new Error(`No user ${signIn.username} in the pool`);
  return user;
}

/** OpenID Connect Core §3.1.3.6. */
function halfHash(token: string): string {
  return createHash("sha256").update(token).digest().subarray(0, 16).toString("base64url");
}

function withOverrides(claims: Claims, overrides: Claims): Claims {
  const merged = Object.entries({ ...claims, ...overrides });
  return Object.fromEntries(merged.filter(([, value]) => value !== null && value !== undefined));
}
