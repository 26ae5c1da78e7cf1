import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { type RefreshTokenState, sampleUsers, startCognito } from "../cognito/index";
import {
  authorizeUrl,
  claimsOf,
  cognito,
  get,
  publicClient,
  refresh,
  refreshed,
  tokensFor,
  useStandIn,
  uuid,
} from "./client";

useStandIn();

describe("the controls for tests", () => {
  test("authorize() plays the browser for every kind of user and page", async () => {
    for (const { username } of sampleUsers) {
      const tokens = await tokensFor(username);
      expect(claimsOf(tokens.access_token).username).toBe(username);
    }
    const fromSignup = new URL(await cognito.authorize(authorizeUrl({}, "/signup"), "ada"));
    expect(fromSignup.searchParams.get("code")).toMatch(uuid);
    const refused = await cognito.authorize(authorizeUrl({ redirect_uri: "http://evil.test" }), "ada");
    expect(refused.startsWith(`${cognito.domain}/error?error=redirect_mismatch`)).toBe(true);
  });

  test("the stand-in records every request with its parameters, status and OAuth error", async () => {
    await refresh("unknown");
    expect(cognito.requests).toHaveLength(1);
    expect(cognito.requests[0]).toMatchObject({
      at: expect.any(Number),
      endpoint: "/oauth2/token",
      method: "POST",
      headers: { "content-type": expect.stringContaining("urlencoded") },
      params: { grant_type: "refresh_token", client_id: publicClient, refresh_token: "unknown" },
      status: 400,
      error: "invalid_grant",
    });
    expect(cognito.count("token")).toBe(1);
    expect(cognito.count("/oauth2/token", ({ params }) => params.grant_type === "authorization_code")).toBe(0);
    cognito.clearRequests();
    expect(cognito.count("token")).toBe(0);
  });

  test("raw signing puts any payload and header under the right key", async () => {
    const jwt = await cognito.signIdToken({ odd: [null] }, { typ: "JWT", crit: ["x"], x: 1 });
    expect(decodeProtectedHeader(jwt)).toEqual({
      kid: cognito.keys.id.kid,
      alg: "RS256",
      typ: "JWT",
      crit: ["x"],
      x: 1,
    });
    expect(claimsOf(jwt)).toEqual({ odd: [null] });
    const plain = await cognito.signAccessToken({ sub: "s" });
    expect((await jwtVerify(plain, cognito.keys.access.publicKey)).payload).toEqual({ sub: "s" });
  });

  test("a sign-in lists its chain of refresh tokens under its origin_jti", async () => {
    cognito.settings.rotation = true;
    const tokens = await tokensFor("grace");
    const { refresh_token: second } = await refreshed(tokens.refresh_token ?? "");
    const { origin_jti: originJti } = claimsOf(tokens.access_token);
    const signIn = cognito.signIns.find((each) => each.originJti === originJti);
    expect(signIn).toMatchObject({ username: "grace", clientId: publicClient });
    expect(signIn?.refreshTokens.map((each) => each.token)).toEqual([tokens.refresh_token, second]);
    expect(cognito.newestRefreshToken(String(originJti))).toBe(second);
    expect(cognito.refreshTokenState("no such token")).toBe<RefreshTokenState>("unknown");
  });

  test("another process can control the stand-in by POST /_control, with JSON only", async () => {
    const url = new URL("/_control", cognito.issuer);
    const control = async (command: object, type = "application/json") => {
      const body = JSON.stringify(command);
      return await fetch(url, { method: "POST", body, headers: { "content-type": type } });
    };
    const result = async (command: object) => (await (await control(command)).json()).result;
    await result({ do: "settings", settings: { rotation: true } });
    expect(cognito.settings.rotation).toBe(true);
    const { refresh_token: token } = await result({ do: "issueTokens", username: "ada", clientId: publicClient });
    await result({ do: "fault", endpoint: "token", fault: { status: 500 }, times: 1 });
    expect((await refresh(token)).status).toBe(500);
    expect((await refresh(token)).status).toBe(200);
    expect(await result({ do: "refreshTokenState", token })).toBe("rotated");
    expect(await result({ do: "count", endpoint: "token", match: { grant_type: "refresh_token" } })).toBe(2);
    const kid = cognito.keys.access.kid;
    await result({ do: "rotateKeys" });
    expect(cognito.keys.access.kid).not.toBe(kid);
    expect((await control({ do: "settings" }, "text/plain")).status).toBe(415);
    expect((await control({ do: "toString" })).status).toBe(400);
    expect((await control({ do: "fault" })).status).toBe(400);
  });

  test("the stand-in answers a request with 60 kB of cookies, because all ports of a host share cookies", async () => {
    const cookie = Array.from({ length: 15 }, (_, index) => `app.${index}=${"x".repeat(4000)}`).join("; ");
    expect((await get(authorizeUrl(), { cookie })).status).toBe(302);
  });

  test("the stand-in survives an aborted request and a malformed one", async () => {
    cognito.fault("token", { delayMs: 50 }, { times: 1 });
    const body = new URLSearchParams({ grant_type: "refresh_token" });
    const signal = AbortSignal.timeout(10);
    await expect(fetch(`${cognito.domain}/oauth2/token`, { method: "POST", body, signal })).rejects.toThrow();
    const socket = connect(Number(new URL(cognito.domain).port), "127.0.0.1");
    socket.end("NONSENSE\r\n\r\n");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await get(authorizeUrl())).status).toBe(302);
  });

  test("close ends hanging requests at once, and may be repeated", async () => {
    const other = await startCognito({ clients: [] });
    other.fault("jwks", { hang: true });
    const pending = fetch(`${other.issuer}/.well-known/jwks.json`).catch(() => "ended");
    await new Promise((resolve) => setTimeout(resolve, 50));
    await other.close();
    expect(await pending).toBe("ended");
    await other.close();
  });
});

test("the stand-in imports only Node, jose and its own files, so a copy works anywhere", () => {
  const folder = fileURLToPath(new URL("../cognito", import.meta.url));
  const names = readdirSync(folder);
  const imports = names.flatMap((name) => {
    const source = readFileSync(join(folder, name), "utf8");
    return [...source.matchAll(/(?:from|import|import\() ?"([^"]+)"/g)].map(([, from = ""]) => from);
  });
  expect(imports.length).toBeGreaterThan(names.length);
  expect(imports.filter((from) => !/^(node:\w+(\/\w+)?|jose|\.\/[\w-]+)$/.test(from))).toEqual([]);
});
