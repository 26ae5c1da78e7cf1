import type { TestFile } from "./copy";

const wordsOf = (path: string): readonly string[] => path.match(/[a-z]+/g) ?? [];

/** The test files, nearest first: those whose path shares most words with the source file's path. Quick ones break ties. */
export function orderTests(source: string, tests: readonly TestFile[]): readonly string[] {
  const own = new Set(wordsOf(source));
  const nearness = ({ path }: TestFile) => new Set(wordsOf(path).filter((word) => own.has(word))).size;
  const sorted = [...tests].sort((a, b) => nearness(b) - nearness(a) || a.milliseconds - b.milliseconds);
  return sorted.map(({ path }) => path);
}
