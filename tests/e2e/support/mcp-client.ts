import { once } from "node:events";
import { createServer } from "node:http";
import type { OAuthClientProvider, OAuthDiscoveryState } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { OAuthTokens } from "@modelcontextprotocol/sdk/shared/auth.js";
import type { Page } from "playwright-core";
import { submitLogin } from "./flows";

export const MCP_CLIENT_ID = "mcp";

/** What an MCP client keeps for one server: a client id that an administrator gave it, and tokens. */
export class Keeper implements OAuthClientProvider {
  readonly redirectUrl: string;
  /** Where the user must sign in, once the client wants that. */
  signInUrl: URL | null = null;
  #tokens: OAuthTokens | undefined;
  #verifier = "";
  #discovery: OAuthDiscoveryState | undefined;

  constructor(redirectUrl: string, accessToken?: string) {
    this.redirectUrl = redirectUrl;
    if (accessToken) this.#tokens = { access_token: accessToken, token_type: "Bearer" };
  }

  get clientMetadata() {
    return { redirect_uris: [this.redirectUrl] };
  }

  readonly clientInformation = () => ({ client_id: MCP_CLIENT_ID });
  readonly tokens = () => this.#tokens;
  readonly codeVerifier = () => this.#verifier;
  readonly discoveryState = () => this.#discovery;

  saveTokens(tokens: OAuthTokens): void {
    const { refresh_token: _unused, ...others } = tokens; // With one, this library does not ask for more scopes.
    this.#tokens = others;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  /** The way that the 401 showed, until the browser comes back with a code. */
  saveDiscoveryState(state: OAuthDiscoveryState): void {
    this.#discovery = state;
  }

  redirectToAuthorization(url: URL): void {
    this.signInUrl = url;
  }
}

/** The callback of an MCP client on this machine. Cognito compares its whole address, with the port. */
export async function openCallback(): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((_request, response) => response.end("Back to the MCP client")).listen(0, "localhost");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : null;
  return { url: `http://localhost:${port}/callback`, close: () => server.close() };
}

/** Connects to an MCP server and calls its tool `whoami`. */
export async function whoAmI(url: string, keeper: Keeper): Promise<unknown> {
  const client = new Client({ name: "test", version: "1.0.0" });
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider: keeper }));
    return (await client.callTool({ name: "whoami" })).content;
  } finally {
    await client.close();
  }
}

/** Signs in where the client wants it, on Cognito's pages, and gives the client the code. */
export async function signInFor(url: string, keeper: Keeper, page: Page, username: string): Promise<void> {
  const code = await signInAt(keeper.signInUrl?.href ?? "", keeper.redirectUrl, page, username);
  await new StreamableHTTPClientTransport(new URL(url), { authProvider: keeper }).finishAuth(code);
}

/** Opens an authorization request, signs in, and returns the code that Cognito gives to the callback. */
export async function signInAt(url: string, callback: string, page: Page, username: string): Promise<string> {
  await page.goto(url);
  await submitLogin(page, username);
  await page.waitForURL(`${callback}**`);
  return new URL(page.url()).searchParams.get("code") ?? "";
}
