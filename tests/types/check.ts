// Compiled, never run: each @ts-expect-error is an error that an app would get.
import "./augment";
import { withOptionalSession, withSession } from "@/lib/auth/api";
import {
  type AccessTokenClaims,
  AuthError,
  type AuthErrorCode,
  type AuthErrorDetails,
  type AuthEvent,
  type GroupName,
  type GroupNames,
  type IdTokenClaims,
  type Requirement,
  readAuthError,
  requireSession,
  type Session,
  type SignInHook,
  SignInRefused,
  type User,
} from "@/lib/auth/session";

export const named = () => requireSession({ groups: ["admins", "editors"], scopes: ["orders/read"], returnTo: "/" });

// @ts-expect-error: no such group
export const misspelled = () => requireSession({ groups: ["admin"] });

export function readClaims(session: Session) {
  const tenant: string | undefined = session.idClaims?.["custom:tenant"];
  const plan: "free" | "paid" | undefined = session.claims.plan;
  // @ts-expect-error: what nobody has named is unknown
  const other: string = session.claims["custom:other"];
  return { tenant, plan, other };
}

export const onSignIn: SignInHook = async ({ user }, request) => {
  if (!user.email) throw new SignInRefused(request.headers.get("user-agent") ?? undefined);
};

// @ts-expect-error: misspelled
export const strayHook: SignInHook = async () => ({ redirectTO: "/welcome" });

type Context = { params: Promise<{ id: string }> };

export const GET: (request: Request, context: Context) => Promise<Response> = withSession(
  async (_request: Request, session, context: Context) => {
    const { id } = await context.params;
    // @ts-expect-error: a session is read-only
    session.user.sub = id;
    return new Response(id);
  },
  { groups: ["editors"], machines: true },
);

export const POST = withOptionalSession((_request: Request, session) => {
  // @ts-expect-error: nobody may be signed in
  return new Response(session.user.sub);
});

/** The doors export every type that an app has to name. */
export interface Named {
  readonly access: AccessTokenClaims;
  readonly id: IdTokenClaims;
  readonly event: AuthEvent;
  readonly error: AuthErrorDetails;
  readonly group: GroupName;
  readonly groups: GroupNames;
  readonly requirement: Requirement;
  readonly user: User;
}

export const plan = ({ access }: Named): "free" | "paid" | undefined => access.plan;

export function isOutage(error: unknown): boolean {
  const code: AuthErrorCode | null = error instanceof AuthError ? error.code : null;
  // @ts-expect-error: no such code
  if (code === "keys_unreachable") return true;
  return code === "keys_unavailable";
}

export const isProgram = ({ kind }: Session): boolean => {
  // @ts-expect-error: a person or a program, and nothing else
  if (kind === "robot") return true;
  return kind === "machine";
};

export const readsNextQuery = (searchParams: Promise<Record<string, string | string[] | undefined>>) =>
  readAuthError(searchParams);
