import { withSession } from "@/lib/auth/api";
import type { Session } from "@/lib/auth/session";

const me = (_request: Request, { user, groups, source }: Session) => Response.json({ ...user, groups, source });

export const GET = withSession(me);
export const POST = withSession(me);
