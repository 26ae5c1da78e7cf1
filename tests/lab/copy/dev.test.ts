import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sampleUsers } from "../../cognito";
import { Visitor } from "../../cognito/visitor";
import { findFreePort } from "../../e2e/support/ports";
import { DOCUMENT, raw } from "../../e2e/support/raw";
import { findLayout } from "./layouts";
import { createProject, environment, openProject, type Project } from "./project";

const MINUTES = 60_000;
const STAND_IN = fileURLToPath(new URL("../../cognito", import.meta.url));
const TSX = createRequire(import.meta.url).resolve("tsx/cli");

const layout = findLayout("src");
let project: Project;
let app: ChildProcess | undefined;

beforeAll(async () => {
  project = await openProject(layout);
  await createProject(layout, project);
  for (const folder of ["tests", "src/tests"]) {
    await cp(STAND_IN, join(project.root, folder, "cognito"), { recursive: true });
  }
}, 5 * MINUTES);

afterAll(async () => {
  if (app?.pid !== undefined && app.exitCode === null) {
    const ended = once(app, "exit");
    process.kill(-app.pid, "SIGKILL"); // The group: dev.ts, next dev and its workers.
    await ended;
  }
  await project?.remove();
}, MINUTES);

test(
  "the stand-in, copied beside src and into it, does not break next build",
  async () => {
    expect(await project.run("node_modules/.bin/next", "build")).toContain("/auth/callback");
  },
  5 * MINUTES,
);

test(
  "npx -y tsx tests/cognito/dev.ts prints the app's address and who can sign in, and they can",
  async () => {
    const port = await findFreePort();
    const baseUrl = `http://localhost:${port}`;
    const { output, domain } = await startDev(port);
    expect(output).toContain(`The app is at ${baseUrl}\n`);
    for (const { username } of sampleUsers) expect(output).toContain(`    ${username} `);

    const visitor = new Visitor();
    const login = await visitor.visit(`${baseUrl}/dashboard`);
    const authorize = await visitor.visit(login);
    expect(authorize).toMatch(`${domain}/oauth2/authorize?`);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = "username=ada&password=Passw0rd!";
    const form = authorize.replace("/oauth2/authorize", "/login");
    const { headers: answer } = await raw(form, { method: "POST", headers, body });
    expect(await visitor.visit(answer.location ?? "")).toBe(`${baseUrl}/dashboard`);
    const cookie = visitor.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    const page = await raw(`${baseUrl}/dashboard`, { headers: { ...DOCUMENT, cookie } });
    expect([page.status, page.body]).toEqual([200, expect.stringContaining("ada@example.com")]);
  },
  5 * MINUTES,
);

/** As `npx -y tsx tests/cognito/dev.ts`, without npx. Resolves once it has printed who can sign in. */
async function startDev(port: number): Promise<{ output: string; domain: string }> {
  const env = environment({ PORT: String(port), NODE_ENV: "development" });
  const child = spawn(process.execPath, [TSX, "tests/cognito/dev.ts"], { cwd: project.root, env, detached: true });
  app = child;
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  while (!output.includes("Ctrl-C stops both")) {
    if (child.exitCode !== null) throw new Error(`It ended:\n${output}`);
    await delay(100);
  }
  return { output, domain: /stand-in for Cognito serves at (\S+?)\.\n/.exec(output)?.[1] ?? "" };
}
