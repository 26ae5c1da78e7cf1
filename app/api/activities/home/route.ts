import { withOptionalSession } from "@/lib/auth/api";

const ACTIVITIES = ["The library opens at nine", "Choir practice in the small hall", "Market day on the square"];

export const GET = withOptionalSession((_request, session) => {
  const { username = null, name = username } = session?.user ?? {};
  const personal = session ? [`A parcel for ${name} waits at the desk`] : [];
  return Response.json({ user: username, activities: [...personal, ...ACTIVITIES] });
});
