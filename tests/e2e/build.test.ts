import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { startAppServer } from "./support/app-server";
import { findFreePort } from "./support/ports";
import { DOCUMENT, raw } from "./support/raw";
import { IDLE_MIDDLEWARE, nextCommand, type Variant, variantFolder } from "./support/variants";

const BUILD_MS = 300_000; // A build takes long on a machine that does other work.

interface Manifest {
  readonly middleware: Readonly<
    Record<string, { files: string[]; matchers: { originalSource: string; regexp: string }[] }>
  >;
}

async function readManifest(variant: Variant): Promise<Manifest> {
  return JSON.parse(await readFile(join(variantFolder(variant), ".next/server/middleware-manifest.json"), "utf8"));
}

async function readEdgeChunks(variant: Variant): Promise<readonly Buffer[]> {
  const folder = join(variantFolder(variant), ".next/server/edge/chunks");
  const chunks = (await readdir(folder)).filter((file) => file.endsWith(".js"));
  return Promise.all(chunks.map((file) => readFile(join(folder, file))));
}

test("middleware.ts runs in the edge runtime", async () => {
  const { middleware } = await readManifest("middleware");
  expect(Object.keys(middleware)).toEqual(["/"]);
  expect(middleware["/"]?.files.every((file) => file.startsWith("server/edge/"))).toBe(true);
});

test("proxy.ts, the same file, runs in Node", async () => {
  expect((await readManifest("proxy")).middleware).toEqual({});
});

test("the variant without middleware has none for any page", async () => {
  const matchers = Object.values((await readManifest("no-middleware")).middleware).flatMap((entry) => entry.matchers);
  expect(matchers.map(({ originalSource }) => originalSource)).toEqual(["/no-page-is-here"]);
});

test("NX-11 with a base path, middleware sees the start page too", async () => {
  const matchers = Object.values((await readManifest("base-path")).middleware).flatMap((entry) => entry.matchers);
  const isSeen = (path: string) => matchers.some(({ regexp }) => new RegExp(regexp).test(path));
  const seen = ["/app/en", "/app/en/dashboard", "/en"].map(isSeen); // The build has i18n: Next adds the locale.
  expect(seen).toEqual([true, true, false]);
});

test("middleware adds at most 40 kB to an empty one, 14,000 bytes when zipped", async () => {
  const measure = async (variant: Variant) => {
    const contents = await readEdgeChunks(variant);
    const sum = (sizes: number[]) => sizes.reduce((total, size) => total + size, 0);
    return { raw: sum(contents.map((it) => it.length)), zipped: sum(contents.map((it) => gzipSync(it).length)) };
  };
  const [full, empty] = [await measure("middleware"), await measure("no-middleware")];
  expect(full.raw - empty.raw).toBeLessThanOrEqual(40 * 1024);
  expect(full.zipped - empty.zipped).toBeLessThanOrEqual(14_000);
});

test("without a store, middleware has no code of stored sessions, and with one it has", async () => {
  const words = ["stored session", "user index", "notBefore", "The store did not answer"];
  const found = async (variant: Variant) => {
    const text = Buffer.concat([...(await readEdgeChunks(variant))]).toString();
    return words.filter((word) => text.includes(word));
  };
  expect(await found("middleware")).toEqual([]);
  expect(await found("base-path")).toEqual(words);
});

test("NX-26 CF-11 Next is at a version without a known middleware bypass, and locked", async () => {
  const read = async (file: string) => JSON.parse(await readFile(new URL(`../../${file}`, import.meta.url), "utf8"));
  const [{ dependencies }, lock] = [await read("package.json"), await read("package-lock.json")];
  expect(dependencies.next).toMatch(/^\^16\.4\./);
  expect(lock.packages["node_modules/next"].version).toMatch(/^16\.(4|5)\./);
  expect(Object.keys(dependencies).sort()).toEqual(["jose", "next", "react", "react-dom", "server-only"]);
});

test("NX-25 middleware.ts and proxy.ts at once are noticed by the build", { timeout: BUILD_MS }, async () => {
  const folder = join(variantFolder("middleware"), "../both");
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "app"), { recursive: true });
  for (const file of ["middleware.ts", "proxy.ts"]) await writeFile(join(folder, file), IDLE_MIDDLEWARE);
  await writeFile(join(folder, "app/route.ts"), "export const GET = () => new Response();");
  const { file, args, env } = nextCommand(["build"]);
  await expect(promisify(execFile)(file, args, { cwd: folder, env })).rejects.toThrow(/proxy/i);
});

test("CF-05 CF-01 without variables it builds, and does not run: the first request tells which are missing", async () => {
  const port = await findFreePort();
  const server = await startAppServer("middleware", port, {});
  for (const path of ["/dashboard", "/api/me", "/auth/login"]) {
    expect((await raw(`http://localhost:${port}${path}`, { headers: DOCUMENT })).status).toBe(500);
  }
  await server.stop();
  for (const name of ["COGNITO_ISSUER", "COGNITO_DOMAIN", "COGNITO_CLIENT_ID", "APP_BASE_URL"]) {
    expect(server.output()).toContain(`${name} is missing`);
  }
});

test("NX-21 a client component that imports the session's code does not build", { timeout: BUILD_MS }, async () => {
  const folder = join(variantFolder("middleware"), "../client-import");
  await rm(folder, { recursive: true, force: true });
  await cp(join(variantFolder("middleware"), "lib"), join(folder, "lib"), { recursive: true });
  await mkdir(join(folder, "app"));
  await writeFile(join(folder, "middleware.ts"), IDLE_MIDDLEWARE);
  const layout =
    "export default ({ children }: { children: unknown }) => <html><body>{children as string}</body></html>;";
  await writeFile(join(folder, "app/layout.tsx"), layout);
  const page =
    '"use client";\nimport { getSession } from "../lib/auth/session";\nexport default () => <p>{String(getSession)}</p>;';
  await writeFile(join(folder, "app/page.tsx"), page);
  const { file, args, env } = nextCommand(["build"]);
  await expect(promisify(execFile)(file, args, { cwd: folder, env })).rejects.toThrow(/server-only|Server Component/);
});
