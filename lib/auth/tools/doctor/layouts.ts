// Checks that the error page has exactly one root layout.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fault, ok, type Verdict, warning } from "./check";
import { findAppFolder } from "./environment";

const PAGE = /^page\.(\w+\.)?[jt]sx?$/; // Next's `pageExtensions` allows names such as page.page.tsx.
const LAYOUT = /^layout\.(\w+\.)?[jt]sx?$/;

/**
 * Next renders app/auth/error only below a layout with <html> and <body>. In an app whose root layout is
 * app/[locale]/layout.tsx there is no such layout above it.
 */
export function checkRootLayout(root: string): Verdict {
  const app = join(root, findAppFolder(root), "app");
  const page = findErrorPage(app);
  const name = (path: string) => relative(root, path);
  if (!page) {
    const text = `${name(join(app, "auth/error"))} has no page: after a failed sign-in the user sees a 404`;
    return fault(text, `cp -R "$KIT/app/auth" ${name(app)}/`);
  }
  const layouts = findAbove(app, page);
  const roots = layouts.filter((path) => /<html\b/.test(readFileSync(path, "utf8")));
  const [first, second] = roots;
  if (second) {
    const text = `${roots.map(name).join(" and ")} both render <html>`;
    return fault(text, `Render <html> and <body> in one of them only: remove both from ${name(second)}`);
  }
  if (first) return ok(name(first));
  const fix = `Add ${name(join(dirname(page), "layout.tsx"))}, which renders <html>, <body> and its children`;
  if (layouts.length === 0) return fault(`none above ${name(page)}: next build fails`, fix);
  return warning(`unknown: ${layouts.map(name).join(", ")} without <html>`, fix);
}

/** The folder of the error page, also inside a route group: app/(site)/auth/error. */
function findErrorPage(folder: string): string | null {
  if (!existsSync(folder)) return null;
  const page = join(folder, "auth/error");
  if (existsSync(page) && readdirSync(page).some((name) => PAGE.test(name))) return page;
  const groups = readdirSync(folder).filter((name) => /^\(\w[^)]*\)$/.test(name));
  return groups.map((name) => findErrorPage(join(folder, name))).find((found) => found !== null) ?? null;
}

/** The layouts of the folders from `app` down to `page`. */
function findAbove(app: string, page: string): readonly string[] {
  const steps = relative(app, page).split(/[\\/]/);
  const folders = [app, ...steps.map((_, i) => join(app, ...steps.slice(0, i + 1)))];
  return folders.flatMap((folder) => {
    const name = readdirSync(folder).find((it) => LAYOUT.test(it));
    return name ? [join(folder, name)] : [];
  });
}
