// An upgrade of a project with release 0.1.0, whose core and tools were in other folders.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hashFile, MANIFEST_PATH, readManifest } from "../../../lib/auth/tools/release/manifest";
import { DOOR_NAMES } from "../../../lib/auth/tools/release/references";
import { createManifest, ROOT } from "./manifest";

const TSX = join(ROOT, "node_modules/tsx/dist/loader.mjs"); // One process less than with npx.
const FIXTURES = fileURLToPath(new URL("fixtures/0.1.0", import.meta.url));
const FORMER_MANIFEST = "lib/auth/release/manifest.json";
const folder = mkdtempSync(join(tmpdir(), "upgrade-"));
const newer = join(folder, "newer");
const copy = join(folder, "copy");
const PATHS = { "@/*": ["./*"], "@auth/*": ["./lib/auth/*"], "#core/*": ["./lib/auth/core/*"] };
let app = "";
let count = 0;

beforeAll(() => {
  copyKit(newer);
  writeFileSync(join(newer, MANIFEST_PATH), JSON.stringify({ ...createManifest(ROOT), version: "0.2.0" }));
  createCopy();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Each test changes an app of its own, with an unchanged copy of 0.1.0. */
beforeEach(() => {
  app = join(folder, `app${count}`);
  count += 1;
  cpSync(copy, app, { recursive: true });
});

test("an upgrade deletes every file of the old layout, and copies every file of the new one", () => {
  const { status, rows, advice } = upgrade();
  const current = Object.keys(createManifest(ROOT).files);
  const gone = Object.keys(formerFiles()).filter((path) => !current.includes(path));
  expect(pathsOf(rows, "delete").toSorted()).toEqual([...gone, FORMER_MANIFEST].toSorted());
  expect(pathsOf(rows, "copy")).toEqual(current);
  expect(rows.filter(({ kind }) => kind !== "delete" && kind !== "copy")).toEqual([]);
  expect(advice).toBe("Before you copy: rm -r lib/auth/core lib/auth/doctor lib/auth/pool lib/auth/release");
  expect(status).toBe(1);
});

test("an upgrade merges your changed files, and asks you to look at other changed files first", () => {
  for (const path of ["middleware.ts", "lib/auth/events.ts", "app/auth/error/page.tsx"]) edit(path);
  for (const path of ["lib/auth/api.ts", "lib/auth/core/keys.ts"]) edit(path);
  const { rows } = upgrade();
  expect(pathsOf(rows, "merge")).toEqual(["app/auth/error/page.tsx", "lib/auth/events.ts", "middleware.ts"]);
  expect(pathsOf(rows, "copy")).toContain("lib/auth/api.ts (changed here: look before you copy it)");
  expect(pathsOf(rows, "delete")).toContain("lib/auth/core/keys.ts (changed here: look before you delete it)");
});

test("an upgrade never copies over a file of yours that the old release did not have", () => {
  write("lib/auth/tenants.ts", "export const tenants = [];\n");
  const { rows } = upgrade();
  expect(pathsOf(rows, "merge")).toEqual(["lib/auth/tenants.ts"]);
  expect(rows.some(({ kind, text }) => kind === "copy" && text.startsWith("lib/auth/tenants.ts"))).toBe(false);
});

const IMPORTS = [
  ['import { AuthError } from "@/lib/auth/core/errors";', "@/lib/auth/session"],
  ['import type { Session as S, User } from "../lib/auth/core/session.js";', "../lib/auth/session"],
  ['import { type AuthEvent } from "~/lib/auth/core/events";', "~/lib/auth/session"],
  ['import {\n  AuthErrorCode,\n} from "@/src/lib/auth/core/errors";', "@/src/lib/auth/session"],
  ['import type { AuthEvent } from "@auth/core/events";', "@auth/session"],
  ['import type { AuthEvent } from "#core/events";', "@/lib/auth/session"],
  ['export type { Requirement } from "@/lib/auth/core/session";', "@/lib/auth/session"],
  ['declare module "@/lib/auth/core/verify" { interface IdTokenClaims { a: { b: 1 } } }', "@/lib/auth/session"],
  ['declare module "@/lib/auth/core/session" {\n interface GroupNames { a: true }\n}', "@/lib/auth/session"],
  ['const x = await import("@/lib/auth/core/errors");', "@/lib/auth/session  (which exports a part of core)"],
  ['vi.mock("../lib/auth/core/keys");', "../lib/auth/session  (which exports a part of core)"],
  ['import { getConfig } from "@/lib/auth/core/config";', "no door: only the kit may use getConfig"],
  [
    'import { createSession, Session } from "@/lib/auth/core/session";',
    "@/lib/auth/session and no door: only the kit may use createSession",
  ],
  ['import { authenticate } from "@/lib/auth/core/authenticate";', "no door: only the kit may use authenticate"],
  ['import { readManifest } from "@/lib/auth/release/compare";', "lib/auth/tools/release/compare"],
];

describe("an upgrade names the import to rewrite, its line and the door", () => {
  let rewrites: readonly string[] = [];
  beforeAll(() => {
    app = join(folder, "imports");
    cpSync(copy, app, { recursive: true });
    write("tsconfig.json", JSON.stringify({ compilerOptions: { paths: PATHS } }));
    for (const [i, [statement]] of IMPORTS.entries()) write(`own/${i}.ts`, `// The first line.\n${statement}\n`);
    rewrites = rewritesOf(upgrade());
  });

  test.each(IMPORTS)("%s", (statement, to) => {
    const i = IMPORTS.findIndex(([it]) => it === statement);
    const [, from] = /["']([^"']+)["']/.exec(statement) ?? [];
    const line = statement.includes("from") ? statement.split("\n").length + 1 : 2;
    expect(rewrites.filter((text) => text.startsWith(`own/${i}.ts`))).toEqual([
      `own/${i}.ts:${line}  ${from} -> ${to}`,
    ]);
  });
});

test("an upgrade lists no imports of doors, of other packages, or in folders that are not the app's", () => {
  write("pages/own.ts", 'import { getSession } from "@/lib/auth/session";\nimport { a } from "other/core/errors";\n');
  const gone = 'import { AuthError } from "@/lib/auth/core/errors";\n';
  for (const path of ["node_modules/x/a.js", ".next/a.js", "dist/a.js", "notes.md"]) write(path, gone);
  copyKit(join(app, "vendor/kit"));
  const { rows } = upgrade();
  expect(rewritesOf({ rows })).toEqual([]);
});

test("an upgrade names imports in your changed files of the kit, and in files that you added to it", () => {
  edit("lib/auth/events.ts", 'import { AuthError } from "./core/errors";');
  edit("app/auth/error/page.tsx");
  edit("middleware.ts", 'import { AuthError } from "@/lib/auth/core/errors";');
  write("lib/auth/notes.ts", 'import type { Session } from "./core/session";\n');
  expect(rewritesOf(upgrade())).toEqual([
    "app/auth/error/page.tsx:4  @/lib/auth/core/config -> no door: only the kit may use getConfig",
    "app/auth/error/page.tsx:5  @/lib/auth/core/navigation -> no door: only the kit may use safeReturnTo",
    "lib/auth/events.ts:1  ./core/events -> ./session",
    "lib/auth/events.ts:8  ./core/errors -> ./session",
    "lib/auth/notes.ts:1  ./core/session -> ./session",
    "middleware.ts:26  @/lib/auth/core/errors -> @/lib/auth/session",
  ]);
});

test("an upgrade names the scripts and workflows that run a tool at its old place", () => {
  const scripts = {
    doctor: "npx -y tsx lib/auth/doctor --json",
    kit: "npx -y tsx src/lib/auth/release",
    b: "next build",
  };
  write("package.json", JSON.stringify({ scripts }, null, 2));
  write(
    ".github/workflows/ci.yml",
    "jobs:\n  - run: npx -y tsx lib/auth/release\n  - run: npx -y tsx lib/auth/tools/doctor\n",
  );
  expect(rewritesOf(upgrade())).toEqual([
    "package.json:3  lib/auth/doctor -> lib/auth/tools/doctor",
    "package.json:4  lib/auth/release -> lib/auth/tools/release",
    ".github/workflows/ci.yml:2  lib/auth/release -> lib/auth/tools/release",
  ]);
});

test("an upgrade names the folder of an old test pool to copy again, instead of its imports", () => {
  write("tests/cognito/testing.ts", 'import { parseConfig } from "../../lib/auth/core/config";\n');
  const { rows } = upgrade();
  expect(rewritesOf({ rows })).toEqual([]);
  expect(pathsOf(rows, "copy")).toContain("tests/cognito (the test pool)");
});

test("after the steps of the plan, release lists nothing more to do", () => {
  edit("lib/auth/events.ts");
  write("pages/own.ts", 'import { AuthError } from "@/lib/auth/core/errors";\n');
  const { rows } = upgrade();
  for (const path of pathsOf(rows, "delete")) rmSync(join(app, path));
  for (const path of [...pathsOf(rows, "copy"), MANIFEST_PATH]) cpSync(join(newer, path), join(app, path));
  for (const { text } of rows.filter(({ kind }) => kind === "rewrite")) {
    const [, path = "", from = "", to = ""] = /^(.+):\d+ {2}(\S+) -> (\S+)$/.exec(text) ?? [];
    write(path, readFileSync(join(app, path), "utf8").replace(from, to));
  }
  expect(upgrade()).toMatchObject({ status: 0, rows: [], advice: undefined });
  expect(run("lib/auth/tools/release")).toMatchObject({
    status: 0,
    rows: [{ kind: "changed", role: "yours", text: "lib/auth/events.ts" }],
  });
});

test("release fails after a copy over 0.1.0, and names each stale file to delete", () => {
  for (const path of ["lib/auth", "app/auth", "middleware.ts"])
    cpSync(join(newer, path), join(app, path), { recursive: true });
  write("pages/own.ts", 'import { AuthError } from "@/lib/auth/core/errors";\n');
  const { status, rows } = run("lib/auth/tools/release");
  const current = createManifest(ROOT).files;
  const gone = Object.keys(formerFiles()).filter((path) => current[path] === undefined);
  const stale = [...gone, FORMER_MANIFEST].map((path) => `${path} (of the layout of 0.1.0)`);
  expect(pathsOf(rows, "delete").toSorted()).toEqual(stale.toSorted());
  expect(rewritesOf({ rows })).toEqual(["pages/own.ts:1  @/lib/auth/core/errors -> @/lib/auth/session"]);
  expect(status).toBe(1);
  expect(upgrade().advice).toBeUndefined();
});

test("release fails when only a tool of 0.1.0 is left", () => {
  for (const path of ["lib/auth/core", "lib/auth/release", "lib/auth/pool"])
    rmSync(join(app, path), { recursive: true });
  for (const path of ["lib/auth", "app/auth", "middleware.ts"])
    cpSync(join(newer, path), join(app, path), { recursive: true });
  const { status, rows } = run("lib/auth/tools/release");
  expect(pathsOf(rows, "delete").every((path) => path.startsWith("lib/auth/doctor/"))).toBe(true);
  expect([rows.length > 0, status]).toEqual([true, 1]);
});

test("an upgrade of a project with src and proxy.ts names the files at their places", () => {
  mkdirSync(join(app, "src"));
  for (const name of ["lib", "app"]) renameSync(join(app, name), join(app, "src", name));
  renameSync(join(app, "middleware.ts"), join(app, "src/proxy.ts"));
  write("src/own.ts", 'import { AuthError } from "@/lib/auth/core/errors";\n');
  edit("src/proxy.ts");
  const { rows, advice } = upgrade();
  expect(pathsOf(rows, "delete")).toContain("src/lib/auth/core/keys.ts");
  expect(pathsOf(rows, "merge")).toEqual(["src/proxy.ts"]);
  expect(rewritesOf({ rows })).toEqual(["src/own.ts:1  @/lib/auth/core/errors -> @/lib/auth/session"]);
  expect(advice).toContain("rm -r src/lib/auth/core src/lib/auth/doctor");
  expect(upgrade("src").rows).toEqual(rows);
});

test("the tool of 0.1.0 can still compare with the manifest of the newer kit", () => {
  const target = join(newer, MANIFEST_PATH);
  const { status, rows, title } = run("lib/auth/release", "--against", target);
  expect({ status, title }).toEqual({
    status: 1,
    title: expect.stringMatching(/^From 0\.1\.0 to 0\.2\.0: \d+ files\.$/),
  });
  expect(pathsOf(rows, "copy")).toContain("lib/auth/core/base/config.ts");
  expect(pathsOf(rows, "delete")).toContain("lib/auth/core/config.ts");
});

test("an upgrade of a folder without a copy of the kit exits with code 2", () => {
  rmSync(join(app, "lib"), { recursive: true });
  expect(upgrade()).toMatchObject({ status: 2, rows: [], error: expect.stringContaining("has no copy of the kit") });
});

test("the door lib/auth/session exports every name that an upgrade moves to it", () => {
  const source = readFileSync(join(ROOT, "lib/auth/session.ts"), "utf8");
  const lists = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list = ""]) => list.split(","));
  expect(lists.map((name) => name.trim()).filter(Boolean)).toEqual(expect.arrayContaining([...DOOR_NAMES]));
});

