/** A protection taken out. Each text is in the file once. */
export interface Bug {
  readonly what: string;
  readonly file: string;
  readonly changes: readonly (readonly [before: string, after: string])[];
}

const CORE = "lib/auth/core";

export const BUGS: readonly Bug[] = [
  bug("state is not compared", `${CORE}/authorization.ts`, [" || !isEqual(transaction.state, state)", ""]),
  bug("a transaction can be used twice", `${CORE}/authorization.ts`, [
    "deleteCookies(jar, (name) => name === used)",
    "[]",
  ]),
  bug("nonce is not compared", `${CORE}/issued-tokens.ts`, ["idClaims?.nonce !== nonce", "false"]),
  bug("the PKCE verifier is not sent", `${CORE}/token-endpoint.ts`, ["code_verifier: codeVerifier, ", ""]),
  bug("secrets are not random", `${CORE}/encoding.ts`, [
    "crypto.getRandomValues(new Uint8Array(32))",
    "new Uint8Array(32)",
  ]),
  bug("aud is not checked", `${CORE}/verify.ts`, ["claims.aud === config.clientId && ", ""]),
  bug("client_id is not checked", `${CORE}/verify.ts`, [" && clientIds.includes(claims.client_id)", ""]),
  bug("token_use is not checked, of an access token", `${CORE}/verify.ts`, ['claims.token_use === "access" && ', ""]),
  bug("token_use is not checked, of an ID token", `${CORE}/verify.ts`, ['claims.token_use === "id" && ', ""]),
  bug("iss is not checked", `${CORE}/verify.ts`, [" || claims.iss !== config.issuer", ""]),
  bug("exp is not checked", `${CORE}/verify.ts`, ["exp <= now()", "false"]),
  bug("any alg will do", `${CORE}/verify.ts`, ['alg === "RS256" && ', ""], ['algorithms: ["RS256"]', ""]),
  bug("refreshed tokens may be of anybody", `${CORE}/issued-tokens.ts`, ["if (!continues)", "if (false)"]),
  bug("a late answer brings an ended session back", `${CORE}/session-cookies.ts`, [
    "keys.some((key) => ended.includes(key))",
    "false",
  ]),
  bug("returnTo is not checked", `${CORE}/navigation.ts`, [
    "const [value] = values;",
    'const [value] = values; if (typeof value === "string") return value;',
  ]),
  bug("what another site sends is accepted", `${CORE}/navigation.ts`, [
    'headers.get("origin") !== origin : site !== "same-origin"',
    "false : false",
  ]),
  bug("cookies without HttpOnly", `${CORE}/cookies.ts`, ["; HttpOnly", ""]),
  bug("cookies without SameSite", `${CORE}/cookies.ts`, ["; SameSite=Lax", ""]),
  bug("cookies without Secure", `${CORE}/cookies.ts`, ['"; Secure"', '""']),
  bug("shared caches may keep answers", `${CORE}/responses.ts`, ['"private, no-store"', '"public, max-age=60"']),
  bug("sign-out does not revoke", "app/auth/logout/route.ts", [
    "lineage.map((token) => revokeToken(token, config))",
    "[]",
  ]),
];

function bug(what: string, file: string, ...changes: Bug["changes"]): Bug {
  return { what, file, changes };
}
