import { createRemoteJWKSet, jwtVerify } from "jose";

const { COGNITO_ISSUER: issuer = "", COGNITO_CLIENT_ID: clientId } = process.env;
let keys: ReturnType<typeof createRemoteJWKSet> | undefined;

/** As many a guide has it: the signature and the claims, at every call. */
export async function verify(token: string | undefined): Promise<string | null> {
  if (!token) return null;
  keys ??= createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
  try {
    const { payload } = await jwtVerify(token, keys, { issuer, algorithms: ["RS256"] });
    const isOurs = payload.token_use === "access" && payload.client_id === clientId;
    return isOurs && typeof payload.username === "string" ? payload.username : null;
  } catch {
    return null;
  }
}
