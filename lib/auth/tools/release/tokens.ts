// Hashes TypeScript in such a way that a formatter does not change the hash.
import { createHash } from "node:crypto";

/** The tokens of TypeScript, one group each: space, comment, string, word, sign. */
const TOKEN = new RegExp(
  [
    /(\s+)/,
    /(\/\/[^\n]*|\/\*[\s\S]*?\*\/)/,
    /("(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*')/,
    /([\w$]+)/,
    /(\+\+|--|=>|\?\.|\.\.\.|\?\?=?|&&=?|\|\|=?|\*\*=?|[-+*%&|^]=|[!=]==?|[\s\S])/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "y",
);
const PATTERN = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const BEFORE_PATTERN = /^(?:[(,=:[!&|?{;]|=>|&&|\|\||\?\?|return)$/;
const ENDS_AT_NEWLINE = /^(?:return|throw|break|continue|yield|async)$/;

/**
 * Returns a hash of the code and the comments. It does not depend on line breaks, on quotes, or on the commas and
 * brackets that Prettier adds to a broken line. Null when this file cannot read the source.
 */
export function hashCode(source: string): string | null {
  const parts = readParts(source);
  if (!parts) return null;
  const code = withoutLayout(parts.code);
  return createHash("sha256")
    .update(JSON.stringify([code, parts.comments]))
    .digest("hex");
}

interface Parts {
  readonly code: string[];
  readonly comments: string[];
}

function readParts(source: string): Parts | null {
  const parts: Parts = { code: [], comments: [] };
  for (let at = 0; at < source.length; ) {
    const part = readPart(source, at, parts.code.at(-1) ?? ";");
    if (!part) return null;
    at += part[0].length;
    addPart(parts, part, source.slice(at, at + 2));
  }
  return parts;
}

/** The next part, and the groups of TOKEN that name its kind. Null for a template without an end. */
function readPart(source: string, at: number, before: string): readonly [string, ...(string | undefined)[]] | null {
  if (source[at] === "`") {
    const end = findTemplateEnd(source, at);
    return end === null ? null : [unifyTemplate(source.slice(at, end))];
  }
  const pattern = BEFORE_PATTERN.test(before) ? matchAt(PATTERN, source, at) : null;
  const [text = "", ...groups] = pattern ?? matchAt(TOKEN, source, at) ?? [];
  return [text, ...groups];
}

function addPart(
  { code, comments }: Parts,
  [part, space, comment, literal]: readonly (string | undefined)[],
  after: string,
): void {
  if (comment) comments.push(comment.replace(/\s+/g, " ").trim());
  else if (literal) code.push(`"${literal.slice(1, -1).replace(/\\(["'])/g, "$1")}"`);
  else if (!space) code.push(part ?? "");
  else if (space.includes("\n") && isEndedByNewline(code.at(-1), after)) code.push("\n");
}

/** Returns the place after the template that starts at `start`, or null. Its expressions may hold templates. */
function findTemplateEnd(source: string, start: number): number | null {
  const open: string[] = [];
  for (const { 0: mark, index } of source.slice(start).matchAll(/\\[\s\S]|\$\{|[`{}]/g)) {
    nest(open, mark);
    if (open.length === 0) return start + index + 1;
  }
  return null;
}

/** `open` lists the templates and braces around a mark. In the text of a template only "${" opens a brace. */
function nest(open: string[], mark: string): void {
  const isText = open.at(-1) === "`";
  if (mark === (isText ? "`" : "}")) open.pop();
  else if (mark === "`" || mark === "${" || (mark === "{" && !isText)) open.push(mark);
}

function unifyTemplate(template: string): string {
  return template.replace(/\$\{[\s\S]*?\}/g, (expression) => expression.replace(/'([^'"\\]*)'/g, '"$1"'));
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

/** Whether a line break ends the statement here, and is not only layout. */
function isEndedByNewline(before: string | undefined, after: string): boolean {
  return ENDS_AT_NEWLINE.test(before ?? "") || after === "++" || after === "--";
}

/** Removes the tokens that a formatter adds when it breaks a line. They do not change the meaning of the code. */
function withoutLayout(code: readonly string[]): readonly string[] {
  const brackets = findSpareBrackets(code);
  const kept = code.filter((_, i) => !brackets.has(i));
  return kept.filter((token, i) => {
    const [before = "", after = ""] = [kept[i - 1], kept[i + 1]];
    if (token === ",") return !/^[)\]}>]$/.test(after) || /^[,([]$/.test(before);
    if (token === ";") return after !== "}";
    if (token === "|" || token === "&") return !/^(?:[=:<(,[?]|=>)$/.test(before); // The first line of a union type.
    return true;
  });
}

/** The places of spare brackets: around a whole expression (after `return`), or around an arrow function's parameter. */
function findSpareBrackets(code: readonly string[]): ReadonlySet<number> {
  const spare = findPairs(code).filter(([start, end]) => isSpare(code, start, end));
  return new Set(spare.flat());
}

/** The places where brackets open and close, without the pairs that have a comma between them. */
function findPairs(code: readonly string[]): readonly (readonly [start: number, end: number])[] {
  const pairs: [number, number][] = [];
  const open: { readonly start: number; hasComma: boolean }[] = [];
  for (const [at, token] of code.entries()) {
    const innermost = open.at(-1);
    if (innermost && token === ",") innermost.hasComma = true;
    if (/^[([{]$/.test(token)) open.push({ start: at, hasComma: false });
    if (!/^[)\]}]$/.test(token)) continue;
    open.pop();
    if (innermost?.hasComma === false) pairs.push([innermost.start, at]);
  }
  return pairs;
}

function isSpare(code: readonly string[], start: number, end: number): boolean {
  const [before = "", first = "", after = ";"] = [code[start - 1], code[start + 1], code[end + 1]];
  if (code[start] !== "(" || first === "{" || first === ")" || code[start - 2] === ".") return false;
  if (after === "=>") return end - start === 2;
  const isWhole = /^(?:return|throw|default|=>|[=?:])$/.test(before) || (/^(?:&&|\|\|)$/.test(before) && first === "<");
  return isWhole && /^[;,)\]}:]$/.test(after);
}
