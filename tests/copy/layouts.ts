import { copyFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Claim } from "./claims";
import { COMBINED_CLAIMS, REPLICA_CLAIMS } from "./layout-claims";
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
  readonly claims?: readonly Claim[];
  change?(project: Project): Promise<void>;
}

const DEFAULTS = ["--yes", "--no-agent-feedback"];
const OLDER_BARE = ["--ts", "--app", "--empty", "--no-tailwind", "--no-eslint", "--no-src-dir", "--import-alias=@/*"];
const OLDER = [...OLDER_BARE, "--no-react-compiler", "--turbopack"];
const BARE = [...OLDER_BARE, "--no-react-compiler", "--no-agent-feedback"];
const STRICT = ["noUncheckedIndexedAccess", "exactOptionalPropertyTypes", "noImplicitOverride", "noImplicitReturns"];

export const LAYOUTS: readonly Layout[] = [
  { name: "default", flags: DEFAULTS, cacheComponents: true, isLinted: true },
  {
    name: "src",
    flags: [...BARE.filter((flag) => flag !== "--no-src-dir"), "--src-dir"],
    folder: "src",
    config: "",
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
  { name: "next-floor", flags: OLDER, createWith: "16.2.11" },
  { name: "next-latest", flags: DEFAULTS, next: "latest", cacheComponents: true, isLinted: true },
  { name: "next-15", flags: OLDER, createWith: "15.5.28", next: "15.5.29" },
];

export function findLayout(name: string): Layout {
  const layout = LAYOUTS.find((candidate) => candidate.name === name);
  if (!layout) throw new Error(`No layout ${name}. There are: ${LAYOUTS.map((known) => known.name).join(", ")}`);
  return layout;
}

/** A user has to write the base path where Next does not add it: plain links, forms, and `returnTo`. */
async function addBasePath(project: Project): Promise<void> {
  await project.edit("app/page.tsx", "/auth/login?returnTo=/dashboard", "/app/auth/login?returnTo=/app/dashboard");
  await project.edit("app/dashboard/page.tsx", "/auth/logout", "/app/auth/logout");
  for (const page of ["dashboard", "admin", "settings"]) {
    await project.edit(`app/${page}/page.tsx`, `returnTo: "/${page}"`, `returnTo: "/app/${page}"`);
  }
}

async function combineMiddleware({ folder }: Project): Promise<void> {
  await copyFile(fileURLToPath(new URL("combined/middleware.ts", import.meta.url)), join(folder, "middleware.ts"));
}

async function tightenTypes(project: Project): Promise<void> {
  const flags = [...STRICT, "verbatimModuleSyntax"].map((flag) => `\n    "${flag}": true,`);
  await project.edit("tsconfig.json", '"strict": true,', `"strict": true,${flags.join("")}`);
}
