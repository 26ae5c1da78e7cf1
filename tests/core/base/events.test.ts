import { setImmediate } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { emit, emitAll } from "@/lib/auth/core/base/events";

const NO_TENANT = { tenant: null };
const EVENT = { type: "signed_out", path: "/auth/logout", subject: null, isRevoked: false } as const;

test.each([
  [
    "throws",
    () => {
      throw new Error("The logger is down");
    },
  ],
  ["rejects", () => Promise.reject(new Error("The logger is down"))],
])("DS-16 a report() that %s does not fail the request, and leaves no unhandled rejection", async (_how, report) => {
  const unhandled = vi.fn();
  process.on("unhandledRejection", unhandled);
  emit(report, NO_TENANT, EVENT);
  await setImmediate();
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

test("CF-07 the kit reports every event of an authentication in order, with the path of the request", () => {
  const report = vi.fn();
  const refreshed = { type: "refreshed", subject: "a-hash", isIdTokenDropped: true } as const;
  const dropped = { type: "id_token_dropped", code: "token_invalid", detail: "The token has a bad signature" } as const;
  emitAll(report, NO_TENANT, "/dashboard", [refreshed, dropped]);
  expect(report.mock.calls).toEqual([[{ path: "/dashboard", ...refreshed }], [{ path: "/dashboard", ...dropped }]]);
});

test("CF-07 an authentication without events reports no event", () => {
  const report = vi.fn();
  emitAll(report, NO_TENANT, "/dashboard", []);
  emitAll(report, NO_TENANT, "/dashboard", undefined);
  expect(report).not.toHaveBeenCalled();
});

test("NW-06 with tenants every event names its tenant", () => {
  const report = vi.fn();
  emit(report, { tenant: "acme" }, EVENT);
  expect(report).toHaveBeenCalledWith({ ...EVENT, tenant: "acme" });
});
