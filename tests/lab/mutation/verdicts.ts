import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { ROOT, TESTS } from "./copy";
import type { Mutant } from "./mutants";

export type Verdict = "killed" | "timed out" | "survived" | "invalid";

interface Judgement {
  /** Of the changed file: another change, or another version of the file, has another one. */
  readonly mutant: string;
  /** Of the tests that judged it. */
  readonly tests: string;
  readonly verdict: Verdict;
  readonly file: string;
  readonly change: string;
  /** The test file that noticed. */
  readonly by: string;
}

/**
 * What was judged, one line of JSON each, so that several runs add up. A killed mutant stays killed for as long as its
 * file stays the same; one that survived is judged again when the tests have changed.
 */
export class Verdicts {
  readonly #path: string;
  readonly #tests = hashTests();
  readonly #known = new Map<string, Judgement>();

  constructor(path: string) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true });
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
    for (const line of lines) {
      const judgement: Judgement = JSON.parse(line);
      this.#known.set(judgement.mutant, judgement);
    }
  }

  /** Null when it has to be judged. */
  find(mutant: Mutant): Judgement | null {
    const known = this.#known.get(hash(mutant.text));
    return known && (known.verdict === "killed" || known.tests === this.#tests) ? known : null;
  }

  add(mutant: Mutant, verdict: Verdict, by: string): void {
    const { file, text } = mutant;
    const judgement = { mutant: hash(text), tests: this.#tests, verdict, file, change: describe(mutant), by };
    this.#known.set(judgement.mutant, judgement);
    appendFileSync(this.#path, `${JSON.stringify(judgement)}\n`);
  }
}

export function describe({ file, line, before, after }: Mutant): string {
  return `${file}:${line}  ${before}  →  ${after}`;
}

function hashTests(): string {
  const texts = TESTS.flatMap((name) => filesOf(`${ROOT}tests/${name}`)).map((path) => readFileSync(path, "utf8"));
  return hash(texts.join("\0"));
}

function filesOf(path: string): readonly string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesOf(`${path}/${name}`));
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 20);
}
