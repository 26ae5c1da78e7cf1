// npx -y tsx tests/tools/release/try-shadcn.ts: adds the registry item to new Next.js projects with the current shadcn CLI.
// It lists the files that differ from those of the README's `cp`. It needs the npm registry and a few minutes. With a
// components.json the CLI asks ui.shadcn.com for colors: the server of this file answers instead.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./manifest";

interface Item {
  files: { path: string; content: string }[];
}

const CREATE_FLAGS = "--yes --ts --eslint --app --tailwind --import-alias @/* --use-npm --disable-git --skip-install";
const NO_COLORS = JSON.stringify({
  inlineColors: { light: {}, dark: {} },
  cssVars: { theme: {}, light: {}, dark: {} },
  inlineColorsTemplate: "",
  cssVarsTemplate: "",
});
const folder = mkdtempSync(join(tmpdir(), "try-shadcn-"));
run("npx", ["tsx", "tests/tools/release/registry.ts", folder], ROOT);
const text = readFileSync(join(folder, "auth.json"), "utf8");
const item: Item = JSON.parse(text);
const server = createServer((request, response) => {
  response.setHeader("content-type", "application/json").end(request.url === "/auth.json" ? text : NO_COLORS);
});
await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
const { port } = server.address() as AddressInfo;

let isGood = true;
for (const [name, flag, base] of [
  ["flat", "--no-src-dir", ""],
  ["src", "--src-dir", "src/"],
] as const) {
  run("npx", ["-y", "create-next-app@latest", name, ...CREATE_FLAGS.split(" "), flag], folder);
  for (const hasComponents of [false, true]) {
    const project = `${name}${hasComponents ? "-components" : ""}-added`;
    cpSync(join(folder, name), join(folder, project), { recursive: true });
    if (hasComponents) writeFileSync(join(folder, project, "components.json"), components(base));
    await addItem(join(folder, project));
    const differences = compare(join(folder, project), base);
    isGood &&= differences.every((line) => line.endsWith("proxy.ts"));
    console.log(
      [`${project}: ${item.files.length} files, ${differences.length} differ from cp`, ...differences].join("\n  "),
    );
  }
}
server.close();
rmSync(folder, { recursive: true });
process.exitCode = isGood ? 0 : 1;

/** Runs the CLI without execFileSync, because the server of this process must answer. */
function addItem(project: string): Promise<void> {
  const args = ["-y", "shadcn@latest", "add", "--yes", `http://127.0.0.1:${port}/auth.json`];
  const env = { ...process.env, REGISTRY_URL: `http://127.0.0.1:${port}/r` };
  const child = spawn("npx", args, { cwd: project, env, stdio: ["ignore", "ignore", "inherit"] });
  return new Promise((resolve, reject) =>
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`shadcn add ended with ${code}`)))),
  );
}

/** Returns the files that are not byte for byte at the place that `cp` gives them. */
function compare(project: string, base: string): string[] {
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(join(project, "package.json"), "utf8"),
  );
  const missing = ["jose", "server-only"].filter((name) => !dependencies[name]).map((name) => `not installed: ${name}`);
  const wrong = item.files.flatMap(({ path, content }) => {
    const place = join(project, base, path);
    if (existsSync(place)) return readFileSync(place, "utf8") === content ? [] : [`changed: ${base}${path}`];
    const proxy = join(project, base, "proxy.ts");
    const isRenamed = path === "middleware.ts" && existsSync(proxy);
    if (!isRenamed) return [`missing: ${base}${path}`];
    return [
      `${readFileSync(proxy, "utf8") === content ? "renamed" : "renamed and changed"}: ${base}${path} to proxy.ts`,
    ];
  });
  return [...missing, ...wrong];
}

function components(base: string): string {
  const aliases = {
    components: "@/components",
    utils: "@/lib/utils",
    ui: "@/components/ui",
    lib: "@/lib",
    hooks: "@/hooks",
  };
  const tailwind = { config: "", css: `${base}app/globals.css`, baseColor: "neutral", cssVariables: true, prefix: "" };
  return JSON.stringify({ style: "new-york", rsc: true, tsx: true, tailwind, aliases, iconLibrary: "lucide" });
}

function run(command: string, args: string[], cwd: string): void {
  execFileSync(command, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
}
