// Compiles code blocks of the documents against the kit's own types, as an app of a reader compiles them.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, posix } from "node:path";
import { type Block, ROOT } from "./documents";

const OUTPUT = join(ROOT, "tests/.output/docs");
const TSC = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

const TSCONFIG = {
  extends: "../../../types/tsconfig.json",
  compilerOptions: {
    noUnusedLocals: false, // A block shows a part: what it declares may have no use in it.
    noUnusedParameters: false,
    paths: { "@/*": ["../../../../*"] },
  },
  include: ["**/*.ts", "**/*.tsx"],
};

/**
 * Writes TypeScript blocks as files, and returns their paths in the order of `blocks`. Three rules make a file of a block:
 * A block that begins with a comment such as `// lib/account.ts` is that file, so its relative imports start there.
 * A tsx block that begins with an element is the content of a component. `@/lib/db`, the reader's own file, is db.ts here.
 */
export function writeBlocks(folder: string, blocks: readonly Block[]): readonly string[] {
  const target = join(OUTPUT, folder);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "tsconfig.json"), JSON.stringify(TSCONFIG, null, 2));
  return blocks.map(({ document, line, language, code }) => {
    const file = join(target, `${document.replace(/\W+/g, "-")}-${line}.${language}`);
    writeFileSync(file, language === "tsx" && code.startsWith("<") ? wrapElements(code) : placeImports(code));
    return file;
  });
}

/** Adds no line: an error in line 3 of the file is in line 3 of the block. */
function wrapElements(code: string): string {
  return `export const content = <>${code}</>;\n`;
}

function placeImports(code: string): string {
  const [, folder = ""] = /^\/\/ ([\w./[\]-]+)\/[\w.-]+\.tsx?\n/.exec(code) ?? [];
  const place = (path: string) => (path === "@/lib/db" ? "@/tests/docs/db" : posix.join("@", folder, path));
  return `${code.replace(/from "(@\/lib\/db|\.\.?\/[^"]+)"/g, (_, path) => `from "${place(path)}"`)}\n`;
}

/** The errors of the compiler, each with the place in its document; an empty list when everything compiles. */
export function compile(folder: string, blocks: readonly Block[]): readonly string[] {
  const files = writeBlocks(folder, blocks);
  const { status, stdout } = spawnSync(process.execPath, [TSC, "--pretty", "false", "-p", join(OUTPUT, folder)], {
    cwd: join(OUTPUT, folder),
    encoding: "utf8",
  });
  const errors = stdout.split("\n").filter((text) => /error TS\d+/.test(text));
  if (status !== 0 && errors.length === 0) throw new Error(`tsc ended with ${status}: ${stdout}`);
  return errors.map((error) => {
    const [, name = "", at = ""] = /^([^(]+)\((\d+),/.exec(error) ?? [];
    const block = blocks[files.findIndex((file) => name !== "" && file.endsWith(name))];
    return block ? `${block.document}:${block.line + Number(at)}: ${error}` : error;
  });
}
