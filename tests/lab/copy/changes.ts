import { cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Project } from "./project";

const OVERLAYS = fileURLToPath(new URL("overlays", import.meta.url));
const STRICT = ["noUncheckedIndexedAccess", "exactOptionalPropertyTypes", "noImplicitOverride", "noImplicitReturns"];
const NEXT_INTL = "4.14.8";
const PAGES = ["page.tsx", "dashboard", "admin", "settings"];

/** Adds the files of overlays/<name> to the project, over its own. */
export async function addOverlay({ folder }: Project, name: string): Promise<void> {
  await cp(join(OVERLAYS, name), folder, { recursive: true });
}

/** A user has to write the base path where Next does not add it: plain links, forms, and `returnTo`. */
export async function addBasePath(project: Project): Promise<void> {
  await project.edit("app/page.tsx", "/auth/login?returnTo=/dashboard", "/app/auth/login?returnTo=/app/dashboard");
  await project.edit("app/dashboard/page.tsx", "/auth/logout", "/app/auth/logout");
  for (const page of ["dashboard", "admin", "settings"]) {
    await project.edit(`app/${page}/page.tsx`, `returnTo: "/${page}"`, `returnTo: "/app/${page}"`);
  }
}

export async function tightenTypes(project: Project): Promise<void> {
  const flags = [...STRICT, "verbatimModuleSyntax"].map((flag) => `\n    "${flag}": true,`);
  await project.edit("tsconfig.json", '"strict": true,', `"strict": true,${flags.join("")}`);
}

/** Pages in private caches, one of them public: its link prefetches the other. */
export async function addPrivateCache(project: Project): Promise<void> {
  await addOverlay(project, "private-cache");
  await project.edit("middleware.ts", 'PUBLIC_PATHS = ["/"', 'PUBLIC_PATHS = ["/", "/hub"');
}

/** Every page below `[locale]`, whose layout is the root layout, and next-intl's middleware beside the kit's. */
export async function addLocales(project: Project): Promise<void> {
  const { root } = project;
  await mkdir(join(root, "app/[locale]"), { recursive: true });
  for (const page of PAGES) await rename(join(root, "app", page), join(root, "app/[locale]", page));
  await rm(join(root, "app/layout.tsx"));
  await addOverlay(project, "next-intl");
  const manifest: Record<string, unknown> = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  // Versions that npm installs as a whole: newer ones of these packages lack files.
  const overrides = { "use-intl": NEXT_INTL, "@swc/core": "1.16.18" };
  await writeFile(join(root, "package.json"), JSON.stringify({ ...manifest, overrides }, null, 2));
  await project.run("npm", "install", "--no-audit", "--no-fund", `next-intl@${NEXT_INTL}`);
}

/** The app has an alias of its own: the kit's needs one more line. */
export async function addAlias(project: Project): Promise<void> {
  await project.edit(
    "tsconfig.json",
    '"~/*": ["./src/*"]',
    '"~/*": ["./src/*"],\n      "@/lib/auth/*": ["./src/lib/auth/*"]',
  );
}
