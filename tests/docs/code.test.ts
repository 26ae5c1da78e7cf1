import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { usePool } from "../support/kit";
import { compile } from "./compile";
import { type Block, type Document, findDocument, parseDocument, ROOT, readDocuments } from "./documents";

const LAB = "tests/lab";
const TYPESCRIPT = ["ts", "tsx"];
const CHECKED = [...TYPESCRIPT, "sh", "json", "env", "nginx"];

const REQUIRE = 'import { requireSession } from "@/lib/auth/session";';

const pool = usePool();
const documents = readDocuments();
const blocks = documents.flatMap((document) => document.blocks);
const blocksIn = (...languages: string[]) => blocks.filter(({ language }) => languages.includes(language));

/** A block as a document of one block would have it. */
const sample = (language: string, code: string): readonly Block[] =>
  parseDocument("sample.md", `\`\`\`${language}\n${code}\n\`\`\``).blocks;

test("each code block is of a language that a test checks", () => {
  expect(blocks.length).toBeGreaterThan(20);
  expect(blocks.filter(({ language }) => !CHECKED.includes(language))).toEqual([]);
});

test("each TypeScript block compiles with the kit's types", { timeout: 120_000 }, () => {
  expect(compile("types", blocksIn(...TYPESCRIPT))).toEqual([]);
});

