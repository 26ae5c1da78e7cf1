import Link from "next/link";
import { redirect } from "next/navigation";
import { AuthError, getSession, requireSession } from "@/lib/auth/session";

export default async function Profile() {
  const isReachable = await getSession().then(
    () => true,
    (error: unknown) => !(error instanceof AuthError && error.status === 503),
  );
  if (!isReachable) redirect("/");
  const { user, idClaims } = await requireSession({ groups: ["admins", "editors"], returnTo: "/profile" });
  const tenant: string = idClaims?.["custom:tenant"] ?? "no tenant";
  return (
    <p id="user">
      {user.username} {tenant} <Link href="/dashboard">Dashboard</Link>
    </p>
  );
}
