import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import Provider, { type Context } from "oidc-provider";
import { sampleUsers } from "../../cognito/index";
import { createConfiguration, type JudgeClient, type JudgeSettings } from "./judge-configuration";

export interface TokenResponse {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token: string;
}

/** An OpenID provider that is certified and not ours, dressed as Cognito: its paths, its tokens, its sign-out. */
export interface Judge {
  readonly issuer: string;
  readonly settings: JudgeSettings;
  /** What it has issued, newest last. */
  readonly issued: readonly TokenResponse[];
  /** What it has refused, in its own words. */
  readonly refusals: string[];
  close(): Promise<void>;
}

const REFUSALS = ["authorization", "grant", "revocation", "end_session", "end_session_confirm", "jwks", "server"];

export async function startJudge(client: JudgeClient): Promise<Judge> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const settings: JudgeSettings = { accessTokenSeconds: 3_600 };
  const provider = new Provider(issuer, await createConfiguration(client, settings));
  const issued: TokenResponse[] = [];
  const refusals: string[] = [];
  provider.on("grant.success", ({ body }: Context) => issued.push(body as TokenResponse));
  for (const name of REFUSALS) {
    const event = name === "server" ? "server_error" : `${name}.error`;
    provider.on(event, (_: Context, error: Error & { error_description?: string }) =>
      refusals.push(`${event}: ${error.message}: ${error.error_description ?? ""}`),
    );
  }
  server.on("request", serve(provider, issuer));
  return { issuer, settings, issued, refusals, close: () => closeAtOnce(server) };
}

function serve(provider: Provider, issuer: string) {
  const answer = provider.callback();
  return (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "/", issuer);
    if (url.pathname.startsWith("/interaction/")) {
      interact(provider, request, response).catch(() => response.destroy());
      return;
    }
    if (url.pathname === "/logout") request.url = toEndSession(url);
    void answer(request, response);
  };
}

/** Cognito's sign-out in the words of OpenID Connect RP-Initiated Logout 1.0. */
function toEndSession({ searchParams }: URL): string {
  const { logout_uri: uri = "", ...others } = Object.fromEntries(searchParams);
  return `/session/end?${new URLSearchParams({ ...others, post_logout_redirect_uri: uri })}`;
}

/** The login page: GET shows it, POST takes it. */
async function interact(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const form = request.method === "POST" ? await readForm(request) : null;
  const user = sampleUsers.find(({ username }) => username === form?.get("username"));
  if (user && user.password === form?.get("password")) {
    await provider.interactionFinished(request, response, { login: { accountId: user.sub } });
    return;
  }
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(`<!doctype html><title>Judge</title><form method="post">
<label>Username <input name="username"></label><label>Password <input name="password" type="password"></label>
<button>Sign in</button></form>`);
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

async function closeAtOnce(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
