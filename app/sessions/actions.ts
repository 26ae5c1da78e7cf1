"use server";

import { revalidatePath } from "next/cache";
import { redirect } from "next/navigation";
import { AuthError, endSession, requireSession, signOutEverywhere } from "@/lib/auth/session";

const RETURN_TO = { returnTo: "/sessions" };

/** Only sessions of the current user: with the key of another user's session nothing happens. */
export async function endOne(form: FormData): Promise<void> {
  await requireSession(RETURN_TO);
  const key = form.get("key");
  if (typeof key === "string") await orErrorPage(endSession(key));
  revalidatePath("/sessions");
}

/** A server may remember this browser's session for 5 s. The ordinary sign-out ends it at once, and Cognito's own. */
export async function endAll(): Promise<void> {
  const { user } = await requireSession(RETURN_TO);
  await orErrorPage(signOutEverywhere(user));
  redirect("/auth/logout");
}

/** The store may not answer. Its page says so, and leads back. */
async function orErrorPage(change: Promise<unknown>): Promise<void> {
  const error = await change.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof AuthError) redirect(`/auth/error?code=${error.code}&returnTo=%2Fsessions`);
  if (error) throw error;
}
