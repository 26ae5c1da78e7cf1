import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Project } from "./project";

const STAND_IN = fileURLToPath(new URL("../../cognito", import.meta.url));
const EXAMPLE = fileURLToPath(new URL("example.test.ts", import.meta.url));

/** The project tests itself: with a copy of the stand-in, and vitest of its own. */
export async function tryExample(project: Project): Promise<void> {
  await cp(STAND_IN, join(project.folder, "tests/cognito"), { recursive: true });
  await cp(EXAMPLE, join(project.folder, "tests/app/example.test.ts"));
  await project.run("npm", "install", "--no-audit", "--no-fund", "--save-dev", "vitest");
  await project.run("node_modules/.bin/tsc", "--noEmit");
  await project.run("node_modules/.bin/vitest", "run");
}
