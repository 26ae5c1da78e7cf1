import { withOptionalSession } from "@/lib/auth/api";

export const GET = withOptionalSession((_request, session) => Response.json({ user: session?.user.username ?? null }));
