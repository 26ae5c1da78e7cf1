import { expect } from "vitest";
import type { RawResponse } from "./raw";

/** Problem details (RFC 9457) that no cache keeps, with this WWW-Authenticate line. */
export function expectProblem(response: RawResponse, status: number, challenge?: string): void {
  expect(response.status).toBe(status);
  expect(response.headers["content-type"]).toBe("application/problem+json");
  expect(JSON.parse(response.body)).toMatchObject({ status, title: expect.any(String) });
  expect(response.headers["www-authenticate"]).toBe(challenge);
  expect(response.headers.location).toBeUndefined();
  expectPrivate(response);
}

/** Whatever else Next adds: no cache keeps it. */
export function expectPrivate({ headers }: RawResponse): void {
  expect(headers["cache-control"]?.split(", ")).toEqual(expect.arrayContaining(["private", "no-store"]));
  expect(headers["cache-control"]).not.toMatch(/public|s-maxage/);
}

/** Where a redirect leads: Next shortens a URL of the server's own origin to its path. */
export function locationOf({ headers }: RawResponse, baseUrl: string): string {
  return new URL(headers.location ?? "about:blank", baseUrl).href;
}
