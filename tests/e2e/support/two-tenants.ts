// The lib/auth/tenants.ts of three variants. Without ACME_URL it lists no tenant, and the environment alone counts.
import type { Tenant } from "@/lib/auth/session";

const acme: Tenant = {
  name: "acme",
  APP_BASE_URL: process.env.ACME_URL,
  COGNITO_ISSUER: process.env.ACME_ISSUER,
  COGNITO_DOMAIN: process.env.ACME_DOMAIN,
};

const globex: Tenant = {
  name: "globex",
  APP_BASE_URL: process.env.GLOBEX_URL,
  COGNITO_ISSUER: process.env.GLOBEX_ISSUER,
  COGNITO_DOMAIN: process.env.GLOBEX_DOMAIN,
};

export const tenants: readonly Tenant[] | null = process.env.ACME_URL ? [acme, globex] : null;
