// Keeps the catalogue in rules.md, the reasons in not-covered.md and the titles of all tests equal.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseAst } from "vitest/node";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const HEADING = /^## [A-Z].* \(([A-Z]{2})\)$/;
const RULE = /^- \*\*([A-Z]{2}-\d{2})\*\* (\S.*\.)$/;
const REASON = /(?:Not tested|Out of scope): \S.{10}/;

interface Rule {
  readonly id: string;
  readonly text: string;
  /** The two letters in the heading above the rule. */
  readonly group: string;
}

interface Catalogue {
  readonly rules: readonly Rule[];
  readonly groups: readonly string[];
  /** List items that are no rule in the form that this test can read. */
  readonly unreadable: readonly string[];
}

function readCatalogue(markdown: string): Catalogue {
  const rules: Rule[] = [];
  const groups: string[] = [];
  const unreadable: string[] = [];
  for (const line of markdown.split("\n")) {
    const [, group] = HEADING.exec(line) ?? [];
    const [, id, text] = RULE.exec(line) ?? [];
    if (group) groups.push(group);
    else if (id && text) rules.push({ id, text, group: groups.at(-1) ?? "" });
    else if (/^(?:[-*] |##)/.test(line)) unreadable.push(line);
  }
  return { rules, groups, unreadable };
}

/** The catalogue with the rules that have a reason instead of a test, each in its place. */
function insertReasons(catalogue: string, reasons: string): string {
  const lines = catalogue.split("\n");
  for (const line of reasons.split("\n").filter((it) => RULE.test(it))) {
    const group = line.slice(0, "- **AA-".length);
    const before = lines.findLastIndex((it) => it.startsWith(group) && it < line);
    lines.splice(before < 0 ? lines.findIndex((it) => it.startsWith(group)) : before + 1, 0, line);
  }
  return lines.join("\n");
}

/** What is wrong between a catalogue and the ids that titles name, one sentence for each mistake. */
function findMistakes(markdown: string, named: ReadonlySet<string>): string[] {
  const { rules, groups, unreadable } = readCatalogue(markdown);
  const known = new Set(rules.map(({ id }) => id));
  const unknown = [...named].filter((id) => !known.has(id));
  const twice = groups.filter((group, i) => groups.indexOf(group) < i);
  const empty = groups.filter((group) => !rules.some((rule) => rule.group === group));
  return [
    ...unreadable.map((line) => `This line is no rule: ${line}`),
    ...unknown.map((id) => `The catalogue has no ${id}`),
    ...twice.map((group) => `Two headings for ${group}`),
    ...empty.map((group) => `No rule under the heading for ${group}`),
    ...rules.flatMap((rule, i) => findMistakesOf(rule, rules[i - 1], named.has(rule.id))),
  ];
}

function findMistakesOf(rule: Rule, previous: Rule | undefined, isNamed: boolean): string[] {
  const mistakes: string[] = [];
  const hasReason = REASON.test(rule.text);
  if (!rule.id.startsWith(`${rule.group}-`)) mistakes.push(`Another heading is above ${rule.id}`);
  if (previous?.group === rule.group && previous.id >= rule.id) mistakes.push(`Wrong place for ${rule.id}`);
  if (isNamed && hasReason) mistakes.push(`A test and a reason for ${rule.id}`);
  if (!isNamed && !hasReason) mistakes.push(`Neither a test nor a reason for ${rule.id}`);
  return mistakes;
}

interface Node {
  readonly type: string;
  readonly [member: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

const nodesIn = (value: unknown): Node[] => [value].flat().filter(isNode);
const childrenOf = (node: Node): Node[] => Object.values(node).flatMap(nodesIn);
const withDescendants = (node: Node): Node[] => [node, ...childrenOf(node).flatMap(withDescendants)];

/** The rule ids that the tests of one source file name. A test that is skipped proves nothing, so its ids do not count. */
function readIds(source: string): Set<string> {
  const [program] = nodesIn(parseAst(source, { lang: "ts" }));
  if (!program) return new Set();
  const tables = readVariables(program);
  const titles = readCalls(program).flatMap((call) => readTitles(call, tables));
  return new Set(titles.flatMap((title) => title.match(/\b[A-Z]{2}-\d{2}\b/g) ?? []));
}

/** The values of all variables of a file, by name. */
function readVariables(program: Node): ReadonlyMap<string, readonly Node[]> {
  const variables = new Map<string, readonly Node[]>();
  for (const { type, id, init } of withDescendants(program)) {
    if (type !== "VariableDeclarator") continue;
    for (const { name } of nodesIn(id)) {
      if (typeof name === "string") variables.set(name, [...(variables.get(name) ?? []), ...nodesIn(init)]);
    }
  }
  return variables;
}

/** All calls that are not in a skipped test. */
function readCalls(node: Node): Node[] {
  if (node.type !== "CallExpression") return childrenOf(node).flatMap(readCalls);
  if (/\.(?:skip|todo)\b/.test(nameOf(node.callee))) return [];
  return [node, ...childrenOf(node).flatMap(readCalls)];
}

/** The name of what is called, for example `test.each`. */
function nameOf(callee: unknown): string {
  const [node] = nodesIn(callee);
  if (node?.type === "CallExpression") return nameOf(node.callee);
  if (node?.type === "MemberExpression") return `${nameOf(node.object)}.${nameOf(node.property)}`;
  return node?.type === "Identifier" ? String(node.name) : "";
}

/** The title of a test or a group of tests, and the titles that the rows of its table give. */
function readTitles(call: Node, tables: ReadonlyMap<string, readonly Node[]>): string[] {
  const [callee] = nodesIn(call.callee);
  const [first] = nodesIn(call.arguments);
  const title = first ? textOf(first) : null;
  if (title === null || !/^(?:test|it|describe)\b/.test(nameOf(call.callee))) return [];
  const isFilled = callee?.type === "CallExpression" && /[%$]/.test(title);
  const rows = isFilled ? nodesIn(callee.arguments).flatMap((table) => textsIn(table, tables, new Set())) : [];
  // Only the ids at the start of a cell are a rule's: other cells hold input.
  return [title, ...rows.map((text) => /^(?:[A-Z]{2}-\d{2}(?: |$))+/.exec(text)?.[0] ?? "")];
}

/** The text of a string or a template, with a `$` for each value in it. */
function textOf({ type, value, quasis }: Node): string | null {
  if (type === "Literal" && typeof value === "string") return value;
  if (type !== "TemplateLiteral") return null;
  const parts = nodesIn(quasis).map((part) => part.value);
  return parts.map((part) => (typeof part === "object" && part && "raw" in part ? String(part.raw) : "")).join("$");
}

/** All texts of a table, and those of the variables from which it is made. */
function textsIn(node: Node, tables: ReadonlyMap<string, readonly Node[]>, seen: Set<string>): string[] {
  const text = textOf(node);
  if (text !== null) return [text];
  const { type, name } = node;
  if (type !== "Identifier" || typeof name !== "string") {
    return childrenOf(node).flatMap((child) => textsIn(child, tables, seen));
  }
  if (seen.has(name)) return [];
  seen.add(name);
  return (tables.get(name) ?? []).flatMap((value) => textsIn(value, tables, seen));
}

/** All test files below a folder, without installed packages and hidden folders. */
function listTests(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory()) return /^(?:\.|node_modules$)/.test(entry.name) ? [] : listTests(`${path}/`);
    return entry.name.endsWith(".test.ts") ? [path] : [];
  });
}

test("each rule of the catalogue has a test or a reason, and no title names an unknown rule", () => {
  const sources = listTests(FOLDER).map((path) => readFileSync(path, "utf8"));
  const named = new Set(sources.flatMap((source) => [...readIds(source)]));
  expect(named.size).toBeGreaterThan(300);
  const [catalogue, reasons] = [
    readFileSync(`${FOLDER}rules.md`, "utf8"),
    readFileSync(`${FOLDER}not-covered.md`, "utf8"),
  ];
  expect(findMistakes(catalogue, named).filter((it) => !it.startsWith("The catalogue has no "))).toEqual([]);
  expect(findMistakes(insertReasons(catalogue, reasons), named)).toEqual([]);
});

describe("a mistake in the catalogue is found:", () => {
  const good = ["## First group (AA)", "- **AA-01** A claim.", "- **AA-02** A claim. Not tested: a good reason."];
  // The ids in the table below start with "**": a cell that starts with an id names a rule.
  const change = (from: string, to: string) => good.join("\n").replace(from, to);

  test.each([
    ["none", change("", ""), []],
    [
      "a rule without a test",
      change("**AA-01", "**AA-00"),
      ["The catalogue has no AA-01", "Neither a test nor a reason for AA-00"],
    ],
    [
      "a reason for a rule with a test",
      change("A claim.", "Out of scope: a good reason."),
      ["A test and a reason for AA-01"],
    ],
    ["a reason that says nothing", change("a good reason", "no"), ["Neither a test nor a reason for AA-02"]],
    ["a rule twice", change("**AA-02", "**AA-01"), ["Wrong place for AA-01", "A test and a reason for AA-01"]],
    ["rules in the wrong order", change("**AA-02", "**AA-00"), ["Wrong place for AA-00"]],
    ["a rule under another heading", change("**AA-02", "**BB-02"), ["Another heading is above BB-02"]],
    [
      "a rule without a heading",
      change("## First group (AA)", ""),
      ["Another heading is above AA-01", "Another heading is above AA-02"],
    ],
    ["a heading twice", `${change("", "")}\n## Again (AA)`, ["Two headings for AA"]],
    ["a heading without rules", `${change("", "")}\n## Second group (BB)`, ["No rule under the heading for BB"]],
    ["a heading without letters", `${change("", "")}\n## Second group`, ["This line is no rule: ## Second group"]],
    ["a rule in another form", `${change("", "")}\n- AA-03 A claim.`, ["This line is no rule: - AA-03 A claim."]],
  ])("%s", (_what, markdown, mistakes) => {
    expect(findMistakes(markdown, new Set(["AA-01"]))).toEqual(mistakes);
  });
});

describe("an id is found in", () => {
  test.each([
    ["the title of a test", 'test("AA-01 a claim", () => {});'],
    ["the title of it()", 'it("AA-01 a claim", () => {});'],
    ["the title of a group", 'describe("a group (AA-01)", () => { test("a claim", () => {}); });'],
    ["the title of a test that depends on the platform", 'test.skipIf(isWindows)("AA-01 a claim", () => {});'],
    ["the title of a table", 'test.each([[1], [2]])("AA-01 a claim with %i", () => {});'],
    ["a template", `test(\`AA-01 a claim of \${name}\`, () => {});`],
    ["the cells of a table", 'test.each([["x", 1], ["AA-01 a cell", 2]] as const)("%s", () => {});'],
    ["the cells of objects", 'test.each([{ what: "AA-01 a cell" }])("$what is a claim", () => {});'],
    ["a table in a variable", 'const rows: Row[] = [["AA-01", 1]];\ntest.each(rows)("%s %i", () => {});'],
    ["a table of spread calls", 'const rows = [...make("AA-01", "x")];\ntest.each(rows)("%s", () => {});'],
    ["a table that is mapped", 'const all = ["AA-01 x"];\ntest.each(all.map((it) => [it]))("%s", () => {});'],
    ["a test in a group", 'describe.each([1])("a group", () => { test("AA-01 a claim", () => {}); });'],
  ])("%s", (_where, source) => {
    expect([...readIds(source)]).toEqual(["AA-01"]);
  });

  test("several places of one file", () => {
    const source = 'describe("AA-01 AA-02 a group", () => { test.each([["AA-03 BB-01 x"]])("AA-04 %s", () => {}); });';
    expect([...readIds(source)].sort()).toEqual(["AA-01", "AA-02", "AA-03", "AA-04", "BB-01"]);
  });
});

test.each([
  ["a comment", '// AA-01\ntest("a claim", () => {}); /* AA-01 */'],
  ["the body of a test", 'test("a claim", () => expect("AA-01 a claim").toBe(""));'],
  ["a table that the title does not print", 'test.each([["AA-01 x"]])("a claim", () => {});'],
  ["the middle of a cell", 'test.each([["an input with AA-01"]])("%s", () => {});'],
  ["a skipped test", 'test.skip("AA-01 a claim", () => {});'],
  ["a group that is skipped", 'describe.skip("a group", () => { test("AA-01 a claim", () => {}); });'],
  ["a test to be written", 'test.todo("AA-01 a claim");'],
  ["a function that is no test", 'report("AA-01 a claim", () => {});'],
])("an id does not count in %s", (_where, source) => {
  expect([...readIds(source)]).toEqual([]);
});
