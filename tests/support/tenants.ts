// Stands in for lib/auth/tenants.ts, which an app writes for itself.
import type { Tenant } from "@/lib/auth/core/base/tenants";

export const tenants: readonly Tenant[] | null = JSON.parse(process.env.TEST_TENANTS ?? "null");
