import { expect, test } from "vitest";
import { chooseConfig } from "@/lib/auth/core/base/addresses";
import { parseConfigs } from "@/lib/auth/core/base/config";

const configs = (addresses: string) =>
  parseConfigs({
    COGNITO_ISSUER: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Abc123",
    COGNITO_DOMAIN: "https://auth.example.com",
    COGNITO_CLIENT_ID: "1example23456789",
    APP_BASE_URL: addresses,
  });

test.each([
  [
    "an address with a port",
    "https://a.example, https://b.example:8443/",
    { host: "b.example:8443" },
    "https://b.example:8443",
  ],
  ["an address in other letters", "https://a.example,https://B.example", { host: "b.EXAMPLE" }, "https://b.example"],
  ["an IPv6 address", "http://localhost:3000, http://[::1]:3000", { host: "[::1]:3000" }, "http://[::1]:3000"],
  [
    "an international name",
    "https://a.example, https://bücher.example",
    { host: "xn--bcher-kva.example" },
    "https://xn--bcher-kva.example",
  ],
  [
    "the forwarded host",
    "https://a.example, https://b.example",
    { host: "a.example", "x-forwarded-host": " b.example , c" },
    "https://b.example",
  ],
  ["the first address by default", "https://a.example, https://b.example", { host: "c.example" }, "https://a.example"],
])("NW-05 %s is found", (_what, addresses, headers, expected) => {
  expect(chooseConfig(configs(addresses), new Headers(headers))?.baseUrl).toBe(expected);
});

test("NW-05 each address keeps one configuration for all its requests", () => {
  const list = configs("https://a.example, https://b.example");
  const choose = (host: string) => chooseConfig(list, new Headers({ host }));
  expect(choose("b.example")).toBe(choose("B.example:443"));
  expect(choose("a.example")).toBe(list[0]);
});
