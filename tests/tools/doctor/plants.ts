import type { AppClient, Cognito } from "../../cognito";
import { clientPlants, poolPlants } from "./pool-plants";
import { type AppOptions, type Environment, LAYOUT } from "./run";
import { BASE_URL, CLIENT_SECRET } from "./set-up";

/** The pool that the app is set up with, and another one with none of its clients. */
export interface Pools {
  readonly cognito: Cognito;
  readonly other: Cognito;
}

/** One mistake in a set-up that is good otherwise. */
export interface Plant {
  readonly title: string;
  /** The id of the one check that finds it. */
  readonly check: string;
  readonly mend: RegExp;
  readonly env?: (pools: Pools) => Environment | Promise<Environment>;
  readonly client?: Partial<AppClient>;
  readonly app?: AppOptions;
  readonly plant?: (cognito: Cognito, clientId: string) => void;
  /** It breaks the stand-in for everybody. */
  readonly isAlone?: boolean;
}

const variable = (title: string, check: string, value: string, mend: RegExp): Plant => ({
  title,
  check,
  mend,
  env: () => ({ [check]: value }),
});

const variablePlants: readonly Plant[] = [
  variable("a missing issuer", "COGNITO_ISSUER", "", /list-user-pools/),
  variable("an issuer with a slash at its end", "COGNITO_ISSUER", "https://idp.example/p/", /Overview/),
  variable("a domain with a path", "COGNITO_DOMAIN", "https://auth.example.com/login", /Branding → Domain/),
  variable("a malformed client id", "COGNITO_CLIENT_ID", "client-1", /list-user-pool-clients/),
  variable("http where others can listen", "APP_BASE_URL", "http://app.example", /https:\/\/ elsewhere/),
  variable("scopes without openid", "COGNITO_SCOPE", "email profile", /openid/),
  variable("malformed API client ids", "COGNITO_API_CLIENT_IDS", "a b", /comma separated/),
  variable("pinned keys that are none", "COGNITO_JWKS", "{}", /jwks\.json/),
  variable("a lifetime with a unit", "AUTH_SESSION_MAX_AGE", "30d", /in seconds/),
  variable("a short secret", "AUTH_SECRET", "hunter2", /openssl rand/),
  variable("a cookie prefix with a dot", "AUTH_COOKIE_PREFIX", "my.app", /letters, digits/),
  {
    title: "a secret in a NEXT_PUBLIC_ variable",
    check: "public_secrets",
    mend: /new secret/,
    env: () => ({ NEXT_PUBLIC_COGNITO_SECRET: CLIENT_SECRET }),
  },
];

const middleware = "export default async function middleware() { await authenticateRequest(); }";

const projectPlants: readonly Plant[] = [
  {
    title: "an old Node",
    check: "node",
    mend: /Node 20\.9/,
    app: {
      files: {
        "old.cjs":
          'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.8.1" }, configurable: true });',
      },
    },
    env: () => ({ NODE_OPTIONS: "--require ./old.cjs" }),
  },
  { title: "an old Next", check: "next", mend: /npm install next@/, app: { nextVersion: "16.2.10" } },
  {
    title: "both middleware.ts and proxy.ts",
    check: "middleware",
    mend: /rm proxy\.ts/,
    app: { files: { "proxy.ts": middleware } },
  },
  ...["middleware.js", "middleware.jsx", "middleware.tsx", "middleware.mjs", "proxy.jsx", "proxy.tsx"].map((name) => ({
    title: `both middleware.ts and ${name} (AT-17)`,
    check: "middleware",
    mend: new RegExp(`rm (${name.replace(".", "\\.")}|middleware\\.ts)`),
    app: { files: { [name]: middleware } },
  })),
  {
    title: "neither middleware.ts nor proxy.ts",
    check: "middleware",
    mend: /Copy the kit's middleware\.ts/,
    app: { files: { "middleware.ts": null } },
  },
  {
    title: "a middleware.ts that is not beside the app folder",
    check: "middleware",
    mend: /mv src\/middleware\.ts middleware\.ts/,
    app: { files: { "middleware.ts": null, "src/middleware.ts": middleware } },
  },
  {
    title: "a basePath that APP_BASE_URL lacks",
    check: "base_path",
    mend: /Set APP_BASE_URL=http:\/\/localhost:3000\/app/,
    app: { files: { "next.config.mjs": 'export default { basePath: "/app" };' } },
  },
  {
    title: "a path in APP_BASE_URL without a basePath",
    check: "base_path",
    mend: /basePath in next\.config\.mjs/,
    client: { callbackUrls: [`${BASE_URL}/app/auth/callback`], logoutUrls: [`${BASE_URL}/app`] },
    env: () => ({ APP_BASE_URL: `${BASE_URL}/app` }),
  },
];

const localeOnly = { "app/layout.tsx": null, "app/[locale]/layout.tsx": LAYOUT };

const importPlants: readonly Plant[] = [
  {
    title: "another import alias than @/*",
    check: "alias",
    mend: /^tsconfig\.json → compilerOptions → paths: add "@\/lib\/auth\/\*": \["\.\/src\/lib\/auth\/\*"\]$/,
    app: { folder: "src", files: { "tsconfig.json": '{ "compilerOptions": { "paths": { "~/*": ["./src/*"] } } }' } },
  },
  {
    title: "an alias that leads beside the kit",
    check: "alias",
    mend: /"@\/lib\/auth\/\*": \["\.\/lib\/auth\/\*"\]/,
    app: { files: { "tsconfig.json": '{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }' } },
  },
  {
    title: "no tsconfig.json",
    check: "alias",
    mend: /^tsconfig\.json/,
    app: { files: { "tsconfig.json": null } },
  },
  {
    title: "a root layout in app/[locale] only",
    check: "root_layout",
    mend: /Add app\/auth\/layout\.tsx, which renders <html>, <body>/,
    app: { files: localeOnly },
  },
  {
    title: "two root layouts",
    check: "root_layout",
    mend: /app\/auth\/layout\.tsx needs neither/,
    app: { files: { "app/auth/layout.tsx": LAYOUT } },
  },
  {
    title: "no error page",
    check: "root_layout",
    mend: /cp -R "\$KIT\/app\/auth" app\//,
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
