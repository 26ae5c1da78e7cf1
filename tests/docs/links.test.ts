import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  anchorsOf,
  type Document,
  findDocument,
  inlineCode,
  parseDocument,
  ROOT,
  readDocuments,
  resolveLink,
} from "./documents";

const MAX_LINE = 400;
/** Files of the reader's own app that the documents name. */
const YOURS = ["app/[locale]/layout.tsx", "app/auth/layout.tsx"];
/** Folders of version 0.1.0, which only the steps of an upgrade name. */
const OLD = /^lib\/auth\/(doctor|release|pool)\b/;

const documents = readDocuments();
const exists = (path: string) => existsSync(join(ROOT, path));

/** Relative links that lead nowhere: to no file, or to no heading of their document. */
function findBrokenLinks(document: Document): readonly string[] {
  return document.prose.flatMap(({ line, text }) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
      if (/^[a-z]+:/.test(target)) return [];
      const { path, anchor } = resolveLink(document.path, target);
      const isFound = exists(path) && (anchor === "" || hasAnchor(document, path, anchor));
      return isFound ? [] : [`${document.path}:${line}: ${target}`];
    }),
  );
}

function hasAnchor(from: Document, path: string, anchor: string): boolean {
  const target = path === from.path ? from : documents.find((document) => document.path === path);
  return target !== undefined && anchorsOf(target).has(anchor);
}

/** Paths of the kit or its tests that a document names and that do not exist. */
function findLostPaths({ path: from, prose }: Document): readonly string[] {
  return prose.flatMap(({ line, text }) =>
    [...text.matchAll(/(?<![\w/.@$<])(?:src\/)?((?:lib|app|tests)\/[\w[\]./-]*\w)/g)]
      .map(([, path = ""]) => path)
      .filter((path) => !exists(path) && !YOURS.includes(path) && !path.startsWith("tests/.output"))
      .filter((path) => !(from.endsWith("upgrading.md") && OLD.test(path)))
      .map((path) => `${from}:${line}: ${path}`),
  );
}

/** The files of the kit, and what the map may name besides: middleware's other name. */
const KIT = [...["lib/auth", "app/auth"].flatMap(listFiles), "/middleware.ts", "/proxy.ts"];

function listFiles(folder: string): readonly string[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries.filter((it) => it.isFile()).map((it) => join(it.parentPath, it.name));
}

/** Names of source files in backticks: `verify.ts`, `tokens/refresh.ts`. */
const filesOf = (document: Document) =>
  inlineCode(document)
    .map(({ code }) => code)
    .filter((code) => /^[\w/-]+\.(tsx?|md)$/.test(code));

/** Names of functions, constants and variables in backticks: `verifyToken`, `auth.next()`. */
const identifiersOf = (document: Document) =>
  inlineCode(document).flatMap(({ code }) => /^(?:\w+\.)?([A-Za-z_]\w+)(?:\(\))?$/.exec(code)?.[1] ?? []);

const isInKit = (name: string) => KIT.some((path) => path.endsWith(`/${name}`));

const linksOf = ({ prose }: Document) =>
  prose.flatMap(({ text }) => [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target));

describe("a reader of the documents", () => {
  test("finds a file and a heading behind every link", () => {
    expect(documents.length).toBeGreaterThan(9);
    expect(documents.flatMap(findBrokenLinks)).toEqual([]);
  });

  test("finds every file and folder of the kit that they name", () => {
    expect(documents.flatMap(findLostPaths)).toEqual([]);
  });

  test("finds every file that the map of the code names, in the copy", () => {
    const named = filesOf(findDocument("lib/auth/README.md"));
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !isInKit(name))).toEqual([]);
  });

  test("finds every function and constant that the map of the code names, in the copy", () => {
    const names = identifiersOf(findDocument("lib/auth/README.md")).filter((name) => !/^(ts|tsx|md)$/.test(name));
    const source = KIT.filter((path) => /\.tsx?$/.test(path) && existsSync(path)).map((path) =>
      readFileSync(path, "utf8"),
    );
    const words = new Set(source.join("\n").match(/\w+/g));
    expect(names.length).toBeGreaterThan(15);
    expect(words.has("noSuchFunction")).toBe(false);
    expect(names.filter((name) => !words.has(name))).toEqual([]);
  });

  test("never leaves the copy by a link of lib/auth", () => {
    const inCopy = documents.filter(({ path }) => path.startsWith("lib/auth/"));
    const targets = inCopy.flatMap((document) =>
      linksOf(document).map((link) => resolveLink(document.path, link).path),
    );
    expect(targets.length).toBeGreaterThan(5);
    expect(targets.filter((path) => !path.startsWith("lib/auth/"))).toEqual([]);
  });

  test("reaches every document of lib/auth/docs from the README", () => {
    const targets = linksOf(findDocument("README.md")).map((link) => link.replace(/#.*/, ""));
    const missing = documents.filter(({ path }) => path.startsWith("lib/auth/docs/") && !targets.includes(path));
    expect(missing.map(({ path }) => path)).toEqual([]);
  });

  test("gets a README of at most 150 lines, and no line of more than 400 characters", () => {
    expect(findDocument("README.md").text.trimEnd().split("\n").length).toBeLessThanOrEqual(150);
    const isLong = ({ text }: { text: string }) => text.length > MAX_LINE;
    expect(findDocument("README.md").prose.filter(isLong)).toEqual([]);
  });
});

describe("the checks notice", () => {
  test("a link to no file, to no heading, and to no heading of another document", () => {
    const document = parseDocument(
      "README.md",
      "# A\n[a](nowhere.md) [b](#a) [c](#b)\n[d](lib/auth/docs/events.md#none)",
    );
    expect(findBrokenLinks(document)).toEqual([
      "README.md:2: nowhere.md",
      "README.md:2: #b",
      "README.md:3: lib/auth/docs/events.md#none",
    ]);
  });

  test("a path that does not exist, and an old path outside the upgrade", () => {
    const text =
      "`lib/auth/cores` and `src/lib/auth/nothing.ts`, but lib/auth/api.ts and @/lib/auth/other\nlib/auth/pool2";
    expect(findLostPaths(parseDocument("README.md", text))).toEqual([
      "README.md:1: lib/auth/cores",
      "README.md:1: lib/auth/nothing.ts",
      "README.md:2: lib/auth/pool2",
    ]);
    const old = parseDocument("lib/auth/docs/upgrading.md", "lib/auth/doctor");
    expect(findLostPaths({ ...old, path: "lib/auth/docs/upgrading.md" })).toEqual([]);
  });

  test("a file that the map names and the kit does not have", () => {
    const document = parseDocument(
      "lib/auth/README.md",
      "`tokens/verify.ts`, `http/verify.ts`, `erify.ts` and `docs/events.md`",
    );
    expect(filesOf(document).filter((name) => !isInKit(name))).toEqual(["http/verify.ts", "erify.ts"]);
  });

  test("the anchors of headings, as GitHub makes them", () => {
    const document = parseDocument("a.md", "## `middleware.ts` or `proxy.ts`\n## Without `AUTH_SECRET`\n## A\n## A");
    expect([...anchorsOf(document)]).toEqual(["middlewarets-or-proxyts", "without-auth_secret", "a", "a-1"]);
  });
});
