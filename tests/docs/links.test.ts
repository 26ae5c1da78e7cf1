import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { anchorsOf, type Document, findDocument, parseDocument, ROOT, readDocuments, resolveLink } from "./documents";

const MAX_LINE = 400;
/** Files of the reader's own app that the documents name. */
const YOURS = ["app/[locale]/layout.tsx", "app/auth/layout.tsx"];
/** Folders of version 0.1.0, which only the steps of an upgrade name. */
const OLD = /^lib\/auth\/(doctor|release|pool)\b/;

/** Files that are about to be written. Remove each from this list when it exists. */
const COMING = ["lib/auth/README.md", "tests/lab/README.md"];

const documents = readDocuments();
const exists = (path: string) => existsSync(join(ROOT, path)) || COMING.includes(path);

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
    expect(documents.flatMap(({ path, prose }) => prose.filter(isLong).map(({ line }) => `${path}:${line}`))).toEqual(
      [],
    );
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

  test("the anchors of headings, as GitHub makes them", () => {
    const document = parseDocument("a.md", "## `middleware.ts` or `proxy.ts`\n## Without `AUTH_SECRET`\n## A\n## A");
    expect([...anchorsOf(document)]).toEqual(["middlewarets-or-proxyts", "without-auth_secret", "a", "a-1"]);
  });
});
