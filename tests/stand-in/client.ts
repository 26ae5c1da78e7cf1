// A client of the stand-in, for its own tests: the requests that an app and a browser send.
import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { type Cognito, startCognito } from "../cognito/index";

// RFC 7636 appendix B.
export const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
export const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
export const callback = "http://127.0.0.1:3000/auth/callback";
export const publicClient = "public";
export const secretClient = "confidential";
export const secrets = ["first+secret-0123456789abcd", "second-secret-0123456789ab"] as const;
export const machine = "machine";
export const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

/** The running stand-in. */
export let cognito: Cognito;
let initialSettings: Cognito["settings"];

/** Starts a stand-in for the tests of one file. Each test begins with the first settings, without faults and requests. */
export function useStandIn(): void {
  beforeAll(async () => {
    cognito = await startCognito({
      clients: [
        { clientId: publicClient, callbackUrls: [callback], logoutUrls: ["http://127.0.0.1:3000"] },
        { clientId: secretClient, clientSecrets: secrets, callbackUrls: [callback], logoutUrls: [] },
        { clientId: "keeps", callbackUrls: [callback], logoutUrls: [], revocation: false },
        {
          clientId: machine,
          clientSecret: secrets[0],
          callbackUrls: [],
          logoutUrls: [],
          grants: ["client_credentials"],
          scopes: ["api/read", "api/write"],
        },
      ],
    });
    initialSettings = structuredClone(cognito.settings);
  });

  beforeEach(() => {
    Object.assign(cognito.settings, structuredClone(initialSettings));
    cognito.clearFaults();
    cognito.clearRequests();
  });

  afterAll(() => cognito.close());
}

export type Params = Record<string, string>;

export function authorizeUrl(params: Record<string, string | undefined> = {}, path = "/oauth2/authorize"): string {
  const url = new URL(path, cognito.domain);
  const all = {
    response_type: "code",
    client_id: publicClient,
    redirect_uri: callback,
    scope: "openid email profile",
    state: "state-1",
    nonce: "nonce-1",
    code_challenge: challenge,
    code_challenge_method: "S256",
    ...params,
  };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

export async function get(url: string, headers: Params = {}): Promise<Response> {
  return await fetch(new URL(url, cognito.domain), { redirect: "manual", headers });
}

export async function post(path: string, form: Params, headers: Params = {}): Promise<Response> {
  const body = new URLSearchParams(form);
  return await fetch(new URL(path, cognito.domain), { method: "POST", body, headers, redirect: "manual" });
}

export function locationOf(response: Response): URL {
  return new URL(response.headers.get("location") ?? "about:blank");
}

export async function redirectParams(params: Record<string, string | undefined>): Promise<Params> {
  const location = locationOf(await get(authorizeUrl(params)));
  expect(location.href.startsWith(`${callback}?`)).toBe(true);
  return Object.fromEntries(location.searchParams);
}

export async function codeFor(username = "ada", params: Record<string, string | undefined> = {}): Promise<string> {
  const url = new URL(await cognito.authorize(authorizeUrl(params), username));
  return url.searchParams.get("code") ?? "";
}

export function redeem(code: string, form: Params = {}, headers: Params = {}): Promise<Response> {
  const usual = { grant_type: "authorization_code", client_id: publicClient, redirect_uri: callback };
  return post("/oauth2/token", { ...usual, code, code_verifier: verifier, ...form }, headers);
}

export function refresh(token: string, form: Params = {}): Promise<Response> {
  const usual = { grant_type: "refresh_token", client_id: publicClient, refresh_token: token };
  return post("/oauth2/token", { ...usual, ...form });
}

export async function refreshed(token: string): Promise<Params> {
  const response = await refresh(token);
  expect(response.status).toBe(200);
  return await response.json();
}

export function revoke(token: string, form: Params = { client_id: publicClient }): Promise<Response> {
  return post("/oauth2/revoke", { token, ...form });
}

export function userInfo(token: string): Promise<Response> {
  return get("/oauth2/userInfo", { authorization: `Bearer ${token}` });
}

export async function tokensFor(username = "ada", params: Record<string, string | undefined> = {}): Promise<Params> {
  const response = await redeem(await codeFor(username, params));
  expect(response.status).toBe(200);
  return await response.json();
}

export function claimsOf(token: string | undefined): Record<string, unknown> {
  return decodeJwt(token ?? "");
}

export function basic(id: string, secret: string): Params {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` };
}

export async function ssoCookie(username = "ada"): Promise<string> {
  const login = authorizeUrl({}, "/login");
  const response = await post(login, { username, password: "Passw0rd!" });
  return response.headers.get("set-cookie")?.split(";", 1)[0] ?? "";
}
