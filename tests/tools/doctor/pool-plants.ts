import type { Plant } from "./plants";
import { BASE_URL } from "./set-up";

const NOBODY = "http://127.0.0.1:9"; // The discard port: nobody listens.
const MANY_SCOPES = Array.from({ length: 50 }, (_, i) => `https://api.example.com/${"x".repeat(150)}/${i}`);

export const poolPlants: readonly Plant[] = [
  {
    title: "an issuer that does not answer",
    check: "issuer",
    mend: /describe-user-pool --user-pool-id eu_1/,
    env: () => ({ COGNITO_ISSUER: `${NOBODY}/eu_1` }),
  },
  {
    title: "a mistyped user pool id",
    check: "issuer",
    mend: /User pools → your pool → Overview/,
    env: ({ cognito }) => ({ COGNITO_ISSUER: `${cognito.issuer}x` }),
  },
  {
    title: "an issuer that calls itself something else",
    check: "metadata",
    mend: /Set COGNITO_ISSUER=https:\/\/renamed\.example\/pool/,
    plant: (cognito) =>
      cognito.fault("discovery", { transform: (json) => ({ ...json, issuer: "https://renamed.example/pool" }) }),
    isAlone: true,
  },
  {
    title: "a JWKS without a usable key",
    check: "jwks",
    mend: /curl .*jwks\.json/,
    plant: (cognito) => cognito.fault("jwks", { transform: () => ({ keys: [] }) }),
    isAlone: true,
  },
  {
    title: "pinned keys of another pool",
    check: "pinned_jwks",
    mend: /COGNITO_JWKS=.*jwks\.json/,
    env: async ({ other }) => ({
      COGNITO_JWKS: await (await fetch(`${other.issuer}/.well-known/jwks.json`)).text(),
    }),
  },
  {
    title: "a domain that does not answer",
    check: "domain",
    mend: /Branding → Domain.*describe-user-pool/,
    env: () => ({ COGNITO_DOMAIN: NOBODY }),
  },
  {
    title: "the issuer's host as the domain",
    check: "domain",
    mend: /Branding → Domain/,
    env: ({ cognito }) => ({ COGNITO_DOMAIN: new URL(cognito.issuer).origin }),
  },
  {
    title: "the domain of another pool",
    check: "domain_pool",
    mend: /Set COGNITO_DOMAIN=http/,
    env: ({ other }) => ({ COGNITO_DOMAIN: other.domain }),
  },
  {
    title: "the issuer of another pool",
    check: "domain_pool",
    mend: /COGNITO_ISSUER: .*Overview/,
    env: ({ other }) => ({ COGNITO_ISSUER: other.issuer }),
  },
  {
    title: "a clock that is ten minutes late",
    check: "clock",
    mend: /timedatectl/,
    plant: (cognito, clientId) => {
      const date = new Date(Date.now() + 600_000).toUTCString();
      cognito.fault("authorize", { headers: { date } }, { match: { client_id: clientId } });
    },
  },
];

export const clientPlants: readonly Plant[] = [
  {
    title: "an unknown client id",
    check: "client",
    mend: /list-user-pool-clients --user-pool-id/,
    env: () => ({ COGNITO_CLIENT_ID: "nobodys0client" }),
  },
  {
    title: "a callback URL that is off by a slash",
    check: "callback_url",
    mend: /Allowed callback URLs: add http:\/\/localhost:3000\/auth\/callback/,
    client: { callbackUrls: [`${BASE_URL}/auth/callback/`] },
  },
  {
    title: "a client without the code grant",
    check: "code_grant",
    mend: /OAuth grant types: Authorization code grant/,
    client: { grants: ["refresh_token"] },
  },
  {
    title: "a scope that the client has not",
    check: "scopes",
    mend: /OpenID Connect scopes/,
    env: () => ({ COGNITO_SCOPE: "openid email orders/read" }),
  },
  {
    title: "a sign-out URL that is off by a path",
    check: "sign_out_url",
    mend: /Allowed sign-out URLs: add http:\/\/localhost:3000 /,
    client: { logoutUrls: [`${BASE_URL}/goodbye`] },
  },
  {
    title: "a wrong client secret",
    check: "client_secret",
    mend: /COGNITO_CLIENT_SECRET: .*Client secret/,
    client: { clientSecret: "another+secret+of+this+client" },
  },
  {
    title: "a missing client secret",
    check: "client_secret",
    mend: /COGNITO_CLIENT_SECRET: .*Client secret/,
    env: () => ({ COGNITO_CLIENT_SECRET: "" }),
  },
  {
    title: "a secret for a public client",
    check: "client_secret",
    mend: /Leave COGNITO_CLIENT_SECRET empty/,
    client: { clientSecret: undefined },
  },
  {
    title: "more scopes than cookies can hold",
    check: "cookies",
    mend: /fewer scopes in COGNITO_SCOPE/,
    client: { scopes: ["openid", ...MANY_SCOPES] },
    env: () => ({ COGNITO_SCOPE: ["openid", ...MANY_SCOPES].join(" ") }),
  },
];
