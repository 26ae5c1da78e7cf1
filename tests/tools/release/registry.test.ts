// The registry item that `npx shadcn add` installs.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { MANIFEST_PATH } from "../../../lib/auth/tools/release/manifest";
import { createManifest, ROOT } from "./manifest";

interface Item {
  dependencies: string[];
  files: { path: string; type: string; target: string; content: string }[];
}

const folder = mkdtempSync(join(tmpdir(), "registry-"));
afterAll(() => rmSync(folder, { recursive: true }));
execFileSync(process.execPath, ["--import", "tsx", "tests/tools/release/registry.ts", folder], { cwd: ROOT });
const item: Item = JSON.parse(readFileSync(join(folder, "auth.json"), "utf8"));

test("the registry item holds every file of the kit, unchanged, with the path that cp gives it", () => {
  const expected = [...Object.keys(createManifest(ROOT).files), MANIFEST_PATH].sort();
  expect(item.files.map(({ path }) => path).sort()).toEqual(expected);
  for (const { path, target, type, content } of item.files) {
    expect({ path, target, type }).toEqual({ path, target: path, type: "registry:file" });
    expect(content === readFileSync(join(ROOT, path), "utf8"), path).toBe(true);
  }
});

test("the registry item installs the packages that the kit imports, and no others", () => {
  const pattern = /^(?:import|export|\}).* from "([^".@][^"]*)";$|^import "([^"]+)";$/gm;
  const code = item.files.filter(({ path }) => /\.tsx?$/.test(path));
  const imports = code.flatMap(({ content }) => [...content.matchAll(pattern)]);
  const packages = new Set(imports.map(([, from, bare]) => (from ?? bare ?? "").split("/")[0]));
  const others = [...packages].filter((name) => name && !/^(next|react|node:.*)$/.test(name));
  expect(others.sort()).toEqual([...item.dependencies].sort());
});
