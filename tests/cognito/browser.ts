import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { findUser, type Pool } from "./pool";

interface Reply {
  status: number;
  location: string | undefined;
}

/** node:http and not fetch, which a test may have replaced. */
async function send(url: URL, form?: Record<string, string>): Promise<Reply> {
  const outgoing = request(url, {
    agent: false,
    ...(form && { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" } }),
  });
  outgoing.end(form && new URLSearchParams(form).toString());
  const [reply] = (await once(outgoing, "response")) as [IncomingMessage];
  reply.resume();
  return { status: reply.statusCode ?? 0, location: reply.headers.location };
}

/** A fresh browser: from the authorization request to the redirect that leaves the domain, or ends on its error page. */
export async function signInByBrowser(pool: Pool, authorizeUrl: string, username: string): Promise<string> {
  const user = findUser(pool, username);
  if (!user) throw new Error(`No user ${username} in the pool`);
  const asked = new URL(authorizeUrl);
  if (asked.port !== new URL(pool.domain).port) throw new Error("The authorization request goes to another server");
  const start = new URL(asked.pathname + asked.search, pool.domain);
  const first = await send(start);
  if (first.location && !first.location.startsWith(`${pool.domain}/login?`)) return first.location;
  if (!first.location && first.status !== 200) throw new Error(`${start.pathname} answered ${first.status}`);
  const login = new URL(`/login${start.search}`, pool.domain);
  const federated = new URL(`/oauth2/authorize${start.search}`, pool.domain);
  federated.searchParams.set("identity_provider", user.provider ?? "");
  federated.searchParams.set("login_hint", username);
  const last = user.provider ? await send(federated) : await send(login, { username, password: user.password });
  if (!last.location) throw new Error(`The sign-in of ${username} ended with status ${last.status}`);
  return last.location;
}