test("the manifest gives documents and tools the role other", () => {
  const kit = join(app, "kit");
  copyKit(kit);
  for (const path of ["lib/auth/README.md", "lib/auth/docs/deploying.md"]) write(`kit/${path}`, "# Read me\n");
  const { files } = createManifest(kit);
  for (const path of ["lib/auth/README.md", "lib/auth/docs/deploying.md", "lib/auth/tools/doctor/index.ts"]) {
    expect([path, files[path]?.role]).toEqual([path, "other"]);
  }
});

interface Row {
  readonly kind: string;
  readonly role: string;
  readonly text: string;
}

interface Result {
  readonly status: number | null;
  readonly title: string | undefined;
  readonly rows: readonly Row[];
  readonly advice: string | undefined;
  readonly error: string;
}

/** The newer kit's tool, as its user runs it in the project. */
function upgrade(target = "."): Result {
  return run(join(newer, "lib/auth/tools/release"), "--upgrade", target);
}

function run(tool: string, ...options: string[]): Result {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", TSX, `${tool}/index.ts`, ...options], {
    cwd: app,
    encoding: "utf8",
  });
  const lines = stdout.split("\n");
  const rows = lines.flatMap((line): Row[] => {
    const [, kind = "", role = "", text = ""] = /^ {2}(\w+) +(\w+) +(.*)$/.exec(line) ?? [];
    return kind ? [{ kind, role, text }] : [];
  });
  return { status, title: lines[0], rows, advice: lines.find((line) => line.startsWith("Before")), error: stderr };
}

