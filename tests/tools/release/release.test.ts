// `release` in a copy of the kit: the differences from the release, and the plan for a newer release.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MANIFEST_PATH, readManifest } from "../../../lib/auth/tools/release/manifest";
import { hashCode } from "../../../lib/auth/tools/release/tokens";
import { createManifest, ROOT } from "./manifest";

const TSX = join(ROOT, "node_modules/tsx/dist");
const ENTRY = { sha256: "0".repeat(64), role: "security" };
let project = "";

/** A copy as the README makes it, with a manifest of today's files. */
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "release-"));
  copyKit(project);
  writeFileSync(join(project, MANIFEST_PATH), JSON.stringify(createManifest(ROOT)));
});
afterEach(() => rmSync(project, { recursive: true }));

test("the manifest lists the files of this repository (npm run stamp)", () => {
  expect(readManifest(join(ROOT, MANIFEST_PATH))).toEqual(createManifest(ROOT));
});

test("a fresh copy has no differences", () => {
  const { status, lines } = runNode([join(TSX, "cli.mjs"), "lib/auth/tools/release"]);
  expect({ status, title: lines[0] }).toEqual({
    status: 0,
    title: expect.stringMatching(/: \d+ files unchanged, 0 differ/),
  });
});

test("release names a changed file of the kit, and fails", () => {
  edit("lib/auth/core/tokens/verify.ts");
  const { status, lines } = run();
  expect(status).toBe(1);
  expect(lines.slice(1)).toEqual(["changed security lib/auth/core/tokens/verify.ts", "Security files among them: 1."]);
});

test("release names a missing file of the kit, and fails", () => {
  rmSync(join(project, "app/auth/logout/route.ts"));
  const { status, lines } = run();
  expect(status).toBe(1);
  expect(lines).toContain("missing security app/auth/logout/route.ts");
});

test("release fails when a file replaces one of the kit's or adds a route under /auth", () => {
  const added = ["app/auth/debug/route.ts", "lib/auth/api.tsx", "lib/auth/core/tokens/keys.js", "middleware.js"];
  for (const path of added) write(path);
  const lines = expect.arrayContaining(added.map((path) => `added security ${path}`));
  expect(run()).toMatchObject({ status: 1, lines });
});

test("release succeeds when only your own files are changed or added", () => {
  for (const path of ["middleware.ts", "lib/auth/events.ts", "lib/auth/tenants.ts", "app/auth/error/page.tsx"])
    edit(path);
  write("lib/auth/notes.ts");
  const { status, lines } = run();
  expect({ status, last: lines.at(-1) }).toEqual({ status: 0, last: "Security files among them: 0." });
  expect(lines).toEqual(
    expect.arrayContaining([
      "changed yours lib/auth/events.ts",
      "changed yours lib/auth/tenants.ts",
      "changed yours middleware.ts",
      "added other lib/auth/notes.ts",
    ]),
  );
});

test("release ignores CRLF line ends", () => {
  const path = join(project, "lib/auth/core/session/session.ts");
  writeFileSync(path, readFileSync(path, "utf8").replaceAll("\n", "\r\n"));
  expect(run().status).toBe(0);
});

test("release finds a copy in src with proxy.ts", () => {
  mkdirSync(join(project, "src"));
  for (const name of ["lib", "app"]) renameSync(join(project, name), join(project, "src", name));
  renameSync(join(project, "middleware.ts"), join(project, "src/proxy.ts"));
  expect(run([], "src/lib/auth/tools/release")).toMatchObject({
    status: 0,
    lines: expect.arrayContaining([expect.stringContaining(" 0 differ")]),
  });
  edit("src/proxy.ts");
  edit("src/app/auth/login/route.ts");
  expect(run([], "src/lib/auth/tools/release").lines).toEqual(
    expect.arrayContaining(["changed security src/app/auth/login/route.ts", "changed yours src/proxy.ts"]),
  );
});

test.each([["a checkout"], ["its manifest"]])(
  "--against %s lists the files to delete, to copy and to merge",
  (kind) => {
    const newer = join(project, "newer");
    copyKit(newer);
    edit("newer/lib/auth/core/tokens/verify.ts");
    edit("newer/middleware.ts");
    edit("newer/lib/auth/tenants.ts");
    write("newer/lib/auth/core/base/added.ts");
    rmSync(join(newer, "lib/auth/core/base/json.ts"));
    cpSync(join(ROOT, "package.json"), join(newer, "package.json"));
    writeFileSync(join(newer, MANIFEST_PATH), JSON.stringify({ ...createManifest(newer), version: "9.0.0" }));
    for (const path of ["lib/auth/core/tokens/verify.ts", "lib/auth/tenants.ts", "middleware.ts"]) edit(path);
    const { status, lines } = run(["--against", kind === "a checkout" ? "newer" : `newer/${MANIFEST_PATH}`]);
    expect(status).toBe(1);
    expect(lines.slice(1)).toEqual([
      "delete security lib/auth/core/base/json.ts",
      "copy security lib/auth/core/base/added.ts",
      "copy security lib/auth/core/tokens/verify.ts (changed here: look before you copy it)",
      "merge yours lib/auth/tenants.ts",
      "merge yours middleware.ts",
      "Security files among them: 3.",
    ]);
  },
);

