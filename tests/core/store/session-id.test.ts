import { describe, expect, test } from "vitest";
import { CookieJar } from "@/lib/auth/core/http/cookie-jar";
import { readSessionId, writeSessionId } from "@/lib/auth/core/store/session-id";
import { configOf, ID } from "../../support/stored";

const jarOf = (cookie: string) => new CookieJar(new Headers({ cookie }), configOf());

describe("the cookie of a session", () => {
  test("NW-08 is an id of 43 characters, or none", () => {
    expect(readSessionId(jarOf(`__Host-auth.session=${ID}`))).toBe(ID);
    const others = ["", "short", `${ID}x`, `${ID.slice(1)}.`, `${ID.slice(1)}%`, `"${ID}"`];
    for (const value of others) expect(readSessionId(jarOf(`__Host-auth.session=${value}`))).toBeNull();
    expect(readSessionId(jarOf(`__Host-auth.session=${ID}; __Host-auth.session=${ID}`))).toBeNull();
    expect(readSessionId(jarOf(`auth.session=${ID}`))).toBeNull();
  });

  test("replaces those of a session in cookies", () => {
    const jar = jarOf("__Host-auth.access=a; __Host-auth.refresh=r; __Host-auth.id.0=i");
    writeSessionId(jar, ID, Date.now() / 1000 + 600);
    expect(jar.applyToHeader("__Host-auth.access=a; __Host-auth.refresh=r")).toBe(`__Host-auth.session=${ID}`);
    expect(jar.changes.find(({ value }) => value === ID)?.maxAge).toBeLessThanOrEqual(600);
  });
});
