// The documents of the project, with their code blocks and the anchors of their headings.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Block {
  /** The path of its document, from the root of the project. */
  readonly document: string;
  /** The line of the opening fence. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

export interface Document {
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  /** The lines outside its code blocks. */
  readonly prose: readonly { readonly line: number; readonly text: string }[];
}

/** Every document that a reader may open first. A file of the list that does not exist is left out. */
export function readDocuments(): readonly Document[] {
  const names = ["lib/auth/docs", ".github"].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`),
  );
  const paths = ["README.md", "lib/auth/README.md", ...names].filter((path) => existsSync(join(ROOT, path)));
  return paths.map((path) => parseDocument(path, readFileSync(join(ROOT, path), "utf8")));
}

export function findDocument(path: string): Document {
  const found = readDocuments().find((document) => document.path === path);
  if (!found) throw new Error(`There is no ${path}`);
  return found;
}

/** Splits a document into code blocks and prose. A block in a list item loses the indentation of its fence. */
export function parseDocument(path: string, text: string): Document {
  const blocks: Block[] = [];
  const prose: { line: number; text: string }[] = [];
  let open: { line: number; indentation: number; language: string; lines: string[] } | null = null;
  for (const [index, line] of text.split("\n").entries()) {
    const [, spaces = "", language = ""] = /^( *)```(\w*)$/.exec(line) ?? [];
    const isFence = /^ *```\w*$/.test(line);
    if (open && isFence) {
      blocks.push({ document: path, line: open.line, language: open.language, code: open.lines.join("\n") });
      open = null;
    } else if (open) open.lines.push(line.slice(open.indentation));
    else if (isFence) open = { line: index + 1, indentation: spaces.length, language, lines: [] };
    else prose.push({ line: index + 1, text: line });
  }
  if (open) throw new Error(`${path}:${open.line}: the code block has no end`);
  return { path, text, blocks, prose };
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchorsOf({ prose }: Document): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const { text } of prose) {
    const [, heading] = /^#{1,6} (.+)$/.exec(text) ?? [];
    if (heading === undefined) continue;
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, "")
      .replaceAll(" ", "-");
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Text in backticks, outside code blocks. */
export function inlineCode({ prose }: Document): readonly { readonly line: number; readonly code: string }[] {
  return prose.flatMap(({ line, text }) =>
    [...text.matchAll(/(?<!`)`([^`]+)`(?!`)/g)].map(([, code = ""]) => ({ line, code })),
  );
}

/** The path that a link of a document leads to, from the root of the project, and its anchor. */
export function resolveLink(from: string, target: string): { readonly path: string; readonly anchor: string } {
  const [path = "", anchor = ""] = target.split("#");
  return { path: path === "" ? from : join(dirname(from), path), anchor };
}
