import { cookies } from "next/headers";

/** Believes whoever has a cookie: the least that a page can do which depends on who asks. */
export async function findViewer(): Promise<string | null> {
  return (await cookies()).has("auth.access") ? "ada" : null;
}

export async function requireViewer(): Promise<string | null> {
  return findViewer();
}
