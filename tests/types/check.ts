// Compiled, never run: each @ts-expect-error is an error that an app would get.
import "./augment";
import { withOptionalSession, withSession } from "@/lib/auth/api";
import { requireSession, type Session } from "@/lib/auth/session";

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
