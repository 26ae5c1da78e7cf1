// The template and the script that create a user pool, against the schemas of CloudFormation and of the Cognito API.
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseConfig } from "../../support/parse-config";
import { findMisfits, readOptions, schema } from "./api-model";
import { POOL_ID, runWithFakeAws } from "./fake-aws";
import { ROOT } from "./manifest";
import { readTemplate, resolveTemplate } from "./template";

const APP = "https://app.example.com/shop";
const MORE = "http://localhost:3000";
const SCRIPT = join(ROOT, "lib/auth/tools/pool/create-pool.sh");
const template = readTemplate(join(ROOT, "lib/auth/tools/pool/template.yaml"));
const stack = resolveTemplate(template, {
  DomainPrefix: "auth",
  AppBaseUrl: APP,
  MoreCallbackUrls: `${MORE}/auth/callback`,
  MoreSignOutUrls: MORE,
});
const createPool = (args: string[], failing?: string) => runWithFakeAws(SCRIPT, args, failing);

const toCommand = (name = "") => name.replace(/(^|-)(\w)/g, (_, _dash, letter: string) => letter.toUpperCase());
const ran = createPool(["auth", APP, MORE]);
const inputs = Object.fromEntries(
  ran.calls.map(([, name, ...args]) => [toCommand(name), readOptions(toCommand(name), args)]),
);

test("the template names only properties that CloudFormation has, with values of their types", () => {
  const misfits = Object.entries(stack.resources).flatMap(([name, { type, properties }]) =>
    findMisfits(properties, schema.resources[type]?.properties, name),
  );
  expect(misfits).toEqual([]);
});

test("these tests find a wrong name, a wrong type and a missing property", () => {
  const wrong = { RefreshTokenRotation: { Feature: "ON", GraceSeconds: 60 }, IdTokenValidity: "an hour" };
  expect(findMisfits(wrong, schema.resources["AWS::Cognito::UserPoolClient"]?.properties, "it")).toEqual([
    "it.UserPoolId!: missing",
    "it.RefreshTokenRotation.Feature: not one of ENABLED,DISABLED",
    "it.RefreshTokenRotation.GraceSeconds: unknown",
    "it.IdTokenValidity: not a integer",
  ]);
});

test("the template asks only for attributes that its resources have", () => {
  expect(stack.references).toEqual(["Client.ClientSecret"]);
  expect(schema.resources["AWS::Cognito::UserPoolClient"]?.attributes).toContain("ClientSecret");
});

test("the outputs of the template are variables that the kit accepts", () => {
  const env = Object.fromEntries(
    Object.entries(stack.outputs).map(([name, value]) => [name, String(value).replaceAll(/[<>.]/g, "_")]),
  );
  const issuer = String(stack.outputs.COGNITO_ISSUER).replace("<Pool>", POOL_ID);
  const config = parseConfig({
    ...env,
    COGNITO_ISSUER: issuer,
    COGNITO_DOMAIN: String(stack.outputs.COGNITO_DOMAIN),
    APP_BASE_URL: APP,
  });
  expect(config.jwksUri).toBe(`https://cognito-idp.eu-west-1.amazonaws.com/${POOL_ID}/.well-known/jwks.json`);
  expect(config.domain).toBe("https://auth.auth.eu-west-1.amazoncognito.com");
  expect(config.clientSecrets).toHaveLength(1);
  const known = readFileSync(join(ROOT, ".env.example"), "utf8");
  for (const name of Object.keys(env)) expect(known).toContain(`\n${name}=`);
});

test("the template allows sessions up to the kit's own limit", () => {
  const env = { COGNITO_ISSUER: "https://a.example", COGNITO_DOMAIN: "https://a.example", COGNITO_CLIENT_ID: "a" };
  const { sessionMaxAge } = parseConfig({ ...env, APP_BASE_URL: APP, AUTH_SESSION_MAX_AGE: "9999999999" });
  expect(template.Parameters.SessionSeconds?.MaxValue).toBe(sessionMaxAge);
});

test("the template registers the URLs that the kit sends", () => {
  const { baseUrl, redirectUri } = parseConfig({
    COGNITO_ISSUER: "https://a.example",
    COGNITO_DOMAIN: "https://a.example",
    COGNITO_CLIENT_ID: "a",
    APP_BASE_URL: APP,
  });
  expect(stack.resources.Client?.properties).toMatchObject({
    CallbackURLs: [redirectUri, `${MORE}/auth/callback`],
    LogoutURLs: [baseUrl, MORE],
  });
  const alone = resolveTemplate(template, { DomainPrefix: "auth", AppBaseUrl: APP });
  expect(alone.resources.Client?.properties).toMatchObject({ CallbackURLs: [redirectUri], LogoutURLs: [baseUrl] });
});

