import { cookies } from "next/headers";
import { redirect } from "next/navigation";
import { verify } from "./keys";

export async function findViewer(): Promise<string | null> {
  return verify((await cookies()).get("auth.access")?.value);
}

export async function requireViewer(): Promise<string> {
  return (await findViewer()) ?? redirect("/auth/login");
}
