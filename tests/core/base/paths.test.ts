import { expect, test } from "vitest";
import { isKitRoute, KIT_PATHS } from "@/lib/auth/core/base/paths";

test.each(Object.values(KIT_PATHS))("RD-25 %s is a route of the kit, with a slash at its end, too", (path) => {
  expect([isKitRoute(path), isKitRoute(`${path}/`)]).toEqual([true, true]);
});

test.each([
  "/",
  "/auth",
  "/auth/",
  "/auth/profile",
  "/auth/login/help",
  "/auth/loginx",
  "/auth/Login",
  "/x/auth/login",
])("RD-25 %s is a page of the app", (path) => expect(isKitRoute(path)).toBe(false));
