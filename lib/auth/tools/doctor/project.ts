import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { asRecord, parseJson } from "../../core/base/json";
import { type Check, fault, ok, warning } from "./check";
import { findAppFolder, resolveFromApp } from "./environment";
import { checkRootLayout } from "./layouts";
import { checkAlias } from "./paths";

const NODE_FLOOR = [20, 9, 0];
const NEXT_FLOOR = [16, 2, 11];

/** The app around the kit; `root` is its folder. */
export const projectChecks: readonly Check<string>[] = [
  { id: "node", title: "Node", run: checkNode },
  { id: "next", title: "Next", run: checkNext },
  { id: "middleware", title: "Middleware", run: checkMiddleware },
  { id: "alias", title: "Import alias", run: checkAlias },
  { id: "root_layout", title: "Root layout of the error page", run: checkRootLayout },
];

function checkNode() {
  const { node } = process.versions;
  if (isAtLeast(node, NODE_FLOOR)) return ok(node);
  return fault(`${node} is too old`, `Node ${NODE_FLOOR.join(".")} or later, here and where the app is deployed`);
}

function checkNext(root: string) {
  const path = resolveFromApp(root, "next/package.json");
  const manifest = path ? parseJson(readFileSync(path, "utf8")) : null;
  const { version } = asRecord(manifest);
  if (typeof version !== "string")
    return fault("is not installed here", "Run this in the app's folder, after: npm install");
  if (isAtLeast(version, NEXT_FLOOR)) return ok(version);
  return fault(`${version} is too old`, `npm install next@^${NEXT_FLOOR.join(".")}`);
}

/** Next looks for it beside the app folder, and nowhere else. */
function checkMiddleware(root: string) {
  const right = findAppFolder(root);
  const wrong = right ? "" : "src";
  const [found, misplaced] = [findMiddleware(root, right), findMiddleware(root, wrong)];
  const [file, second] = found;
  if (second) {
    return fault(`both ${file} and ${second}: Next takes one`, `rm ${second} (the kit's file works under either name)`);
  }
  if (!file) {
    const place = right ? `${right}/middleware.ts` : "middleware.ts";
    return misplaced[0]
      ? fault(`${misplaced[0]} is not beside the app folder: Next ignores it`, `mv ${misplaced[0]} ${place}`)
      : fault("none: nothing asks for a sign-in or refreshes a session", `Copy the kit's middleware.ts to ${place}`);
  }
  if (readFileSync(join(root, file), "utf8").includes("authenticateRequest")) return ok(file);
  return warning(
    `could not tell: ${file} does not name authenticateRequest`,
    "Combine the two: const auth = await authenticateRequest(request), and return auth.next() or auth.challenge()",
  );
}

function findMiddleware(root: string, folder: string): readonly string[] {
  const directory = join(root, folder);
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => /^(middleware|proxy)\.([jt]sx?|mjs)$/.test(name));
  return names.sort().map((name) => join(folder, name));
}

function isAtLeast(version: string, floor: readonly number[]): boolean {
  const parts = version.split(/[.-]/).map(Number);
  const at = floor.findIndex((least, i) => parts[i] !== least);
  return at < 0 || (parts[at] ?? 0) > (floor[at] ?? 0);
}
