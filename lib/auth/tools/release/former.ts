// The layout of release 0.1.0: every module was directly in lib/auth/core, every tool directly in lib/auth.

/** The place of the manifest in a copy of 0.1.0. */
export const FORMER_MANIFEST_PATH = "lib/auth/release/manifest.json";

/** The folders of 0.1.0 that held only the kit's files. Delete them before you copy a newer release. */
export const FORMER_FOLDERS: readonly string[] = ["core", "doctor", "pool", "release"].map(
  (name) => `lib/auth/${name}`,
);

/** The folder of a tool in a command. The tools are in lib/auth/tools now. */
export const FORMER_TOOL = /\blib\/auth\/(doctor|pool|release)\b/;

/** Whether a path has its place in the layout of 0.1.0. Of these, only core/authenticate is in the new layout, too. */
export function isFormer(path: string): boolean {
  return /^lib\/auth\/(?:(?:doctor|pool|release)(?:\/|$)|core\/[^/]+$)/.test(path);
}
