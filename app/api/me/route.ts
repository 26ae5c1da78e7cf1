import { withSession } from "@/lib/auth/api";

export const GET = withSession((_request, { user, groups, scopes, source }) => {
  const { sub, username, email } = user;
  return Response.json({ sub, username, email, groups, scopes, source });
});

export const POST = GET;
