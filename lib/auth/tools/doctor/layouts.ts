import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fault, ok, type Verdict, warning } from "./check";
import { findAppFolder } from "./environment";

const PAGE = /^page\.(\w+\.)?[jt]sx?$/; // With `pageExtensions` perhaps page.page.tsx.
const LAYOUT = /^layout\.(\w+\.)?[jt]sx?$/;

/**
 * Next renders app/auth/error only below one layout with <html> and <body>. An app whose one root layout is
 * app/[locale]/layout.tsx has none there.
 */
export function checkRootLayout(root: string): Verdict {
  const app = join(root, findAppFolder(root), "app");
  const page = findErrorPage(app);
  const name = (path: string) => relative(root, path);
  if (!page) {
    const text = `${name(join(app, "auth/error"))} has no page: sign-in errors end on a 404`;
    return fault(text, `cp -R "$KIT/app/auth" ${name(app)}/`);
  }
  const layouts = findAbove(app, page);
  const roots = layouts.filter((path) => /<html\b/.test(readFileSync(path, "utf8")));
  const [first, second] = roots;
  const own = join(dirname(page), "layout.tsx");
  if (second) {
    const text = `${roots.map(name).join(" and ")} both render <html>`;
    return fault(text, `Render <html> and <body> in one of them: ${name(second)} needs neither`);
  }
  if (first) return ok(name(first));
  const mend = `Add ${name(own)}, which renders <html>, <body> and its children`;
  if (layouts.length === 0) return fault(`none above ${name(page)}: next build fails`, mend);
  return warning(`could not tell: ${layouts.map(name).join(", ")} without <html>`, mend);
}

/** The folder app/auth, also inside route groups: app/(site)/auth. */
function findErrorPage(folder: string): string | null {
  if (!existsSync(folder)) return null;
  const page = join(folder, "auth/error");
  if (existsSync(page) && readdirSync(page).some((name) => PAGE.test(name))) return page;
  const groups = readdirSync(folder).filter((name) => /^\(\w[^)]*\)$/.test(name));
  return groups.map((name) => findErrorPage(join(folder, name))).find((found) => found !== null) ?? null;
}

/** Layouts from the app folder down to `page`. */
function findAbove(app: string, page: string): readonly string[] {
  const steps = relative(app, page).split(/[\\/]/);
  const folders = [app, ...steps.map((_, i) => join(app, ...steps.slice(0, i + 1)))];
  return folders.flatMap((folder) => {
    const name = readdirSync(folder).find((it) => LAYOUT.test(it));
    return name ? [join(folder, name)] : [];
  });
}
