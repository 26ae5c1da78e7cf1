import { expect, test } from "vitest";
import { AuthError, SignInRefused } from "@/lib/auth/core/base/errors";
import { createSession } from "@/lib/auth/core/session/session";
import { callSignInHook, type SignInHook } from "@/lib/auth/core/sign-in/hook";
import * as shipped from "../../../lib/auth/sign-in";

const APP = { origin: "https://app.example", basePath: "" };
const CLAIMS = {
  iss: "https://pool.example",
  sub: "1",
  exp: 2,
  iat: 1,
  token_use: "access",
  client_id: "web",
} as const;
const call = (hook: SignInHook) =>
  callSignInHook(
    hook,
    createSession(CLAIMS, null, "cookie", null),
    new Request("https://app.example/auth/callback"),
    APP,
  );

/** The code and the text of the error that a hook's own error becomes. */
async function failureOf(thrown: unknown): Promise<readonly unknown[]> {
  const error = await call(() => Promise.reject(thrown)).catch((it: unknown) => it);
  return error instanceof AuthError ? [error.code, error.message] : [error];
}

test("the hook of a new copy lets every user in, and leads to the page that the user asked for", async () => {
  expect(await call(shipped.onSignIn)).toBeNull();
});

test.each([
  ["an error", new TypeError("x"), "TypeError: x"],
  ["an error of the kit", new AuthError("token_expired"), "AuthError: token_expired"],
  ["text", "token=abc", "onSignIn threw a value of type string"],
  ["nothing", undefined, "onSignIn threw a value of type undefined"],
  ["an object without a text", Object.create(null), "onSignIn threw a value of type object"],
])("NW-04 a hook that throws %s fails the sign-in", async (_what, thrown, text) => {
  expect(await failureOf(thrown)).toEqual(["sign_in_hook_failed", text]);
});

test("NW-04 the cause of a failure is one line of at most 200 characters", async () => {
  expect(await failureOf(new Error('a\r\n\u001b[31m{"auth":1}\u2028b\0c'))).toEqual([
    "sign_in_hook_failed",
    'Error: a [31m{"auth":1} b c',
  ]);
  const [, text] = await failureOf(new Error("x".repeat(100_000)));
  expect(text).toHaveLength(200);
});

test("NW-04 a hook that refuses a user gives its reason to the log", async () => {
  expect(await failureOf(new SignInRefused())).toEqual(["sign_in_refused", "onSignIn refused this user"]);
  expect(await failureOf(new SignInRefused("closed\nin May"))).toEqual(["sign_in_refused", "closed in May"]);
});
