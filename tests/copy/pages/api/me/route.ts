import { withSession } from "@/lib/auth/api";

export const GET = withSession((_request, { user, groups, source }) => Response.json({ ...user, groups, source }));

export const POST = withSession((_request, { user }) => Response.json(user));
