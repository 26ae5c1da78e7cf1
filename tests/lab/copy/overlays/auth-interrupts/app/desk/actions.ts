"use server";

import { requireSession } from "@/lib/auth/session";

export async function createReport(): Promise<void> {
  await requireSession({ groups: ["admins"], returnTo: "/desk" });
}
