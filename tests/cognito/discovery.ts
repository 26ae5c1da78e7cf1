import { type Answer, json } from "./http";
import { publishedKeys } from "./keys";
import { issuerOf, type Pool } from "./pool";
import type { Settings } from "./types";

/** Cognito names neither code_challenge_methods_supported nor grant_types_supported. */
export function discovery(pool: Pool, form: Settings["issuerForm"]): Answer {
  const issuer = issuerOf(pool, form);
  return json(200, {
    authorization_endpoint: `${pool.domain}/oauth2/authorize`,
    end_session_endpoint: `${pool.domain}/logout`,
    id_token_signing_alg_values_supported: ["RS256"],
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    response_types_supported: ["code", "token"],
    revocation_endpoint: `${pool.domain}/oauth2/revoke`,
    scopes_supported: ["openid", "email", "phone", "profile"],
    subject_types_supported: ["public"],
    token_endpoint: `${pool.domain}/oauth2/token`,
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    userinfo_endpoint: `${pool.domain}/oauth2/userInfo`,
  });
}

export function jwks(pool: Pool): Answer {
  return json(200, { keys: publishedKeys(pool.keys).map((key) => key.jwk) });
}
