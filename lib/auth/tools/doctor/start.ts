// Finds reasons why the doctor cannot run at all. It imports Node only: the other files need `jose`.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Finding } from "./check";

/** Returns the reason why the checks cannot run in `root`, or null. */
export function findObstacle(root: string): Finding | null {
  if (isWorkspaceRoot(root)) {
    const text = `${basename(root)} is the root of a workspace: its package.json has no next`;
    return { id: "workspace", title: "Folder", status: "fault", text, fix: adviseOnFolder(root) };
  }
  if (canResolve("jose")) return null;
  const text = "is not installed: the kit and the doctor need it";
  const fix = "npm install jose server-only (or: pnpm add, yarn add, bun add)";
  return { id: "jose", title: "Package jose", status: "fault", text, fix };
}

/** create-next-app writes a pnpm-workspace.yaml for a single app, too, and lists next in its package.json. */
function isWorkspaceRoot(root: string): boolean {
  const manifest = readJson(join(root, "package.json"));
  const isWorkspace = existsSync(join(root, "pnpm-workspace.yaml")) || memberOf(manifest, "workspaces") !== undefined;
  const lists = [memberOf(manifest, "dependencies"), memberOf(manifest, "devDependencies")];
  return isWorkspace && lists.every((list) => memberOf(list, "next") === undefined);
}

function adviseOnFolder(root: string): string {
  const kit = dirname(dirname(fileURLToPath(import.meta.url)));
  let app = kit;
  while (!existsSync(join(app, "package.json")) && dirname(app) !== app) app = dirname(app);
  const folder = relative(root, app);
  if (folder === "" || folder.startsWith("..")) return "Run the doctor in the app's folder, where next is installed";
  return `cd ${folder} && npx -y tsx ${relative(app, kit)}/doctor`;
}

function canResolve(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Returns the JSON in a file. Null when the file is missing or is not JSON. */
function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
