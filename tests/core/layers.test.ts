// The order of the layers is in .biome.json. These tests see that the linter enforces it, and that tests mirror core.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BIOME = createRequire(import.meta.url).resolve("@biomejs/biome/bin/biome");
/** Files without a test of their own, and why. */
const WITHOUT_TESTS: Readonly<Record<string, string>> = {
  "base/session-store": "types only",
  "session/authentication": "types only",
  "session/sessions": "types only",
  "tokens/claims": "types only",
};
const LAYERS = ["base", "http", "tokens", "session", "sign-in", "store"];

mkdirSync(`${ROOT}tests/.output`, { recursive: true });
const folder = mkdtempSync(`${ROOT}tests/.output/layers-`);
afterAll(() => rmSync(folder, { recursive: true }));

/** The imports of one file at `path` that the linter rejects. */
function rejected(path: string, specifiers: readonly string[]): string[] {
  const { vcs, ...config } = JSON.parse(readFileSync(`${ROOT}.biome.json`, "utf8"));
  writeFileSync(join(folder, ".biome.json"), JSON.stringify({ ...config, vcs: { ...vcs, enabled: false } }));
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), specifiers.map((it, i) => `import { x${i} } from "${it}";\n`).join(""));
  const args = [BIOME, "lint", "--only=style/noRestrictedImports", "--reporter=json", "--max-diagnostics=100", path];
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  const { diagnostics }: { diagnostics: { location: { start: { line: number } } }[] } = JSON.parse(stdout);
  return diagnostics.map(({ location }) => specifiers[location.start.line - 1] ?? "");
}

test("every folder of core is a layer with a place in the order", () => {
  const entries = readdirSync(`${ROOT}lib/auth/core`, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  expect(folders.toSorted()).toEqual(LAYERS.toSorted());
});

test.each(LAYERS)("a file of %s imports jose, its own layer and those below, and nothing else", (layer) => {
  const below = LAYERS.slice(0, LAYERS.indexOf(layer)).map((name) => `../${name}/file`);
  const above = LAYERS.slice(LAYERS.indexOf(layer) + 1).map((name) => `../${name}/file`);
  const outside = ["../authenticate", "../../session", "@/lib/auth/session", "next", "next/server", "react", "node:fs"];
  const found = rejected(`lib/auth/core/${layer}/new.ts`, ["jose/base64url", "./file", ...below, ...above, ...outside]);
  expect(found).toEqual([...above, ...outside]);
});

test("the top of core imports its layers, and no framework", () => {
  const outside = ["../session", "next/server", "react", "@/lib/auth/session"];
  expect(rejected("lib/auth/core/new.ts", [...LAYERS.map((name) => `./${name}/file`), ...outside])).toEqual(outside);
});

test("pages, middleware and the copier's files import no core", () => {
  const core = ["@/lib/auth/core/authenticate", "@/lib/auth/core/base/config"];
  const yours = ["app/auth/error/page.tsx", "lib/auth/events.ts", "lib/auth/sign-in.ts"];
  for (const path of ["middleware.ts", "app/page.tsx", ...yours]) {
    expect(rejected(path, ["@/lib/auth/session", ...core])).toEqual(core);
  }
  expect(rejected("lib/auth/events.ts", ["./session", "./core/base/errors"])).toEqual(["./core/base/errors"]);
});

test("an opt-in file imports the doors, and no other file of the kit", () => {
  const doors = ["@/lib/auth/session", "@/lib/auth/api", "@/lib/auth/middleware"];
  const kit = [
    "@/lib/auth/core/base/config",
    "@/lib/auth/events",
    "@/app/page",
    "./other",
    "../other",
    "../auth/session",
  ];
  expect(rejected("lib/auth-extras/new.ts", ["next/server", "react", ...doors, ...kit])).toEqual(kit);
  const packages = ["redis", "aws4fetch"];
  for (const [store, own] of Object.entries({ memory: [], redis: ["redis"], dynamodb: ["aws4fetch"] })) {
    const others = [...packages.filter((name) => own.every((it) => it !== name)), "node:fs", "next/server", ...kit];
    expect(rejected(`lib/auth-extras/stores/${store}.ts`, [...own, ...doors, ...others])).toEqual(others);
  }
});

/** The files below a folder that end in `ending`, as `layer/name`, without the ending. */
function filesIn(folder: string, ending: string): string[] {
  const files = readdirSync(ROOT + folder, { recursive: true, encoding: "utf8" });
  return files.filter((path) => path.endsWith(ending)).map((path) => path.slice(0, -ending.length));
}

test("every test of core is beside the file that it proves, and every file of core has a test", () => {
  const sources = new Set(filesIn("lib/auth/core", ".ts"));
  const tests = filesIn("tests/core", ".test.ts").filter((path) => path !== "layers");
  const proved = new Set(tests.map((path) => path.replace(/\.[\w-]+$/, ""))); // Without the aspect.
  expect([...proved].filter((path) => !sources.has(path))).toEqual([]);
  expect([...sources].filter((path) => !proved.has(path)).toSorted()).toEqual(Object.keys(WITHOUT_TESTS).toSorted());
});

test("the map in lib/auth/README.md names every file of core", () => {
  const map = readFileSync(`${ROOT}lib/auth/README.md`, "utf8");
  const missing = filesIn("lib/auth/core", ".ts").filter((path) => !map.includes(`\`${basename(path)}.ts\``));
  expect(missing).toEqual([]);
});
