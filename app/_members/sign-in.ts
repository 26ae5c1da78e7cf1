// The demo's lib/auth/sign-in.ts: `paths` in tsconfig.json puts it in its place. An app edits lib/auth/sign-in.ts itself.
import { type SignInHook, SignInRefused } from "@/lib/auth/session";
import { saveMember } from "./database";

/** Creates a row at a user's first sign-in, and turns away users whose row is closed. */
export const onSignIn: SignInHook = async ({ claims, user }) => {
  const member = await saveMember(claims.iss, user.sub);
  if (member.isClosed) throw new SignInRefused("The member's row is closed");
};
