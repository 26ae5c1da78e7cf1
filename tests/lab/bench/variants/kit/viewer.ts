import { getSession, requireSession } from "@/lib/auth/session";

export async function findViewer(): Promise<string | null> {
  return (await getSession())?.user.username ?? null;
}

export async function requireViewer(): Promise<string> {
  return (await requireSession()).user.username;
}
