import type { Exchange } from "./http";
import { findClient, type Pool } from "./pool";
import type { AppClient } from "./types";

interface Credentials {
  clientId: string | undefined;
  secret: string | undefined;
}

type ClientVerdict = { client: AppClient } | { error: "invalid_request" | "invalid_client"; description?: string };

/** client_secret_basic, client_secret_post, or none for a client without a secret. */
export function authenticateClient(pool: Pool, exchange: Exchange): ClientVerdict {
  const basic = readBasic(exchange.headers.authorization, pool.settings.basicFormDecoding);
  const { client_id: clientId, client_secret: secret } = exchange.form;
  if (basic === null) return { error: "invalid_client" };
  if (basic && secret !== undefined) return { error: "invalid_request", description: "two client authentications" };
  // The documentation's examples send client_id in the body even with Basic.
  if (basic && clientId !== undefined && clientId !== basic.clientId) return { error: "invalid_client" };
  return judge(pool, basic ?? { clientId, secret });
}

function judge(pool: Pool, { clientId, secret }: Credentials): ClientVerdict {
  if (!clientId) return { error: "invalid_request", description: "client_id is missing" };
  const client = findClient(pool, clientId);
  if (!client) return { error: "invalid_client" };
  const secrets = [client.clientSecret, ...(client.clientSecrets ?? [])].filter((item) => item !== undefined);
  const proven = secrets.length === 0 ? secret === undefined : secrets.includes(secret ?? "");
  return proven ? { client } : { error: "invalid_client", description: "invalid_client_secret" };
}

/** Undefined without an Authorization header, null when it is not Basic. */
function readBasic(header: string | undefined, formDecoding: boolean): Credentials | undefined | null {
  if (header === undefined) return undefined;
  const encoded = /^basic ([A-Za-z0-9+/=]+)$/i.exec(header)?.[1];
  if (!encoded) return null;
  const [clientId = "", ...rest] = Buffer.from(encoded, "base64").toString().split(":");
  const decode = (value: string) => (formDecoding ? decodeURIComponent(value.replaceAll("+", " ")) : value);
  return { clientId: decode(clientId), secret: decode(rest.join(":")) };
}
