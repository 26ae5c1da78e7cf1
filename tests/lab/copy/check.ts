import { CLAIMS, type Claim } from "./claims";
import type { Layout } from "./layouts";
import { createProject, openProject, type Project } from "./project";
import { openSite } from "./site";
import { tryDev } from "./try-dev";
import { tryExample } from "./try-example";

export interface Result {
  readonly name: string;
  /** Of Next, as installed. */
  readonly next: string;
  readonly ran: string;
  /** One line each, longer ones below the table. */
  readonly failures: readonly string[];
  readonly seconds: number;
  /** Where the project is, unless it is gone. */
  readonly root: string | null;
}

/** Type-checks, lints and builds, without a variable of the kit's. Throws what the tool has said. */
export async function buildProject(layout: Layout, project: Project): Promise<void> {
  await project.run("node_modules/.bin/next", "build", ...(layout.build ?? []));
  await project.run("node_modules/.bin/tsc", "--noEmit");
  if (layout.isLinted) await project.run("node_modules/.bin/eslint", "--max-warnings=0");
}

/** The claims of every layout, and the layout's own. */
export function claimsOf(layout: Layout): readonly Claim[] {
  return [...CLAIMS, ...(layout.claims ?? [])];
}

/** Makes, builds and tries a project. Removes it when all is well, unless it is to be kept. */
export async function tryLayout(layout: Layout, isKept: boolean): Promise<Result> {
  const started = Date.now();
  const project = await openProject(layout);
  const { failures, next, ran } = await tryProject(layout, project);
  const isRemoved = failures.length === 0 && !isKept;
  if (isRemoved) await project.remove();
  const seconds = Math.round((Date.now() - started) / 1000);
  const root = isRemoved ? null : project.root;
  return { name: layout.name, next, ran, failures, seconds, root };
}

async function tryProject(layout: Layout, project: Project) {
  const failures: string[] = [];
  const attempt = async (what: string, work: () => Promise<void>): Promise<boolean> => {
    const error = await work().then(() => null, messageOf);
    if (error !== null) failures.push(`${layout.name}: ${what}: ${error}`);
    return error === null;
  };
  let next = "?";
  let ran = "not built";
  await attempt("setting up", async () => {
    await createProject(layout, project);
    next = await project.nextVersion();
    await buildProject(layout, project);
    ran = ["build", "tsc", ...(layout.isLinted ? ["eslint"] : [])].join(", ");
    const site = await openSite(layout, project);
    let proven = 0;
    for (const { title, prove } of claimsOf(layout)) if (await attempt(title, () => prove(site))) proven += 1;
    ran += `, ${proven}/${claimsOf(layout).length} claims`;
    await site.close();
    if (layout.hasTests && (await attempt("the project's own tests", () => tryExample(project)))) ran += ", own tests";
    if (layout.hasDev && (await attempt("the stand-in in the project", () => tryDev(project)))) ran += ", stand-in";
  });
  return { failures, next, ran };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
