// `npx -y tsx tests/cognito/dev.ts`, with a program in place of Next that answers and prints its variables.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ROOT } from "../docs/documents";

const PROJECT = join(ROOT, "tests/.output/dev");
const TSX = createRequire(import.meta.url).resolve("tsx/cli");
const NEXT = `
const { APP_BASE_URL, COGNITO_RESOURCE, COGNITO_SCOPE } = process.env;
console.log(JSON.stringify({ APP_BASE_URL, COGNITO_RESOURCE, COGNITO_SCOPE }));
require("node:http").createServer((_, response) => response.end()).listen(Number(process.argv.at(-1)), "localhost");
`;

test("dev.ts serves the first path of an APP_BASE_URL list, keeps COGNITO_RESOURCE, and prints its addresses", async () => {
  const port = await findPort();
  const output = await runDev({
    PORT: port,
    APP_BASE_URL: "https://app.example.com/shop, https://app.example.org/shop",
    COGNITO_RESOURCE: "https://app.example.com/shop/api/mcp",
    COGNITO_SCOPE: "openid orders/read",
  });
  const baseUrl = `http://localhost:${port}/shop`;
  expect(output).toContain(`The app is at ${baseUrl}\n`);
  const variables = { APP_BASE_URL: baseUrl, COGNITO_RESOURCE: "https://app.example.com/shop/api/mcp" };
  expect(output).toContain(JSON.stringify({ ...variables, COGNITO_SCOPE: "" }));
  const [, control = ""] = /post commands to (\S+)\.\n/.exec(output) ?? [];
  expect((await command(control)).status).toBe(200);
}, 30_000);

/** The command that testing.md shows. */
const command = (url: string) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ do: "globalSignOut", username: "ada" }),
  });

/** What dev.ts prints until its banner is complete. It runs until the test ends. */
async function runDev(env: Record<string, string>): Promise<string> {
  rmSync(PROJECT, { recursive: true, force: true });
  mkdirSync(join(PROJECT, "node_modules/next/dist/bin"), { recursive: true });
  writeFileSync(join(PROJECT, "node_modules/next/dist/bin/next"), NEXT);
  writeFileSync(join(PROJECT, "package.json"), "{}");
  cpSync(join(ROOT, "tests/cognito"), join(PROJECT, "tests/cognito"), { recursive: true });
  const { COGNITO_ISSUER: _, ...others } = process.env;
  const child = spawn(process.execPath, [TSX, "tests/cognito/dev.ts"], { cwd: PROJECT, env: { ...others, ...env } });
  const ended = once(child, "exit");
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
  let output = "";
  child.stderr.on("data", (text) => {
    output += text;
  });
  for await (const text of child.stdout) {
    output += text;
    if (output.includes("Ctrl-C stops both")) return output;
  }
  throw new Error(`dev.ts ended:\n${output}`);
}

async function findPort(): Promise<string> {
  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return String(typeof address === "object" && address ? address.port : 0);
}
