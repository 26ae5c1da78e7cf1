"use server";

import { requireSession } from "@/lib/auth/session";

export async function sayHello(): Promise<string> {
  const { user } = await requireSession({ returnTo: "/dashboard" });
  return `Hello ${user.name ?? user.username}, it is ${new Date().toISOString().slice(11, 19)} UTC on the server.`;
}
