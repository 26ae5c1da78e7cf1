import { type Cognito, startCognito } from "../../cognito/index";
import { type AppServer, startAppServer } from "./app-server";
import { findFreePort } from "./ports";
import { CLIENT_ID } from "./stage";
import { startTlsProxy } from "./tls-proxy";
import { basePathOf, type Variant } from "./variants";

// Two tenants of one deployment. Their app clients have the same id and the same secret, and so do their users: the
// worst case for a mix-up. The lib/auth/tenants.ts of the variants is two-tenants.ts.
const SECRET = "a-client-secret-of-some-length-0123456789";

/** A tenant of `openTenants`. */
export interface Tenant {
  readonly name: string;
  readonly host: string;
  readonly baseUrl: string;
  readonly cognito: Cognito;
}

export interface TwoTenants {
  readonly acme: Tenant;
  readonly globex: Tenant;
  readonly server: AppServer;
  /** The app's own address, behind the proxy. */
  readonly inner: string;
  close(): Promise<void>;
}

/** Runs a variant for both tenants, behind a proxy that ends TLS. */
export async function openTenants(variant: Variant): Promise<TwoTenants> {
  const appPort = await findFreePort();
  const tls = await startTlsProxy(appPort);
  const openTenant = async (name: string): Promise<Tenant> => {
    const host = `${name}.localhost:${tls.port}`;
    const baseUrl = `https://${host}${basePathOf(variant)}`;
    const urls = { callbackUrls: [`${baseUrl}/auth/callback`], logoutUrls: [baseUrl] };
    const cognito = await startCognito({
      clients: [{ clientId: CLIENT_ID, clientSecret: SECRET, ...urls }],
      settings: { rotation: true },
    });
    return { name, host, baseUrl, cognito };
  };
  const [acme, globex] = [await openTenant("acme"), await openTenant("globex")];
  const variablesOf = ({ name, baseUrl, cognito }: Tenant) => ({
    [`${name.toUpperCase()}_URL`]: baseUrl,
    [`${name.toUpperCase()}_ISSUER`]: cognito.issuer,
    [`${name.toUpperCase()}_DOMAIN`]: cognito.domain,
  });
  const shared = { COGNITO_CLIENT_ID: CLIENT_ID, COGNITO_CLIENT_SECRET: SECRET };
  const server = await startAppServer(variant, appPort, { ...shared, ...variablesOf(acme), ...variablesOf(globex) });
  const close = async () => {
    await Promise.all([server.stop(), tls.close(), acme.cognito.close(), globex.cognito.close()]);
  };
  return { acme, globex, server, inner: `http://localhost:${appPort}${basePathOf(variant)}`, close };
}
