import { requireSession } from "@/lib/auth/session";

export default async function Reports() {
  const { user } = await requireSession({ groups: ["admins"], returnTo: "/reports" });
  return <p id="user">Report of {user.username}</p>;
}
