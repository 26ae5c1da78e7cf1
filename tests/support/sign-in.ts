// The app's lib/auth/sign-in.ts in tests: the kit's own file, until a test gives another hook.
import type { SignInHook } from "@/lib/auth/core/sign-in/hook";
import { SignInRefused } from "@/lib/auth/session";
import * as shipped from "../../lib/auth/sign-in";

export const app: { hook: SignInHook } = { hook: shipped.onSignIn };

export const onSignIn: SignInHook = (session, request) => app.hook(session, request);

/** The class of this module graph. */
export const refuse = (reason?: string): never => {
  throw new SignInRefused(reason);
};
