import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium, type LaunchOptions } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const SYSTEM_NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Chromium as a person has it: with the back/forward cache, which Playwright switches off. */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    ...(await findBrowser()),
    args: FLAGS,
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });
}

async function findBrowser(): Promise<LaunchOptions> {
  const executablePath = process.env.CHROMIUM_PATH || findOnPath(SYSTEM_NAMES);
  if (executablePath) return { executablePath };
  return process.platform === "linux" ? { executablePath: await unpackChromium() } : { channel: "chrome" };
}

function findOnPath(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** From the npm package, which brings the libraries that a bare Linux lacks when it believes to run on AWS Lambda. */
async function unpackChromium(): Promise<string> {
  process.env.AWS_LAMBDA_JS_RUNTIME = "nodejs20.x";
  const { default: packed } = await import("@sparticuz/chromium");
  return packed.executablePath();
}
