// Checks the project around the kit: versions, middleware, import alias and layouts.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { asRecord, parseJson } from "../../core/base/json";
import { type Check, fault, ok, warning } from "./check";
import { findAppFolder, resolveFromApp } from "./environment";
import { checkRootLayout } from "./layouts";
import { checkAlias } from "./paths";

const OLDEST_NODE = [20, 9, 0];
const OLDEST_NEXT = [16, 2, 11];

/** The subject of these checks is the app's root folder. */
export const projectChecks: readonly Check<string>[] = [
  { id: "node", title: "Node", run: checkNode },
  { id: "next", title: "Next", run: checkNext },
  { id: "middleware", title: "Middleware", run: checkMiddleware },
  { id: "alias", title: "Import alias", run: checkAlias },
  { id: "root_layout", title: "Root layout of the error page", run: checkRootLayout },
];

function checkNode() {
  const { node } = process.versions;
  if (isAtLeast(node, OLDEST_NODE)) return ok(node);
  return fault(`${node} is too old`, `Node ${OLDEST_NODE.join(".")} or later, here and on the server`);
}

function checkNext(root: string) {
  const path = resolveFromApp(root, "next/package.json");
  const manifest = path ? parseJson(readFileSync(path, "utf8")) : null;
  const { version } = asRecord(manifest);
  if (typeof version !== "string")
    return fault("is not installed here", "Run the doctor in the app's folder, after: npm install");
  if (isAtLeast(version, OLDEST_NEXT)) return ok(version);
  return fault(`${version} is too old`, `npm install next@^${OLDEST_NEXT.join(".")}`);
}

/** Next looks for middleware.ts or proxy.ts beside the app folder only. */
function checkMiddleware(root: string) {
  const right = findAppFolder(root);
  const wrong = right ? "" : "src";
  const [file, second] = findMiddleware(root, right);
  if (second) {
    return fault(`both ${file} and ${second}: Next uses one`, `rm ${second} (the kit's file works with both names)`);
  }
  if (!file) {
    const [misplaced] = findMiddleware(root, wrong);
    const place = right ? `${right}/middleware.ts` : "middleware.ts";
    if (misplaced)
      return fault(`${misplaced} is not beside the app folder: Next ignores it`, `mv ${misplaced} ${place}`);
    return fault(
      "none: pages are not guarded, and sessions are not refreshed",
      `Copy the kit's middleware.ts to ${place}`,
    );
  }
  if (readFileSync(join(root, file), "utf8").includes("authenticateRequest")) return ok(file);
  return warning(
    `unknown: ${file} does not name authenticateRequest`,
    "Combine your middleware with the kit's: const auth = await authenticateRequest(request), and return auth.next() or auth.challenge()",
  );
}

function findMiddleware(root: string, folder: string): readonly string[] {
  const directory = join(root, folder);
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => /^(middleware|proxy)\.([jt]sx?|mjs)$/.test(name));
  return names.sort().map((name) => join(folder, name));
}

function isAtLeast(version: string, oldest: readonly number[]): boolean {
  const parts = version.split(/[.-]/).map(Number);
  const at = oldest.findIndex((part, i) => parts[i] !== part);
  return at < 0 || (parts[at] ?? 0) > (oldest[at] ?? 0);
}
