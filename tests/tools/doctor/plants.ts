// Mistakes in a set-up, one at a time: the variables, the project and its imports.
import type { AppClient, Cognito } from "../../cognito";
import { clientPlants, poolPlants } from "./pool-plants";
import { type AppOptions, type Environment, LAYOUT } from "./run";
import { BASE_URL, CLIENT_SECRET } from "./set-up";

/** The app's user pool, and another pool without its clients. */
export interface Pools {
  readonly cognito: Cognito;
  readonly other: Cognito;
}

/** One mistake in a good set-up. */
export interface Plant {
  readonly title: string;
  /** The id of the one check that finds it. */
  readonly check: string;
  readonly fix: RegExp;
  readonly env?: (pools: Pools) => Environment | Promise<Environment>;
  readonly client?: Partial<AppClient>;
  readonly app?: AppOptions;
  readonly plant?: (cognito: Cognito, clientId: string) => void;
  /** The mistake changes the stand-in for every client. */
  readonly isAlone?: boolean;
}

const variable = (title: string, check: string, value: string, fix: RegExp): Plant => ({
  title,
  check,
  fix,
  env: () => ({ [check]: value }),
});

const variablePlants: readonly Plant[] = [
  variable("a missing issuer", "COGNITO_ISSUER", "", /list-user-pools/),
  variable("an issuer with a slash at its end", "COGNITO_ISSUER", "https://idp.example/p/", /Overview/),
  variable("a domain with a path", "COGNITO_DOMAIN", "https://auth.example.com/login", /Branding → Domain/),
  variable("a malformed client id", "COGNITO_CLIENT_ID", "client-1", /list-user-pool-clients/),
  variable("http on a public address", "APP_BASE_URL", "http://app.example", /https:\/\/ elsewhere/),
  variable(
    "addresses that spaces separate",
    "APP_BASE_URL",
    "http://localhost:3000 http://127.0.0.1:3000",
    /by commas/,
  ),
  variable(
    "addresses of two schemes",
    "APP_BASE_URL",
    "http://localhost:3000,https://a.example",
    /all https, or all http/,
  ),
  variable("a resource that is no absolute URI", "COGNITO_RESOURCE", "orders", /absolute URI/),
  variable("an idle limit of 0", "AUTH_SESSION_IDLE", "0", /from 1 on/),
  variable("scopes without openid", "COGNITO_SCOPE", "email profile", /openid/),
  variable("malformed API client ids", "COGNITO_API_CLIENT_IDS", "a b", /separated by commas/),
  variable("pinned keys without a key", "COGNITO_JWKS", "{}", /jwks\.json/),
  variable("a session length with a unit", "AUTH_SESSION_MAX_AGE", "30d", /in seconds/),
  variable("a short secret", "AUTH_SECRET", "hunter2", /openssl rand/),
  variable("a cookie prefix with a dot", "AUTH_COOKIE_PREFIX", "my.app", /letters, digits/),
  {
    title: "a secret in a NEXT_PUBLIC_ variable",
    check: "public_secrets",
    fix: /new secret/,
    env: () => ({ NEXT_PUBLIC_COGNITO_SECRET: CLIENT_SECRET }),
  },
];

const middleware = "export default async function middleware() { await authenticateRequest(); }";

const projectPlants: readonly Plant[] = [
  {
    title: "an old Node",
    check: "node",
    fix: /Node 20\.9/,
    app: {
      files: {
        "old.cjs":
          'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.8.1" }, configurable: true });',
      },
    },
    env: () => ({ NODE_OPTIONS: "--require ./old.cjs" }),
  },
  { title: "an old Next", check: "next", fix: /npm install next@/, app: { nextVersion: "16.2.10" } },
  {
    title: "both middleware.ts and proxy.ts",
    check: "middleware",
    fix: /rm proxy\.ts/,
    app: { files: { "proxy.ts": middleware } },
  },
  ...["middleware.js", "middleware.jsx", "middleware.tsx", "middleware.mjs", "proxy.jsx", "proxy.tsx"].map((name) => ({
    title: `both middleware.ts and ${name} (AT-17)`,
    check: "middleware",
    fix: new RegExp(`rm (${name.replace(".", "\\.")}|middleware\\.ts)`),
    app: { files: { [name]: middleware } },
  })),
  {
    title: "neither middleware.ts nor proxy.ts",
    check: "middleware",
    fix: /Copy the kit's middleware\.ts/,
    app: { files: { "middleware.ts": null } },
  },
  {
    title: "a middleware.ts that is not beside the app folder",
    check: "middleware",
    fix: /mv src\/middleware\.ts middleware\.ts/,
    app: { files: { "middleware.ts": null, "src/middleware.ts": middleware } },
  },
  {
    title: "a basePath that APP_BASE_URL lacks",
    check: "base_path",
    fix: /Set APP_BASE_URL=http:\/\/localhost:3000\/app/,
    app: { files: { "next.config.mjs": 'export default { basePath: "/app" };' } },
  },
  {
    title: "a path in APP_BASE_URL without a basePath",
    check: "base_path",
    fix: /basePath in next\.config\.mjs/,
    client: { callbackUrls: [`${BASE_URL}/app/auth/callback`], logoutUrls: [`${BASE_URL}/app`] },
    env: () => ({ APP_BASE_URL: `${BASE_URL}/app` }),
  },
];

const localeOnly = { "app/layout.tsx": null, "app/[locale]/layout.tsx": LAYOUT };

const importPlants: readonly Plant[] = [
  {
    title: "another import alias than @/*",
    check: "alias",
    fix: /^tsconfig\.json → compilerOptions → paths: add "@\/lib\/auth\/\*": \["\.\/src\/lib\/auth\/\*"\]$/,
    app: { folder: "src", files: { "tsconfig.json": '{ "compilerOptions": { "paths": { "~/*": ["./src/*"] } } }' } },
  },
  {
    title: "an alias that leads to another folder than the kit",
    check: "alias",
    fix: /"@\/lib\/auth\/\*": \["\.\/lib\/auth\/\*"\]/,
    app: { files: { "tsconfig.json": '{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }' } },
  },
  {
    title: "no tsconfig.json",
    check: "alias",
    fix: /^tsconfig\.json/,
    app: { files: { "tsconfig.json": null } },
  },
  {
    title: "a root layout in app/[locale] only",
    check: "root_layout",
    fix: /Add app\/auth\/layout\.tsx, which renders <html>, <body>/,
    app: { files: localeOnly },
  },
  {
    title: "two root layouts",
    check: "root_layout",
    fix: /remove both from app\/auth\/layout\.tsx/,
    app: { files: { "app/auth/layout.tsx": LAYOUT } },
  },
  {
    title: "no error page",
    check: "root_layout",
    fix: /cp -R "\$KIT\/app\/auth" app\//,
    app: { files: { "app/auth/error/page.tsx": null } },
  },
];

export const plants: readonly Plant[] = [
  ...variablePlants,
  ...poolPlants,
  ...clientPlants,
  ...projectPlants,
  ...importPlants,
];
