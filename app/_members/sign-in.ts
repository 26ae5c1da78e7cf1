// The demo's lib/auth/sign-in.ts: `paths` in tsconfig.json puts it in its place. An app edits lib/auth/sign-in.ts itself.
import { type SignInHook, SignInRefused } from "@/lib/auth/session";
import { describeBrowser } from "./browser";
import { saveBrowser, saveMember } from "./database";

/** Creates a row at a user's first sign-in, turns away users whose row is closed, and notes the browser for /sessions. */
export const onSignIn: SignInHook = async ({ claims, user }, request) => {
  const member = await saveMember(claims.iss, user.sub);
  if (member.isClosed) throw new SignInRefused("The member's row is closed");
  const { origin_jti: originJti } = claims;
  if (typeof originJti !== "string") return;
  await saveBrowser(claims.iss, originJti, describeBrowser(request.headers.get("user-agent")));
};
