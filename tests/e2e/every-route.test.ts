import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DOCUMENT, FETCH, raw } from "./support/raw";
import { openStage, type Stage } from "./support/stage";
import { variantFolder } from "./support/variants";

// Deny by default, asked of the build itself: a page that somebody adds tomorrow is in its manifest, and so in here.
// Each private page and answer carries a canary; whoever may not see it must not receive a byte of it.
const CANARY = /data-canary|private-canary/;
const PUBLIC = ["/", "/pub", "/draft", "/api/echo", "/api/tenant", "/_not-found", "/_global-error"];
const ADMINS_ONLY = ["/admin"];

let stage: Stage;
let routes: readonly string[];
beforeAll(async () => {
  stage = await openStage({ variant: "middleware", https: false });
  const manifest = join(variantFolder("middleware"), ".next/server/app-paths-manifest.json");
  routes = [...new Set(Object.keys(JSON.parse(await readFile(manifest, "utf8"))).map(addressOf))].sort();
});
afterAll(() => stage?.close());

/** "/(team)/u/[name]/page" → "/u/name.with.dots", and the same for [[...path]] */
function addressOf(entry: string): string {
  const path = entry.replace(/\/(page|route)$/, "").replace(/\/(\([\w-]+\)|@\w+)(?=\/|$)/g, "");
  return path.replace(/\(\.+\)/g, "").replace(/\[+[^\]]+\]+/g, "name.with.dots") || "/";
}

const cookieOf = (username: string) => stage.cookieOf(username);

test("the manifest names every page, action and API of the app", () => {
  expect(routes).toEqual(
    expect.arrayContaining(["/", "/admin", "/api/me", "/auth/login", "/dashboard", "/u/name.with.dots", "/vault"]),
  );
});

test("NX-01 NX-11 a stranger receives nothing private from any route of the build", async () => {
  for (const path of routes) {
    for (const headers of [DOCUMENT, FETCH, { ...FETCH, rsc: "1" }, {}]) {
      const answer = await raw(stage.baseUrl + path, { headers });
      expect(answer.body, path).not.toMatch(CANARY);
      const isOpen = PUBLIC.includes(path) || /^\/(auth|\.well-known)\//.test(path) || path === "/api/activities/home";
      // 307: Next itself puts its cache buster into the address of an RSC request, whoever asks. 405: only POST is served.
      if (!isOpen) expect([303, 307, 401, 405], path).toContain(answer.status);
    }
  }
});

test("HD-02 somebody without the group receives nothing of what is for the group", async () => {
  const cookie = await cookieOf("grace");
  for (const path of ADMINS_ONLY) {
    for (const headers of [DOCUMENT, FETCH, { ...FETCH, rsc: "1" }]) {
      const answer = await raw(stage.baseUrl + path, { headers: { ...headers, cookie } });
      expect([answer.status, CANARY.test(answer.body)]).toEqual([403, false]);
    }
  }
});

test("whoever may see a private page does find its canary", async () => {
  const cookie = await cookieOf("ada");
  const isPage = (path: string) => !/^\/(api|auth|draft|_|\.well-known)/.test(path) && !PUBLIC.includes(path);
  for (const path of routes.filter(isPage)) {
    expect((await raw(stage.baseUrl + path, { headers: { ...DOCUMENT, cookie } })).body, path).toMatch(CANARY);
  }
});
