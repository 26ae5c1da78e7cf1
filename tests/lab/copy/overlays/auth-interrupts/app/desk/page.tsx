import { requireSession } from "@/lib/auth/session";
import { createReport } from "./actions";

export default async function Desk() {
  const { user } = await requireSession({ returnTo: "/desk" });
  return (
    <form action={createReport}>
      <p id="user">{user.username}</p>
      <button type="submit">Create a report</button>
    </form>
  );
}
