import { afterAll, beforeAll, describe, test } from "vitest";
import { buildProject, claimsOf } from "./check";
import { findLayout } from "./layouts";
import { createProject, openProject, type Project } from "./project";
import { openSite, type Site } from "./site";

const MINUTES = 60_000;

// `npm run test:copy` tries every layout.
const layout = findLayout("default");
let project: Project;
let site: Site;

beforeAll(async () => {
  project = await openProject(layout);
  await createProject(layout, project);
  await buildProject(layout, project);
  site = await openSite(layout, project);
}, 5 * MINUTES);

afterAll(async () => {
  await site?.close();
  await project?.remove();
}, MINUTES);

describe("copied as the README says into what create-next-app makes", () => {
  for (const { title, prove } of claimsOf(layout)) test(title, () => prove(site));
});
