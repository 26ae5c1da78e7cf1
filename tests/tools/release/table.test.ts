// The template of the table of the DynamoDB store, against the schemas of CloudFormation.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findMisfits, schema } from "./api-model";
import { ROOT } from "./manifest";
import { readTemplate, resolveTemplate } from "./template";

const PATH = join(ROOT, "lib/auth-extras/stores/dynamodb.yaml");
const stack = resolveTemplate(readTemplate(PATH), {});

const findMisfitsOf = (type: string, properties: unknown) =>
  findMisfits(properties, schema.resources[type]?.properties, type);

test("the template of the table names only properties that CloudFormation has, with values of their types", () => {
  const resources = Object.values(stack.resources);
  expect(resources.map(({ type }) => type)).toEqual(["AWS::DynamoDB::Table", "AWS::IAM::ManagedPolicy"]);
  expect(resources.flatMap(({ type, properties }) => findMisfitsOf(type, properties))).toEqual([]);
});

test("these tests find a wrong name, a wrong type and a missing property of a table", () => {
  const wrong = {
    TimeToLiveSpecification: { Attribute: "expiresAt", Enabled: "yes" },
    KeySchema: [{ KeyType: "HASH" }],
  };
  expect(findMisfitsOf("AWS::DynamoDB::Table", wrong)).toEqual([
    "AWS::DynamoDB::Table.TimeToLiveSpecification.Attribute: unknown",
    "AWS::DynamoDB::Table.TimeToLiveSpecification.Enabled: not a boolean",
    "AWS::DynamoDB::Table.KeySchema.0.AttributeName!: missing",
  ]);
});

test("the policy of the template names the table by an attribute that it has", () => {
  expect(stack.references).toEqual(["Table.Arn"]);
  expect(schema.resources["AWS::DynamoDB::Table"]?.attributes).toContain("Arn");
});

test("the outputs of the template are the table and the policy", () => {
  expect(Object.values(stack.outputs)).toEqual(["<Table>", "<Policy>"]);
});

test("the template of the table says that it was not run against AWS", () => {
  expect(readFileSync(PATH, "utf8").slice(0, 200)).toContain("NOT RUN AGAINST AWS");
});
