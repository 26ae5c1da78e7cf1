import { decodeProtectedHeader } from "jose";
import { describe, expect, test } from "vitest";
import type { RefreshTokenState } from "../cognito/index";
import { claimsOf, codeFor, cognito, redeem, refresh, tokensFor, useStandIn } from "./client";

useStandIn();

describe("faults", () => {
  const jwksUrl = () => `${cognito.issuer}/.well-known/jwks.json`;

  test("a fault with a status and a body replaces the response, as often as requested", async () => {
    const { refresh_token: token = "" } = await tokensFor();
    cognito.fault("token", { status: 429, body: "<h1>Too many</h1>", headers: { "Retry-After": "2" } }, { times: 1 });
    cognito.fault("token", { status: 500, body: { error: "server_error" } }, { times: 1 });
    const throttled = await refresh(token);
    expect([throttled.status, throttled.headers.get("retry-after")]).toEqual([429, "2"]);
    expect(throttled.headers.get("content-type")).toContain("text/html");
    expect(await (await refresh(token)).json()).toEqual({ error: "server_error" });
    expect((await refresh(token)).status).toBe(200);
  });

  test("a fault can wait for matching parameters and can be cleared", async () => {
    const { refresh_token: token = "" } = await tokensFor();
    cognito.fault("token", { status: 503 }, { match: { grant_type: "refresh_token" } });
    expect((await redeem(await codeFor())).status).toBe(200);
    expect((await refresh(token)).status).toBe(503);
    cognito.clearFaults();
    expect((await refresh(token)).status).toBe(200);
  });

  test("a fault can delay the normal response", async () => {
    cognito.fault("jwks", { delayMs: 80 });
    const started = performance.now();
    expect((await fetch(jwksUrl())).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThan(70);
  });

  test("a hanging endpoint never answers", async () => {
    cognito.fault("jwks", { hang: true });
    await expect(fetch(jwksUrl(), { signal: AbortSignal.timeout(100) })).rejects.toThrow();
    expect(cognito.requests.at(-1)?.status).toBe(0);
  });

  test("a reset before the work keeps the refresh token, and a reset after the work has rotated it", async () => {
    cognito.settings.rotation = true;
    const { refresh_token: token = "" } = await tokensFor();
    cognito.fault("token", { reset: true }, { times: 1 });
    await expect(refresh(token)).rejects.toThrow();
    expect(cognito.refreshTokenState(token)).toBe<RefreshTokenState>("valid");
    cognito.fault("token", { resetAfter: true }, { times: 1 });
    await expect(refresh(token)).rejects.toThrow();
    expect(cognito.refreshTokenState(token)).toBe<RefreshTokenState>("rotated");
  });

  test("a truncated response ends in the middle", async () => {
    cognito.fault("jwks", { truncate: true });
    const response = await fetch(jwksUrl());
    expect(Number(response.headers.get("content-length"))).toBeGreaterThan(500);
    await expect(response.text()).rejects.toThrow();
  });

  test("an oversize response is JSON, and a slow one arrives in pieces", async () => {
    cognito.fault("jwks", { oversize: 300_000 }, { times: 1 });
    const large = await (await fetch(jwksUrl())).text();
    expect(large.length).toBeGreaterThan(300_000);
    expect(JSON.parse(large).keys).toHaveLength(2);
    cognito.fault("jwks", { slowBody: 1 }, { times: 1 });
    const started = performance.now();
    expect((await (await fetch(jwksUrl())).json()).keys).toHaveLength(2);
    expect(performance.now() - started).toBeGreaterThan(40);
  });

  test("a fault can redirect to any address", async () => {
    cognito.fault("token", { redirect: "http://evil.test/" });
    const answer = await refresh("any");
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "http://evil.test/"]);
  });

  test("a fault can change a response, its claims and its JOSE headers", async () => {
    cognito.fault("token", {
      transform: ({ id_token: _, ...rest }) => ({ ...rest, token_type: "DPoP" }),
      claims: { access: (claims) => ({ ...claims, iss: "http://evil.test" }) },
      header: { access: (header) => ({ ...header, kid: "unknown" }) },
    });
    const tokens = await tokensFor();
    expect(tokens.token_type).toBe("DPoP");
    expect(tokens).not.toHaveProperty("id_token");
    expect(claimsOf(tokens.access_token).iss).toBe("http://evil.test");
    expect(decodeProtectedHeader(tokens.access_token ?? "").kid).toBe("unknown");
  });
});