test("--against the same release lists no files", () => {
  const { status, lines } = run(["--against", MANIFEST_PATH]);
  expect({ status, lines }).toEqual({
    status: 0,
    lines: [expect.stringContaining(": 0 files, 0 lines"), expect.anything()],
  });
});

test("release exits with code 2 for a file that is not a manifest and for an unknown option", () => {
  expect(run(["--against", "package.json"])).toMatchObject({ status: 2, lines: [] });
  expect(run(["--against", "nowhere"])).toMatchObject({ status: 2, lines: [] });
  expect(run(["--agianst", "x"])).toMatchObject({ status: 2, lines: [] });
});

test("AT-17 release prints only printable characters of a manifest, and each name in one line", () => {
  const evil = {
    version: "9\u001b[2J\u0007",
    files: { "lib/auth/a\u001b]0;x\u0007\n  copy other b": ENTRY, "é\u202e\u009b": ENTRY },
  };
  writeFileSync(join(project, "evil.json"), JSON.stringify(evil));
  const { status, lines, output } = run(["--against", "evil.json"]);
  expect(output).toMatch(/^[\x20-\x7e\n]*$/);
  expect({ status, count: lines.length }).toEqual({
    status: 1,
    count: Object.keys(createManifest(ROOT).files).length + 4,
  });
  writeFileSync(join(project, "worse.json"), "\u001b[2J");
  expect(run(["--against", "worse.json"]).output).toMatch(/^[\x20-\x7e\n]*$/);
});

test("AT-17 release fails for a second middleware file, with any name that Next accepts", () => {
  const names = ["middleware", "proxy"].flatMap((name) =>
    ["js", "jsx", "ts", "tsx", "mjs"].map((it) => `${name}.${it}`),
  );
  const rivals = names.filter((name) => name !== "middleware.ts");
  for (const name of rivals) write(name);
  expect(run()).toMatchObject({
    status: 1,
    lines: expect.arrayContaining(rivals.map((name) => `added security ${name}`)),
  });
});

test.each([
  ["80 columns", { formatter: { lineWidth: 80, indentStyle: "space" } }],
  [
    "100 columns, other quotes, no trailing commas",
    {
      formatter: { lineWidth: 100, indentStyle: "space" },
      javascript: { formatter: { quoteStyle: "single", trailingCommas: "none" } },
    },
  ],
  ["tabs, and arrow functions without brackets", { javascript: { formatter: { arrowParentheses: "asNeeded" } } }],
])("release succeeds in a copy that a formatter changed (%s)", (_, config) => {
  const biome = join(ROOT, "node_modules/@biomejs/biome/bin/biome");
  writeFileSync(join(project, "biome.json"), JSON.stringify(config));
  const paths = ["lib", "app", "middleware.ts"];
  const formatted = spawnSync(process.execPath, [biome, "format", "--write", ...paths], { cwd: project });
  expect(formatted.status).toBe(0);
  writeFileSync(join(project, MANIFEST_PATH), JSON.stringify(createManifest(ROOT)));
  const { status, lines } = run();
  expect(lines[0]).toMatch(/: \d+ files unchanged, \d differ\. In \d{2,3} more only the formatting differs\.$/);
  expect(lines.filter((line) => / (security|yours) /.test(line))).toEqual([]);
  expect(status).toBe(0);
});

test.each([
  ["a statement in a comment", "if (a) b();\n// note\nc();", "if (a) b();\n// note c();\n"],
  ["a space in a string", 'f("a b");', 'f("ab");'],
  ["a return that ends at its line", "return\na;", "return a;"],
  ["a bracket that groups", "x = a && (b || c);", "x = a && b || c;"],
  ["a bracket that calls", "x = a.default(b);", "x = a.default; b;"],
  ["an object for a block", "x = () => ({ a });", "x = () => { a };"],
  ["a hole in an array", "x = [a, , b];", "x = [a, b];"],
  ["a regular expression", "x = /a b'/;", "x = /ab'/;"],
  ["a template", "x = `a  b`;", "x = `a b`;"],
  ["an operator", "x = a++ + b;", "x = a + ++b;"],
  ["an empty statement", "if (a); b();", "if (a) b();"],
])("release reports a change of %s, which a formatter does not make", (_, before, after) => {
  expect(hashCode(before)).not.toBeNull();
  expect(hashCode(before)).not.toBe(hashCode(after));
});

test("release reports a change of a file that it cannot read", () => {
  expect(hashCode("x = `a")).toBeNull();
});

function run(args: string[] = [], folder = "lib/auth/tools/release") {
  return runNode(["--import", join(TSX, "loader.mjs"), `${folder}/index.ts`, ...args]);
}

function runNode(args: string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: project, encoding: "utf8" });
  const lines = stdout.split("\n").filter(Boolean);
  return { status, output: stdout + stderr, lines: lines.map((line) => line.trim().replace(/ +/g, " ")) };
}

function copyKit(to: string): void {
  for (const path of ["lib/auth", "app/auth", "middleware.ts"])
    cpSync(join(ROOT, path), join(to, path), { recursive: true });
  writeFileSync(join(to, "package.json"), "{}");
}

function edit(path: string): void {
  writeFileSync(join(project, path), `${readFileSync(join(project, path), "utf8")}\n// changed\n`);
}

function write(path: string): void {
  mkdirSync(dirname(join(project, path)), { recursive: true });
  writeFileSync(join(project, path), "export {};\n");
}
