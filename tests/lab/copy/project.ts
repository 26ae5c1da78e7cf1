import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Layout } from "./layouts";

const KIT = fileURLToPath(new URL("../../../", import.meta.url));
const PAGES = fileURLToPath(new URL("pages", import.meta.url));

/** Version 10, because newer ones ask before they run a package's install script. */
const PNPM = ["exec", "--yes", "--package=pnpm@10", "--", "pnpm"];
const CONFIG_OPTIONS = /\n {2}\/\* config.*\*\/(\n {2}(cacheComponents|partialPrefetching): true,)*/;
const NEXT_VERSIONS = /("(?:next|eslint-config-next)": )"[^"]+"/g;

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

/** Somebody's project, outside the checkout: inside it, what the copy lacks would be found further up. */
export interface Project {
  readonly root: string;
  /** Where `app` and `lib` are: the root, or its `src`. */
  readonly folder: string;
  run(file: string, ...args: readonly string[]): Promise<string>;
  /** Replaces text that has to be there. */
  edit(file: string, before: string | RegExp, after: string): Promise<void>;
  /** As installed. */
  nextVersion(): Promise<string>;
  remove(): Promise<void>;
}

/** Of our own variables only what every program needs. */
export function environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { PATH = "", HOME = "" } = process.env;
  const own: Record<string, string> = { PATH, HOME, NEXT_TELEMETRY_DISABLED: "1", npm_config_prefer_offline: "true" };
  return { ...own, ...more } as NodeJS.ProcessEnv;
}

/** A folder for a project that is yet to be made. */
export async function openProject(layout: Layout): Promise<Project> {
  const parent = await mkdtemp(join(tmpdir(), "copy-"));
  const root = join(parent, layout.packages ? "apps" : "", layout.name);
  return {
    root,
    folder: join(root, layout.folder ?? ""),
    run: (file, ...args) => execute({ file, args, cwd: root }),
    edit: async (file, before, after) => {
      const path = join(root, file);
      const text = await readFile(path, "utf8");
      const edited = text.replace(before, after);
      if (edited === text) throw new Error(`${file} has no ${before}`);
      await writeFile(path, edited);
    },
    nextVersion: async () => {
      const manifest = await readFile(join(root, "node_modules/next/package.json"), "utf8");
      return /"version": "(.+?)"/.exec(manifest)?.[1] ?? "?";
    },
    remove: () => rm(parent, { recursive: true, force: true }),
  };
}

/** Makes the project, copies the kit as the README says, adds a user's pages, and sets up what the layout is about. */
export async function createProject(layout: Layout, project: Project): Promise<void> {
  const { root, folder, edit, run } = project;
  await mkdir(dirname(root), { recursive: true });
  await createNextApp(layout, dirname(root));
  if (layout.config !== undefined) await edit("next.config.ts", CONFIG_OPTIONS, `\n  ${layout.config}`);
  await useLocalFonts(project);
  if (layout.next) await edit("package.json", NEXT_VERSIONS, `$1"${layout.next}"`);
  if (layout.packages) await createWorkspace(project);
  else await run("npm", "install", "--no-audit", "--no-fund");
  await copyKit(layout, project);
  await cp(PAGES, join(folder, "app"), { recursive: true });
  await edit(join(layout.folder ?? "", "middleware.ts"), 'PUBLIC_PATHS = ["/"', 'PUBLIC_PATHS = ["/", "/settings"');
  await layout.change?.(project);
}

async function createNextApp({ name, flags, createWith }: Layout, parent: string): Promise<void> {
  const options = [name, ...flags, "--use-npm", "--skip-install", "--disable-git"];
  const [file, args] = createWith
    ? ["npm", ["exec", "--yes", `--package=create-next-app@${createWith}`, "--", "create-next-app", ...options]]
    : [process.execPath, [createRequire(import.meta.url).resolve("create-next-app/dist/index.js"), ...options]];
  // Not the choices that whoever runs this made before: it keeps them in that folder.
  await execute({ file, args, cwd: parent }, { XDG_CONFIG_HOME: parent, CI: "1" });
}

/** Only for a machine without internet: next/font/google downloads the fonts during a build. */
async function useLocalFonts(project: Project): Promise<void> {
  const layout = join(project.folder, "app/layout.tsx");
  const text = await readFile(layout, "utf8");
  const withoutFonts = text
    .replace(/import .* from "next\/font\/google";\n/, "")
    .replace(/const \w+ = Geist\w*\(\{[^}]*\}\);\n/g, "")
    .replace(/\$\{geist\w+\.variable\}/g, "");
  await writeFile(layout, withoutFonts);
}

/** A workspace around the project, installed by pnpm. */
async function createWorkspace({ root, run }: Project): Promise<void> {
  const workspace = join(root, "../..");
  await writeFile(join(workspace, "package.json"), '{ "name": "workspace", "private": true }');
  await writeFile(join(workspace, "pnpm-workspace.yaml"), "packages:\n  - apps/*\n");
  await run("npm", ...PNPM, "install");
}

/** The README's own commands, with the path of this kit, and with another package manager where the project has one. */
async function copyKit({ packages }: Layout, { folder }: Project): Promise<void> {
  const readme = await readFile(join(KIT, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, commands]) => commands);
  const commands = blocks.find((block) => block?.includes("cp -R"));
  if (!commands) throw new Error("The README does not say how to copy");
  const here = commands.replace(/^ *KIT=.+$/m, `KIT='${KIT.replace(/\/$/, "")}'`);
  if (here === commands) throw new Error("The README does not say what KIT is");
  const own = packages ? here.replace("npm install", `npm ${PNPM.join(" ")} add`) : here;
  await execute({ file: "bash", args: ["-euc", own], cwd: folder });
}

async function execute({ file, args, cwd }: Command, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const options = { cwd, env: environment(env), maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)(file, args, options).catch((error: Error & { stdout?: string }) => {
    throw new Error(`${error.message}\n${error.stdout ?? ""}`); // The message has the command, and stderr.
  });
  return stdout;
}
