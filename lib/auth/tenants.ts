// The tenants of this deployment: a user pool for each customer's address. Yours to change.
import type { Tenant } from "./session";

/**
 * Null: the environment alone counts. With tenants the host of a request picks the tenant, and every other host gets a
 * 404. A tenant has a name and the variables that differ; process.env may be read here. lib/auth/docs/tenants.md explains
 * it.
 */
export const tenants: readonly Tenant[] | null = null;
