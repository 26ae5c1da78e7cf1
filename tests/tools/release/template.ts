// Reads a CloudFormation template, and resolves its functions.
import { readFileSync } from "node:fs";
import { parse } from "yaml";

type Fields = Record<string, unknown>;

interface Template {
  readonly Parameters: Record<string, { Default?: string | number; AllowedPattern?: string; MaxValue?: number }>;
  readonly Conditions: Fields;
  readonly Resources: Record<string, { Type: string; Properties: Fields }>;
  readonly Outputs: Record<string, { Description: string; Value: unknown }>;
}

const FUNCTIONS = ["Ref", "Sub", "GetAtt", "If", "Not", "Equals", "Split"];

/** Reads a template with the short forms of CloudFormation's functions: `!Sub x` becomes `{ "!Sub": x }`. */
export function readTemplate(path: string): Template {
  const customTags = FUNCTIONS.flatMap((name) => {
    const tag = `!${name}`;
    return [
      { tag, resolve: (text: string) => ({ [tag]: text }) },
      { tag, collection: "seq" as const, resolve: (list: { toJSON(): unknown }) => ({ [tag]: list.toJSON() }) },
    ];
  });
  return { Parameters: {}, Conditions: {}, ...parse(readFileSync(path, "utf8"), { customTags }) };
}

/** Returns the resources and outputs of a stack. A reference is `<Name>`, an attribute `<Name.Attribute>`. */
export function resolveTemplate(template: Template, given: Record<string, string>) {
  const values: Fields = { "AWS::StackName": "auth", "AWS::Region": "eu-west-1", "AWS::URLSuffix": "amazonaws.com" };
  for (const [name, { Default }] of Object.entries(template.Parameters)) values[name] = given[name] ?? Default;
  for (const name of Object.keys(template.Resources)) values[name] = `<${name}>`;
  const references: string[] = [];

  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== "object" || value === null) return value;
    const [entry] = Object.entries(value);
    if (entry?.[0].startsWith("!")) return apply(entry[0].slice(1), entry[1]);
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, resolve(member)]));
  };
  const look = (name: string): unknown => {
    if (values[name] === undefined) throw new Error(`The template has no parameter or resource ${name}`);
    return values[name];
  };
  const apply = (name: string, argument: unknown): unknown => {
    const list = Array.isArray(argument) ? argument : [argument];
    if (name === "Ref") return look(String(argument));
    if (name === "Sub") return String(argument).replace(/\$\{([^}]+)\}/g, (_, key: string) => String(look(key)));
    if (name === "GetAtt") return references.push(String(argument)) && `<${argument}>`;
    if (name === "Equals") return resolve(list[0]) === resolve(list[1]);
    if (name === "Not") return !resolve(list[0]);
    if (name === "Split") return String(resolve(list[1])).split(list[0]);
    const condition = template.Conditions[list[0]];
    if (condition === undefined) throw new Error(`The template has no condition ${list[0]}`);
    return resolve(list[resolve(condition) ? 1 : 2]);
  };
  const resources = Object.entries(template.Resources).map(([name, { Type, Properties }]) => {
    return [name, { type: Type, properties: resolve(Properties) }] as const;
  });
  const outputs = Object.values(template.Outputs).map(
    ({ Description, Value }) => [Description, resolve(Value)] as const,
  );
  return { resources: Object.fromEntries(resources), outputs: Object.fromEntries(outputs), references };
}
