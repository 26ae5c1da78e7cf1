import { copyFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { addAlias, addBasePath, addLocales, addOverlay, addPrivateCache, tightenTypes } from "./changes";
import type { Claim } from "./claims";
import { COMBINED_CLAIMS, REPLICA_CLAIMS } from "./layout-claims";
import { AUTH_INTERRUPTS_CLAIMS, LOCALE_CLAIMS, PRIVATE_CACHE_CLAIMS } from "./next-claims";
import type { Project } from "./project";

/** A kind of project that people copy the kit into. */
export interface Layout {
  readonly name: string;
  /** For create-next-app. */
  readonly flags: readonly string[];
  /** A create-next-app out of the registry, and not the one that this project has. */
  readonly createWith?: string;
  /** The version of Next, when it is not the one that create-next-app chose. */
  readonly next?: string;
  readonly folder?: "src";
  /** By default npm; pnpm with a workspace whose only app this is. */
  readonly packages?: "pnpm";
  /** What next.config.ts says, instead of what create-next-app wrote. */
  readonly config?: string;
  readonly basePath?: string;
  readonly trailingSlash?: boolean;
  readonly cacheComponents?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly build?: readonly string[];
  /** By default one `next start`. */
  readonly isStandalone?: boolean;
  readonly isLinted?: boolean;
  /** Whether the project's own tests, with the stand-in, are tried, too. */
  readonly hasTests?: boolean;
  /** Whether `tests/cognito/dev.ts`, copied into the project, is tried, too. */
  readonly hasDev?: boolean;
  readonly claims?: readonly Claim[];
  change?(project: Project): Promise<void>;
}

const DEFAULTS = ["--yes", "--no-agent-feedback"];
const OLDER_BARE = ["--ts", "--app", "--empty", "--no-tailwind", "--no-eslint", "--no-src-dir", "--import-alias=@/*"];
const OLDER = [...OLDER_BARE, "--no-react-compiler", "--turbopack"];
const BARE = [...OLDER_BARE, "--no-react-compiler", "--no-agent-feedback"];
const PRIVATE_CACHE = {
  config: "cacheComponents: true,\n  partialPrefetching: true,",
  cacheComponents: true,
  claims: PRIVATE_CACHE_CLAIMS,
  change: addPrivateCache,
};

export const LAYOUTS: readonly Layout[] = [
  { name: "default", flags: DEFAULTS, cacheComponents: true, isLinted: true },
  {
    name: "src",
    flags: [...BARE.filter((flag) => flag !== "--no-src-dir"), "--src-dir"],
    folder: "src",
    config: "",
    hasDev: true,
  },
  {
    name: "eslint-tailwind",
    flags: [...BARE.filter((flag) => !/--(empty|no-(tailwind|eslint))/.test(flag)), "--tailwind", "--eslint"],
    config: "",
    isLinted: true,
    hasTests: true,
  },
  {
    name: "base-path",
    flags: BARE,
    config: 'basePath: "/app",\n  trailingSlash: true,',
    basePath: "/app",
    trailingSlash: true,
    change: addBasePath,
  },
  {
    name: "proxy",
    flags: BARE,
    config: "",
    change: ({ folder }) => rename(join(folder, "middleware.ts"), join(folder, "proxy.ts")),
  },
  { name: "cache-components", flags: BARE, config: "cacheComponents: true,", cacheComponents: true },
  {
    name: "standalone",
    flags: BARE,
    config: 'output: "standalone",',
    isStandalone: true,
    claims: REPLICA_CLAIMS,
  },
  { name: "webpack", flags: BARE, config: "", build: ["--webpack"] },
  { name: "public-client", flags: BARE, config: "", env: { COGNITO_CLIENT_SECRET: "" } },
  { name: "combined", flags: BARE, config: "", claims: COMBINED_CLAIMS, change: combineMiddleware },
  { name: "sealed", flags: BARE, config: "", env: { AUTH_SECRET: "a-secret-of-more-than-thirty-two-bytes" } },
  { name: "strict", flags: BARE, config: "", change: tightenTypes },
  {
    name: "typed-routes",
    flags: [...BARE.filter((flag) => flag !== "--no-react-compiler"), "--react-compiler"],
    config: "typedRoutes: true,",
    change: (project) => addOverlay(project, "typed-routes"),
  },
  { name: "private-cache", flags: BARE, ...PRIVATE_CACHE },
  { name: "private-cache-webpack", flags: BARE, build: ["--webpack"], ...PRIVATE_CACHE },
  {
    name: "auth-interrupts",
    flags: BARE,
    config: "experimental: { authInterrupts: true },",
    claims: AUTH_INTERRUPTS_CLAIMS,
    change: (project) => addOverlay(project, "auth-interrupts"),
  },
  // Needs `auth.next(response)` of lib/auth/middleware.ts.
  { name: "next-intl", flags: BARE, claims: LOCALE_CLAIMS, change: addLocales },
  {
    name: "pnpm-workspace",
    flags: BARE.map((flag) => flag.replace("--no-src-dir", "--src-dir").replace("@/*", "~/*")),
    config: "",
    folder: "src",
    packages: "pnpm",
    change: addAlias,
  },
  { name: "next-floor", flags: OLDER, createWith: "16.2.11" },
  {
    name: "next-floor-webpack",
    flags: OLDER.filter((flag) => flag !== "--turbopack"),
    createWith: "16.2.11",
    config: "cacheComponents: true,",
    cacheComponents: true,
    build: ["--webpack"],
  },
  { name: "next-latest", flags: DEFAULTS, next: "latest", cacheComponents: true, isLinted: true },
  { name: "next-15", flags: OLDER, createWith: "15.5.28", next: "15.5.29" },
];

export function findLayout(name: string): Layout {
  const layout = LAYOUTS.find((candidate) => candidate.name === name);
  if (!layout) throw new Error(`No layout ${name}. There are: ${LAYOUTS.map((known) => known.name).join(", ")}`);
  return layout;
}

async function combineMiddleware({ folder }: Project): Promise<void> {
  await copyFile(fileURLToPath(new URL("combined/middleware.ts", import.meta.url)), join(folder, "middleware.ts"));
}