test("each page of the documents builds with cacheComponents: no page waits for the session outside <Suspense>", () => {
  const pages = blocksIn("tsx").filter(
    ({ code }) => /await (require|get)Session\(/.test(code) && !code.includes('"use server"'),
  );
  expect(pages.length).toBeGreaterThan(3);
  for (const { code } of pages) expect(code).not.toMatch(/export default async/);
  for (const { code } of pages) expect(code).toContain("<Suspense>");
});

test("an MCP client has been run with the routes of the documents", () => {
  const routes = findDocument("lib/auth/docs/guarding.md").blocks.filter(({ code }) =>
    /\/(mcp|\.well-known)\//.test(code),
  );
  expect(routes).toHaveLength(3);
  for (const { code } of routes) {
    const [, path = "", rest] = /^\/\/ (\S+)\n([\s\S]*)$/.exec(code) ?? [];
    expect(`${rest}\n`).toBe(readFileSync(join(ROOT, "tests/e2e/fixtures", path), "utf8"));
  }
});

/** The values in backticks of a table's first column. */
function firstColumn({ prose }: Document, heading: string): readonly string[] {
  const start = prose.findIndex(({ text }) => text === heading);
  const rows = prose.slice(start + 1).filter(({ text }) => text.startsWith("|") || text.startsWith("#"));
  const end = rows.findIndex(({ text }) => text.startsWith("#"));
  return rows
    .slice(0, end < 0 ? rows.length : end)
    .flatMap(({ text }) => [...(text.split("|")[1] ?? "").matchAll(/`(\w+)`/g)])
    .map(([, value = ""]) => value);
}

/** Compiles only when `names` are exactly the members of a union type. */
const isExactly = (type: string, imports: string, names: readonly string[]) =>
  sample(
    "ts",
    `import type { ${imports} } from "@/lib/auth/session";
export const all: Record<${type}, true> = { ${names.map((name) => `${name}: true`).join(", ")} };`,
  );

describe("the compiler", () => {
  const codes = firstColumn(findDocument("README.md"), "## When sign-in fails").filter(
    (code) => code !== "redirect_mismatch", // Cognito's own.
  );
  const events = firstColumn(findDocument("lib/auth/docs/events.md"), "# Events").filter((name) => name !== "type");
  const samples = {
    codes: isExactly("AuthErrorCode", "AuthErrorCode", codes),
    "a missing code": isExactly("AuthErrorCode", "AuthErrorCode", codes.slice(1)),
    "an unknown code": isExactly("AuthErrorCode", "AuthErrorCode", [...codes, "keys_lost"]),
    events: isExactly('AuthEvent["type"]', "AuthEvent", events),
    "a missing event": isExactly('AuthEvent["type"]', "AuthEvent", events.slice(1)),
    "an unknown function": sample(
      "ts",
      'import { getUser } from "@/lib/auth/session";\nexport const user = getUser();',
    ),
    "an unknown option": sample("ts", `${REQUIRE}\nexport const found = requireSession({ group: "admins" });`),
    "a misspelled group": sample("ts", `${REQUIRE}\nexport const found = requireSession({ groups: ["admin"] });`),
    "an unknown attribute": sample("tsx", '<form methud="post" />'),
    "an unknown file": sample("ts", '// lib/auth/other.ts\nimport { report } from "./event";\nreport();'),
  };
  const names = Object.keys(samples);
  let errors: readonly string[] = [];

  beforeAll(() => {
    // Each sample gets a line of its own, so that an error names its sample. The types of your groups come with them.
    const types = blocksIn("ts").filter(({ code }) => code.includes("interface GroupNames"));
    const all = Object.entries(samples).flatMap(([name, [block]]) =>
      block ? [{ ...block, document: name, line: names.indexOf(name) }] : [],
    );
    errors = compile("samples", [...types, ...all]);
  }, 120_000);

  const isRejected = (name: string) => errors.some((error) => error.startsWith(`${name}:`));

  test("the README explains every error code of the kit, and no other", () => {
    expect(codes.length).toBeGreaterThan(10);
    expect(isRejected("codes")).toBe(false);
  });

  test("events.md names every event of the kit, and no other", () => {
    expect(events).toContain("signed_in");
    expect(isRejected("events")).toBe(false);
  });

  test.each(names.filter((name) => /^an? /.test(name)))("rejects %s", (name) => {
    expect(isRejected(name)).toBe(true);
  });
});

test("the README's variables are those of .env.example", () => {
  const example = readFileSync(join(ROOT, ".env.example"), "utf8");
  const names = [...example.matchAll(/^(\w+)=/gm)].map(([, name]) => name);
  expect(names).toContain("APP_BASE_URL");
  expect(firstColumn(findDocument("README.md"), "## Variables")).toEqual(names);
});

test("the configuration accepts each env block, and rejects one with a wrong value", async () => {
  const env = blocksIn("env");
  expect(env.length).toBeGreaterThan(0);
  for (const { code } of env) {
    const kit = await pool.load(parseEnv(code));
    expect(kit.config().origin).toBe("https://app.example.com");
  }
  const kit = await pool.load({ ...parseEnv(env[0]?.code ?? ""), APP_BASE_URL: "app.example.com" });
  expect(() => kit.config()).toThrow("APP_BASE_URL");
});

/** Variables of a file as Next reads it: every other variable of the kit is unset. */
function parseEnv(code: string): Record<string, string | undefined> {
  const entries = code
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [, name, value] = /^([A-Z_]+)="?([^"]*)"?$/.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new Error(`Not a variable: ${line}`);
      return [name, value] as const;
    });
  const unset = Object.keys(pool.env).map((name) => [name, undefined] as const);
  return Object.fromEntries([...unset, ...entries]);
}

test("the test in testing.md is the one that `npm run test:copy` runs in a project of its own", () => {
  const [shown = ""] = findDocument("lib/auth/docs/testing.md")
    .blocks.map(({ code }) => code)
    .filter((code) => code.startsWith("// tests/app/example.test.ts\n"));
  const own = readFileSync(join(ROOT, LAB, "copy/example.test.ts"), "utf8");
  const bare = (code: string) =>
    code
      .replace(/^\/\/.*\n/, "")
      .replace(/"(\.\.\/)+cognito/, '"../cognito')
      .trim();
  expect(bare(shown)).toBe(bare(own));
});

test("the directives for nginx are those that were run", () => {
  const directives = blocksIn("nginx").flatMap(({ code }) => code.split("\n"));
  expect(directives).toHaveLength(3);
  const run = readFileSync(join(ROOT, LAB, "deploy/nginx.ts"), "utf8");
  for (const directive of directives) expect(run).toContain(directive);
});

test("each json block is JSON", () => {
  const json = blocksIn("json");
  expect(json.length).toBeGreaterThan(0);
  for (const { code } of json) expect(JSON.parse(code)).toBeTypeOf("object");
});
