// Compares a template or the options of an AWS CLI command with AWS's schemas.
import { readFileSync } from "node:fs";

/** A type in pool-schema.json. The one element of a list is the type of its items. A name with ! is required. */
type Type = string | readonly Type[] | { readonly [name: string]: Type };
type Structure = { readonly [name: string]: Type };

interface Schema {
  readonly resources: Readonly<Record<string, { attributes: readonly string[]; properties: Structure }>>;
  readonly commands: Readonly<Record<string, Structure>>;
}

export const schema: Schema = JSON.parse(readFileSync(new URL("pool-schema.json", import.meta.url), "utf8"));

/** Returns the problems of a value, as `path: problem`. CloudFormation and the CLI accept numbers and booleans as text. */
export function findMisfits(value: unknown, type: Type | undefined, path: string): string[] {
  if (type === undefined) return [`${path}: unknown`];
  if (typeof type === "string") return fits(value, type) ? [] : [`${path}: not a ${type}`];
  if (isList(type)) {
    if (!Array.isArray(value)) return [`${path}: not a list`];
    return value.flatMap((item, i) => findMisfits(item, type[0], `${path}.${i}`));
  }
  if (isList(type.enum)) return type.enum.includes(String(value)) ? [] : [`${path}: not one of ${type.enum}`];
  return isObject(value) ? findMisfitMembers(value, type, path) : [`${path}: not a structure`];
}

function findMisfitMembers(value: Record<string, unknown>, type: Structure, path: string): string[] {
  const required = Object.keys(type).filter((name) => name.endsWith("!"));
  const missing = required.filter((name) => !(name.slice(0, -1) in value)).map((name) => `${path}.${name}: missing`);
  const wrong = Object.entries(value).flatMap(([name, member]) =>
    findMisfits(member, type[name] ?? type[`${name}!`], `${path}.${name}`),
  );
  return [...missing, ...wrong];
}

function fits(value: unknown, type: string): boolean {
  if (type === "string") return typeof value === "string" || typeof value === "number";
  if (type === "integer") return /^\d+$/.test(String(value));
  if (type === "json") return isObject(value);
  return type === "boolean" && /^(true|false)$/.test(String(value));
}

/** Returns the AWS CLI's name of a member: AllowedOAuthFlows is --allowed-o-auth-flows (botocore, xform_name). */
export function toOption(member: string): string {
  const split = member.replace(/[A-Z]{2,}s$/, (plural) => `-${plural.toLowerCase()}`);
  const words = split.replace(/(.)([A-Z][a-z]+)/g, "$1-$2").replace(/([a-z0-9])([A-Z])/g, "$1-$2");
  return words.toLowerCase();
}

/** Returns the API input that the options of an `aws cognito-idp <command>` stand for. */
export function readOptions(command: string, args: readonly string[]): Record<string, unknown> {
  const type = schema.commands[command] ?? {};
  const names = new Map(Object.keys(type).map((name) => [`--${toOption(name.replace("!", ""))}`, name]));
  const input: Record<string, unknown> = {};
  for (let i = 0; i < args.length; ) {
    const option = args[i++] ?? "";
    const values: string[] = [];
    for (let next = args[i]; next !== undefined && !next.startsWith("--"); next = args[++i]) values.push(next);
    if (option === "--query" || option === "--output") continue; // The CLI's own.
    const name = names.get(option) ?? option;
    input[name.replace("!", "")] = readValue(type[name], values);
  }
  return input;
}

function readValue(type: Type | undefined, values: readonly string[]): unknown {
  if (type === "boolean" && values.length === 0) return "true";
  if (type !== undefined && isList(type)) return values;
  const [text = ""] = values;
  return typeof type === "object" && !isList(type.enum) ? readShorthand(text) : text;
}

/** Reads the forms of the AWS CLI's shorthand that the script uses: `A=1,B=2`, `A=[{B=1,C=2}]`, `A={B=1,C=2}` and `A=[b]`. */
function readShorthand(text: string): unknown {
  const [, name = "", list, structure, words] = /^(\w+)=(?:\[\{(.*)\}\]|\{(.*)\}|\[([\w,]*)\])$/.exec(text) ?? [];
  if (list !== undefined) return { [name]: [readShorthand(list)] };
  if (structure !== undefined) return { [name]: readShorthand(structure) };
  if (words !== undefined) return { [name]: words.split(",") };
  return Object.fromEntries(text.split(",").map((pair) => pair.split("=")));
}

function isList(type: Type | undefined): type is readonly Type[] {
  return Array.isArray(type);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
