export interface Mutant {
  file: string;
  line: number;
  before: string;
  after: string;
  /** The whole file, changed in this one place. */
  text: string;
}

type Place = { at: number; length: number; replacement: string };
type Rule = readonly [pattern: RegExp, replace: (found: string) => string];

/** Found in code only: comments, strings, expressions and types are blanked out. */
const IN_CODE: Rule[] = [
  [/===|!==/g, (it) => (it === "===" ? "!==" : "===")],
  [/(?<= )(<=?|>=?)(?= )/g, (it) => (it.length > 1 ? it.charAt(0) : `${it}=`)],
  [/(?<= )(<=?|>=?)(?= )/g, (it) => (it.startsWith("<") ? ">" : "<")],
  [/&&|\|\|/g, (it) => (it === "&&" ? "||" : "&&")],
  [/(?<= )\?\?(?= )/g, () => "&&"],
  [/(?<= )\?(?= )/g, () => "&& false ?"],
  [/(?<= )\?(?= )/g, () => "|| true ?"],
  [/(?<=[\s(&|,])!(?=[\w([])/g, () => ""],
  [/\bthrow (?=\S)/g, () => "void "],
  [/\b(true|false)\b/g, (it) => (it === "true" ? "false" : "true")],
  [/\.(every|some)(?=\()/g, (it) => (it === ".every" ? ".some" : ".every")],
  [/\bMath\.(max|min)\b/g, (it) => (it === "Math.max" ? "Math.min" : "Math.max")],
  [/(?<= )[+-](?= )/g, (it) => (it === "+" ? "-" : "+")],
  [/(?<![\w.#])\d[\d_]*(?![\w.])/g, (it) => String(Number(it.replaceAll("_", "")) + 1)],
];

/** Found in the text as it is: constants, and the ends of regular expressions. */
const IN_LITERALS: Rule[] = [
  [/(?<=[(,] ?|= |: )\/\^/g, () => "/"],
  [/\$(?=\/[a-z]*[.,)])/g, () => ""],
  [/(?<=[=(,:[] ?)(?<!className=|[A-Z]\w*\[)"[\w./-]+"(?=[,;) \]])(?! \|)/g, (it) => `"${it.slice(1, -1)}x"`],
];

const TYPES = /^(export )?((interface |type [^\n]*\{\n)[\s\S]*?^\}|(declare |import |type )[\s\S]*?;$)/gm;
const HIDDEN =
  /\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|(?<=[(,=:&|!] ?)\/(?![/*])(?:[^/\\\n[]|\\.|\[(?:[^\]\\]|\\.)*\])+\/[a-z]*/g;

/** Every mutant of a source file: one change each. */
export function createMutants(file: string, text: string): Mutant[] {
  const withoutTypes = text.replace(TYPES, blank);
  const code = withoutTypes.replace(HIDDEN, blank);
  const literals = withoutTypes.replace(/\/\*[\s\S]*?\*\/|(?<!["/:])\/\/ .*/g, blank);
  const places = [...find(code, IN_CODE), ...find(literals, IN_LITERALS), ...findConditions(code, text)];
  return places.sort((a, b) => a.at - b.at).map((place) => apply(file, text, place));
}

function find(text: string, rules: Rule[]): Place[] {
  return rules.flatMap(([pattern, replace]) =>
    [...text.matchAll(pattern)].map(({ 0: found, index }) => ({
      at: index,
      length: found.length,
      replacement: replace(found),
    })),
  );
}

/** `if (…)` as the contrary, and as a check that is gone. */
function findConditions(code: string, text: string): Place[] {
  return [...code.matchAll(/\bif \(/g)].flatMap(({ index }) => {
    const at = index + 4;
    const length = closing(code, at) - at;
    const condition = text.slice(at, at + length);
    const gone = { at, length, replacement: "false" };
    const isNegated = /^!\S+$/.test(condition); // Then the rule that takes a "!" away does the same.
    return isNegated ? [gone] : [gone, { at, length, replacement: `!(${condition})` }];
  });
}

function closing(code: string, from: number): number {
  let depth = 1;
  let at = from;
  for (; depth > 0; at++) depth += { "(": 1, ")": -1 }[code.charAt(at)] ?? 0;
  return at - 1;
}

function apply(file: string, text: string, { at, length, replacement }: Place): Mutant {
  const start = text.lastIndexOf("\n", at) + 1;
  const end = (index: number, whole: string) => (whole.indexOf("\n", index) + 1 || whole.length + 1) - 1;
  const changed = text.slice(0, at) + replacement + text.slice(at + length);
  return {
    file,
    line: text.slice(0, at).split("\n").length,
    before: text.slice(start, end(at + length, text)).trim(),
    after: changed.slice(start, end(at + replacement.length, changed)).trim(),
    text: changed,
  };
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}
