import { expect, test } from "vitest";
import { readLink } from "@/lib/auth/core/sign-in/authorization";

const read = (name: string, value: string) => readLink(new URLSearchParams({ [name]: value }));

test.each([
  ["identity_provider", ["G", "Zoë & Co", "x".repeat(128)], ["", "x".repeat(129), "\tGoogle", "Google\n", "a\0b"]],
  ["idp_identifier", ["a.example", "x".repeat(128)], ["", "x".repeat(129), "\ta.example", "a.example\n"]],
  ["login_hint", ["ada@a.example", "x".repeat(320)], ["", "x".repeat(321), "\tada", "ada\n"]],
  ["lang", ["de", "deu", "pt-BR", "zh-Hans"], ["", "d", "1de", "de-", "de-D", "de1", "pt_BR", "zh-Hanszhans"]],
  [
    "prompt",
    ["none", "login", "select_account consent"],
    ["", "none login", "login none", "xlogin", "loginx", "login "],
  ],
])("AR-11 AR-12 only well-formed values of %s in a sign-in link reach Cognito", (name, good, bad) => {
  for (const value of good) expect(read(name, value)).toEqual({ [name]: value });
  for (const value of bad) expect(read(name, value)).toEqual({});
});

test("AR-11 unknown and repeated parameters of a sign-in link do not reach Cognito", () => {
  expect(readLink(new URLSearchParams("client_id=x&redirect_uri=y&scope=z&state=1&lang=de&lang=fr"))).toEqual({});
});
