import { connection } from "next/server";

/** Rendered at every request, as the others are, and for nobody in particular. */
export async function findViewer(): Promise<string | null> {
  await connection();
  return "ada";
}

export async function requireViewer(): Promise<string | null> {
  return findViewer();
}
