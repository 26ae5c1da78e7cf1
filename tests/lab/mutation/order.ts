import { basename } from "node:path";
import type { TestFile } from "./copy";

/**
 * All test files, those first that are likely to notice a change of this source file: those that noticed one before,
 * then those that are named as it is, then the quick ones.
 */
export function orderTests(
  source: string,
  tests: readonly TestFile[],
  kills: (test: string) => number = () => 0,
): readonly string[] {
  const names: readonly string[] = source.match(/[a-z]+/g) ?? [];
  const isNamesake = ({ path }: TestFile) => names.includes(basename(path, ".test.ts"));
  const ranked = tests.map((test) => ({
    test,
    rank: [-kills(test.path), isNamesake(test) ? 0 : 1, test.milliseconds],
  }));
  ranked.sort((a, b) => compare(a.rank, b.rank));
  return ranked.map(({ test }) => test.path);
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return (a[at] ?? 0) - (b[at] ?? 0);
}
