import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Variant, variantFolder } from "./support/variants";

interface Manifest {
  readonly middleware: Readonly<Record<string, { files: string[]; matchers: { originalSource: string }[] }>>;
}

async function readManifest(variant: Variant): Promise<Manifest> {
  return JSON.parse(await readFile(join(variantFolder(variant), ".next/server/middleware-manifest.json"), "utf8"));
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
