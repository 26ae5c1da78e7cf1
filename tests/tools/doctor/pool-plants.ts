// Mistakes in a set-up, one at a time: the user pool and the app client.
import type { Plant } from "./plants";
import { BASE_URL } from "./set-up";

const CLOSED = "http://127.0.0.1:9"; // The discard port: no server listens.
const MANY_SCOPES = Array.from({ length: 50 }, (_, i) => `https://api.example.com/${"x".repeat(150)}/${i}`);

export const poolPlants: readonly Plant[] = [
  {
    title: "an issuer that does not answer",
    check: "issuer",
    fix: /describe-user-pool --user-pool-id eu_1/,
    env: () => ({ COGNITO_ISSUER: `${CLOSED}/eu_1` }),
  },
  {
    title: "a mistyped user pool id",
    check: "issuer",
    fix: /User pools → your pool → Overview/,
    env: ({ cognito }) => ({ COGNITO_ISSUER: `${cognito.issuer}x` }),
  },
  {
    title: "another issuer in the metadata",
    check: "metadata",
    fix: /Set COGNITO_ISSUER=https:\/\/renamed\.example\/pool/,
    plant: (cognito) =>
      cognito.fault("discovery", { transform: (json) => ({ ...json, issuer: "https://renamed.example/pool" }) }),
    isAlone: true,
  },
  {
    title: "a JWKS without a usable key",
    check: "jwks",
    fix: /curl .*jwks\.json/,
    plant: (cognito) => cognito.fault("jwks", { transform: () => ({ keys: [] }) }),
    isAlone: true,
  },
  {
    title: "pinned keys of another pool",
    check: "pinned_jwks",
    fix: /COGNITO_JWKS=.*jwks\.json/,
    env: async ({ other }) => ({
      COGNITO_JWKS: await (await fetch(`${other.issuer}/.well-known/jwks.json`)).text(),
    }),
  },
  {
    title: "a domain that does not answer",
    check: "domain",
    fix: /Branding → Domain.*describe-user-pool/,
    env: () => ({ COGNITO_DOMAIN: CLOSED }),
  },
  {
    title: "the issuer's host as the domain",
    check: "domain",
    fix: /Branding → Domain/,
    env: ({ cognito }) => ({ COGNITO_DOMAIN: new URL(cognito.issuer).origin }),
  },
  {
    title: "the domain of another pool",
    check: "domain_pool",
    fix: /Set COGNITO_DOMAIN=http/,
    env: ({ other }) => ({ COGNITO_DOMAIN: other.domain }),
  },
  {
    title: "the issuer of another pool",
    check: "domain_pool",
    fix: /COGNITO_ISSUER: .*Overview/,
    env: ({ other }) => ({ COGNITO_ISSUER: other.issuer }),
  },
  {
    title: "a clock that is ten minutes behind",
    check: "clock",
    fix: /timedatectl/,
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
    fix: /list-user-pool-clients --user-pool-id/,
    env: () => ({ COGNITO_CLIENT_ID: "unknown0client" }),
  },
  {
    title: "a registered callback URL with a slash too many",
    check: "callback_url",
    fix: /Allowed callback URLs: add http:\/\/localhost:3000\/auth\/callback/,
    client: { callbackUrls: [`${BASE_URL}/auth/callback/`] },
  },
  {
    title: "a client without the code grant",
    check: "code_grant",
    fix: /OAuth grant types: Authorization code grant/,
    client: { grants: ["refresh_token"] },
  },
  {
    title: "a scope that the client does not allow",
    check: "scopes",
    fix: /OpenID Connect scopes/,
    env: () => ({ COGNITO_SCOPE: "openid email orders/read" }),
  },
  {
    title: "a registered sign-out URL with another path",
    check: "sign_out_url",
    fix: /Allowed sign-out URLs: add http:\/\/localhost:3000 /,
    client: { logoutUrls: [`${BASE_URL}/goodbye`] },
  },
  {
    title: "a wrong client secret",
    check: "client_secret",
    fix: /COGNITO_CLIENT_SECRET: .*Client secret/,
    client: { clientSecret: "another+secret+of+this+client" },
  },
  {
    title: "a missing client secret",
    check: "client_secret",
    fix: /COGNITO_CLIENT_SECRET: .*Client secret/,
    env: () => ({ COGNITO_CLIENT_SECRET: "" }),
  },
  {
    title: "a secret for a public client",
    check: "client_secret",
    fix: /Leave COGNITO_CLIENT_SECRET empty/,
    client: { clientSecret: undefined },
  },
  {
    title: "more scopes than cookies can hold",
    check: "cookies",
    fix: /fewer scopes in COGNITO_SCOPE/,
    client: { scopes: ["openid", ...MANY_SCOPES] },
    env: () => ({ COGNITO_SCOPE: ["openid", ...MANY_SCOPES].join(" ") }),
  },
];
