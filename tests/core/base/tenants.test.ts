import { describe, expect, test } from "vitest";
import { chooseConfig } from "@/lib/auth/core/base/addresses";
import { parseTenants, type Tenant } from "@/lib/auth/core/base/tenants";

const SECRET = "0123456789abcdef0123456789abcdef";
const SHARED = { AUTH_SECRET: SECRET, COGNITO_SCOPE: "openid email" };
const POOLS = "https://cognito-idp.eu-central-1.amazonaws.com";

const tenant = (name: string, more: Partial<Tenant> = {}): Tenant => ({
  name,
  APP_BASE_URL: `https://${name}.example`,
  COGNITO_ISSUER: `${POOLS}/eu-central-1_${name}`,
  COGNITO_DOMAIN: `https://auth-${name}.example`,
  COGNITO_CLIENT_ID: "1example23456789",
  ...more,
});

test("NW-06 a tenant has its own variables, and those of the environment that it does not name", () => {
  const [acme, globex] = parseTenants(SHARED, [tenant("acme"), tenant("globex", { COGNITO_SCOPE: "openid" })]);
  expect(acme).toMatchObject({ tenant: "acme", scope: "openid email", secrets: [SECRET] });
  expect(globex).toMatchObject({ tenant: "globex", scope: "openid", issuer: `${POOLS}/eu-central-1_globex` });
});

describe("CF-01 tenants are rejected with the name of the tenant and of the variable", () => {
  test.each<[what: string, tenants: Tenant[], message: RegExp]>([
    ["an empty list", [], /lists no tenant/],
    ["a name twice", [tenant("acme"), tenant("b", { name: "acme" })], /listed twice/],
    ["an empty name", [tenant("")], /without a name/],
    // A list that comes from JSON. As a configuration without a tenant, it would serve every host.
    ["no name", [JSON.parse(JSON.stringify({ ...tenant("acme"), name: undefined }))], /without a name/],
    ["a wrong variable", [tenant("acme", { COGNITO_ISSUER: "x" })], /"acme".*COGNITO_ISSUER/],
    [
      "a variable that was not set",
      [tenant("acme", { COGNITO_CLIENT_SECRET: undefined })],
      /COGNITO_CLIENT_SECRET is un/,
    ],
    ...[null, 5, {}].map((value): [string, Tenant[], RegExp] => [
      `a variable of JSON that is ${JSON.stringify(value)}`,
      JSON.parse(JSON.stringify([{ ...tenant("acme"), AUTH_SECRET: value }])),
      /"acme".*AUTH_SECRET must be text/,
    ]),
    ["a name that is a number", JSON.parse(JSON.stringify([{ ...tenant("acme"), name: 1 }])), /without a name/],
    [
      "a tenant without an address",
      JSON.parse(JSON.stringify([{ name: "acme" }])),
      /"acme".*APP_BASE_URL is undefined/,
    ],
    [
      "an address of two",
      [tenant("a"), tenant("b", { APP_BASE_URL: "https://B.example,https://a.example:443" })],
      /"b".*"a"/,
    ],
    ["an app client of two", [tenant("a"), tenant("b", { COGNITO_ISSUER: `${POOLS}/eu-central-1_a` })], /"b".*"a"/],
    [
      "an API client of two",
      [
        tenant("a", { COGNITO_API_CLIENT_IDS: "api" }),
        tenant("b", {
          COGNITO_ISSUER: `${POOLS}/eu-central-1_a`,
          COGNITO_CLIENT_ID: "other",
          COGNITO_API_CLIENT_IDS: "api",
        }),
      ],
      /"b".*api.*"a"/,
    ],
    ["two base paths", [tenant("a"), tenant("b", { APP_BASE_URL: "https://b.example/app" })], /"b".*APP_BASE_URL/],
    ["two schemes", [tenant("a"), tenant("b", { APP_BASE_URL: "http://localhost" })], /"b".*APP_BASE_URL/],
  ])("%s", (_what, tenants, message) => {
    expect(() => parseTenants(SHARED, tenants)).toThrow(
      expect.objectContaining({ code: "config_invalid", message: expect.stringMatching(message) }),
    );
  });
});

describe("NW-05 NW-06 the host picks the tenant, and there is no default", () => {
  const configs = parseTenants(SHARED, [
    tenant("acme", { APP_BASE_URL: "https://acme.example, https://acme.test:8443" }),
    tenant("globex"),
  ]);

  test.each<[headers: Record<string, string>, name: string | undefined]>([
    [{ host: "acme.example" }, "acme"],
    [{ host: "ACME.test:8443" }, "acme"],
    [{ host: "acme.test" }, undefined],
    [{ host: "globex.example:443" }, "globex"],
    [{ host: "internal", "x-forwarded-host": "globex.example" }, "globex"],
    [{ host: "acme.example", "x-forwarded-host": "acme.test:8443" }, "acme"],
    [{ host: "acme.example", "x-forwarded-host": "globex.example" }, undefined],
    [{ host: "globex.example", "x-forwarded-host": "acme.example, globex.example" }, undefined],
    [{ host: "other.example" }, undefined],
    [{ host: "acme.example.evil.test" }, undefined],
    [{ host: "acme.example/@globex.example" }, undefined],
    [{ host: "user@acme.example" }, undefined],
    [{ host: "acme.example." }, undefined],
    [{ host: "\u{a0}acme.example" }, undefined],
    [{ host: "internal", "x-forwarded-host": "acme.example\u{a0}" }, undefined],
    [{ host: "internal", "x-forwarded-host": "acme.example\t, globex.example" }, "acme"],
    [{ host: "internal", "x-forwarded-host": "https://acme.example" }, undefined],
    [{ host: "internal", "x-forwarded-host": "acme.test", "x-forwarded-port": "8443" }, undefined],
    [{ host: "%61cme.example" }, undefined],
    [{ host: "[::1]" }, undefined],
    [{ host: "" }, undefined],
    [{}, undefined],
  ])("%o", (headers, name) => {
    expect(chooseConfig(configs, new Headers(headers))?.tenant).toBe(name);
  });

  test("one tenant alone is no default either", () => {
    const alone = parseTenants(SHARED, [tenant("acme")]);
    expect(chooseConfig(alone, new Headers({ host: "other.example" }))).toBeNull();
    expect(chooseConfig(alone, new Headers({ host: "acme.example" }))).toBe(alone[0]);
  });
});
