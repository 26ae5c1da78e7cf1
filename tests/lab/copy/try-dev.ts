import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { sampleUsers } from "../../cognito";
import { Visitor } from "../../cognito/visitor";
import { findFreePort } from "../../e2e/support/ports";
import { DOCUMENT, raw } from "../../e2e/support/raw";
import { environment, type Project } from "./project";

const STAND_IN = fileURLToPath(new URL("../../cognito", import.meta.url));
const TSX = createRequire(import.meta.url).resolve("tsx/cli");

/**
 * The stand-in is copied beside `src` and into it: `next build` still works. `npx -y tsx tests/cognito/dev.ts` prints
 * the app's address and the users, and a user can sign in.
 */
export async function tryDev(project: Project): Promise<void> {
  for (const folder of ["tests", "src/tests"]) {
    await cp(STAND_IN, join(project.root, folder, "cognito"), { recursive: true });
  }
  assert.match(await project.run("node_modules/.bin/next", "build"), /\/auth\/callback/);
  const port = await findFreePort();
  const child = spawn(process.execPath, [TSX, "tests/cognito/dev.ts"], {
    cwd: project.root,
    env: environment({ PORT: String(port), NODE_ENV: "development" }),
    detached: true, // A process group: dev.ts, next dev and its workers.
  });
  const killWithUs = () => kill(child);
  process.once("exit", killWithUs);
  try {
    await signInAt(`http://localhost:${port}`, await readWelcome(child));
  } finally {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, "exit") : null;
    kill(child);
    await ended;
    process.off("exit", killWithUs);
  }
}

/** What it prints, once it has printed who can sign in. */
async function readWelcome(child: ChildProcess): Promise<string> {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  while (!output.includes("Ctrl-C stops both")) {
    if (child.exitCode !== null) throw new Error(`dev.ts ended:\n${output}`);
    await delay(100);
  }
  return output;
}

async function signInAt(baseUrl: string, output: string): Promise<void> {
  assert.ok(output.includes(`The app is at ${baseUrl}\n`), output);
  for (const { username } of sampleUsers) assert.ok(output.includes(`    ${username} `), output);
  const domain = /stand-in for Cognito serves at (\S+?)\.\n/.exec(output)?.[1] ?? "";
  const visitor = new Visitor();
  const authorize = await visitor.visit(await visitor.visit(`${baseUrl}/dashboard`));
  assert.ok(authorize.startsWith(`${domain}/oauth2/authorize?`), authorize);
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const body = "username=ada&password=Passw0rd!";
  const login = authorize.replace("/oauth2/authorize", "/login");
  const answer = await raw(login, { method: "POST", headers, body });
  assert.equal(await visitor.visit(answer.headers.location ?? ""), `${baseUrl}/dashboard`);
  const cookie = visitor.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const page = await raw(`${baseUrl}/dashboard`, { headers: { ...DOCUMENT, cookie } });
  assert.equal(page.status, 200);
  assert.ok(page.body.includes("ada@example.com"));
}

function kill({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group is gone.
  }
}