test.each([
  ["https://app.example.com", true],
  ["https://app.example.com/shop", true],
  ["http://localhost:3000", true],
  ["https://app.example.com/", false],
  ["http://app.example.com", false],
  ["https://app.example.com?a", false],
])("the template and the script accept APP_BASE_URL %s: %s", (url, isGood) => {
  const pattern = new RegExp(`^(?:${template.Parameters.AppBaseUrl?.AllowedPattern})$`);
  expect(pattern.test(url)).toBe(isGood);
  expect(createPool(["auth", url]).status).toBe(isGood ? 0 : 2);
});

test("the script uses only options that the API has, with values of their types", () => {
  const misfits = Object.entries(inputs).flatMap(([command, input]) =>
    findMisfits(input, schema.commands[command], command),
  );
  expect(misfits).toEqual([]);
  expect(Object.keys(inputs)).toHaveLength(6);
});

test("the script creates the same resources as the template", () => {
  const made = Object.fromEntries(Object.values(stack.resources).map(({ type, properties }) => [type, properties]));
  const asText = (value: unknown) =>
    JSON.parse(JSON.stringify(value, (_, it) => (typeof it === "object" ? it : String(it))));
  const refer = (value: unknown) =>
    JSON.parse(JSON.stringify(value).replaceAll(POOL_ID, "<Pool>").replaceAll("client123", "<Client>"));
  const { PoolName, ...pool } = inputs.CreateUserPool ?? {};
  const { MfaConfiguration, EnabledMfas, ...rest } = withoutName(asText(made["AWS::Cognito::UserPool"]));
  expect(pool).toEqual(rest);
  expect(EnabledMfas).toEqual(["SOFTWARE_TOKEN_MFA"]);
  expect(refer(inputs.SetUserPoolMfaConfig)).toEqual({
    UserPoolId: "<Pool>",
    MfaConfiguration,
    SoftwareTokenMfaConfiguration: { Enabled: "true" },
  });
  expect(PoolName).toBe("auth");
  expect(refer(inputs.CreateUserPoolDomain)).toEqual(asText(made["AWS::Cognito::UserPoolDomain"]));
  expect(refer(inputs.CreateUserPoolClient)).toEqual(asText(made["AWS::Cognito::UserPoolClient"]));
  expect(refer(inputs.CreateManagedLoginBranding)).toEqual(asText(made["AWS::Cognito::ManagedLoginBranding"]));
  expect(refer(inputs.CreateGroup)).toEqual(asText(made["AWS::Cognito::UserPoolGroup"]));
});

test("the script prints only the variables to standard output", () => {
  const env = Object.fromEntries(
    ran.stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split(/=(.*)/s)),
  );
  expect(Object.keys(env)).toEqual(Object.keys(stack.outputs));
  expect(parseConfig(env)).toMatchObject({ clientId: "client123", clientSecrets: ["s3cret+with+plus"], baseUrl: APP });
});

test("AT-17 the pool verifies a new address first, offers MFA, and demands passwords of 12 characters or more", () => {
  expect(stack.resources.Pool?.properties).toMatchObject({
    UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: ["email"] },
    MfaConfiguration: "OPTIONAL",
    EnabledMfas: ["SOFTWARE_TOKEN_MFA"],
    Policies: { PasswordPolicy: { MinimumLength: 12, TemporaryPasswordValidityDays: 7 } },
  });
});

test("AT-17 the script writes the secret to a new file that only its owner can read", () => {
  const folder = mkdtempSync(join(tmpdir(), "create-pool-"));
  const file = join(folder, ".env.local");
  const { status, stdout } = createPool(["-o", file, "auth", APP, MORE]);
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  expect(readFileSync(file, "utf8")).toBe(ran.stdout);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const again = createPool(["-o", file, "auth", APP]);
  expect({ status: again.status, calls: again.calls }).toEqual({ status: 2, calls: [] });
  rmSync(folder, { recursive: true });
});

test("the script stops at the first error and names the pool that it has created", () => {
  const { status, stdout, stderr, calls } = createPool(["auth", APP], "create-user-pool-client");
  expect({ status, stdout, calls: calls.length }).toEqual({ status: 254, stdout: "", calls: 4 });
  expect(stderr).toContain(`Delete user pool ${POOL_ID}`);
});

test("both files say that they were not run against AWS", () => {
  for (const name of ["template.yaml", "create-pool.sh"]) {
    expect(readFileSync(join(ROOT, "lib/auth/tools/pool", name), "utf8").slice(0, 400)).toContain(
      "NOT RUN AGAINST AWS",
    );
  }
});

function withoutName({ UserPoolName, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return UserPoolName === undefined ? {} : rest;
}