const rewritesOf = ({ rows }: { rows: readonly Row[] }) => textsOf(rows, "rewrite");

const pathsOf = (rows: readonly Row[], kind: string) => textsOf(rows, kind).map((text) => text.replace(/ +/g, " "));

function textsOf(rows: readonly Row[], kind: string): readonly string[] {
  return rows.filter((row) => row.kind === kind).map(({ text }) => text);
}

function formerFiles() {
  return readManifest(join(FIXTURES, "manifest.json"))?.files ?? {};
}

/** A copy of 0.1.0. The files that no test reads hold only their names, and the manifest has the hashes of these. */
function createCopy(): void {
  const files = Object.entries(formerFiles()).map(([path, { role }]) => {
    const fixture = join(FIXTURES, `${path}.txt`);
    const text = existsSync(fixture) ? readFileSync(fixture, "utf8") : `// ${path}\n`;
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), text);
    return [path, { sha256: hashFile(join(copy, path)).sha256, role }] as const;
  });
  writeFileSync(join(copy, FORMER_MANIFEST), JSON.stringify({ version: "0.1.0", files: Object.fromEntries(files) }));
  writeFileSync(join(copy, "package.json"), "{}");
}

function copyKit(to: string): void {
  for (const path of ["lib/auth", "app/auth", "middleware.ts", "package.json"]) {
    cpSync(join(ROOT, path), join(to, path), { recursive: true });
  }
}

function edit(path: string, line = "// changed"): void {
  writeFileSync(join(app, path), `${readFileSync(join(app, path), "utf8")}\n${line}\n`);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(app, path)), { recursive: true });
  writeFileSync(join(app, path), text);
}
