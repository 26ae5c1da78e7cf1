// npx -y tsx tests/cognito/dev.ts: the app in this folder, by next dev, with the stand-in for Cognito, unless the
// environment or a .env file names a real user pool.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Cognito, type CognitoOptions, type PoolUser, startCognito } from "./index";

const APP_PORT = 3000;
const ISSUER_PORT = 9400;
const DOMAIN_PORT = 9401;
const ENV_FILES = [".env.development.local", ".env.local", ".env.development", ".env"]; // Those that Next reads.

if (!existsSync("package.json") && existsSync("../package.json")) process.chdir(".."); // From src.
if (readVariable("COGNITO_ISSUER")) startNext([], {});
else startApp().catch((error: unknown) => fail(String(error))); // Without await: a copy may not be an ES module.

/** As Next will read it: from the environment, else from the first file that has it. */
function readVariable(name: string): string {
  const assignment = new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=[ \\t]*["']?([^\\s"'#]*)`, "m");
  const texts = ENV_FILES.filter((file) => existsSync(file)).map((file) => readFileSync(file, "utf8"));
  const found = texts.map((text) => assignment.exec(text)?.[1]).find((value) => value !== undefined);
  return process.env[name] ?? found ?? "";
}

/** Next's basePath, which every address in APP_BASE_URL ends with. */
function readBasePath(): string {
  const [url = ""] = readVariable("APP_BASE_URL").split(",", 1);
  return URL.canParse(url) ? new URL(url).pathname.replace(/\/+$/, "") : "";
}

async function startApp(): Promise<void> {
  const port = await chooseAppPort();
  const baseUrl = `http://localhost:${port}${readBasePath()}`;
  const client = {
    clientId: "demo",
    clientSecret: randomUUID(),
    callbackUrls: [`${baseUrl}/auth/callback`],
    logoutUrls: [baseUrl],
  };
  const cognito = await startStandIn({ clients: [client] });
  startNext(["--hostname", "localhost", "--port", String(port)], {
    COGNITO_ISSUER: cognito.issuer,
    COGNITO_DOMAIN: cognito.domain,
    COGNITO_CLIENT_ID: client.clientId,
    COGNITO_CLIENT_SECRET: client.clientSecret,
    APP_BASE_URL: baseUrl,
    // Left over from a real pool, these would not fit.
    COGNITO_SCOPE: "",
    COGNITO_JWKS: "",
  });
  // Next answers once it has said that it is ready, and there is nothing to compile for this one.
  while (!(await fetch(`${baseUrl}/_next/static/ready`).catch(() => null))) await sleep(100);
  printBanner(baseUrl, cognito);
}

async function chooseAppPort(): Promise<number> {
  if (process.env.PORT) {
    const port = Number(process.env.PORT);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) fail(`PORT is "${process.env.PORT}": not a port number.`);
    if (await isAnswered(port))
      fail(`PORT is ${port}, and that port is in use. Choose another one, or leave PORT out.`);
    return port;
  }
  let port = APP_PORT;
  while (await isAnswered(port)) port += 1;
  if (port !== APP_PORT) console.log(`Port ${APP_PORT} is in use, so the app takes ${port}.`);
  return port;
}

/** Whether somebody listens there. Trying to listen as well would not tell on macOS, which often allows both. */
async function isAnswered(port: number): Promise<boolean> {
  const attempts = ["127.0.0.1", "::1"].map((host) => {
    const socket = connect(port, host);
    return once(socket, "connect").finally(() => socket.destroy());
  });
  return Promise.any(attempts).then(
    () => true,
    () => false,
  );
}

async function startStandIn(options: CognitoOptions): Promise<Cognito> {
  try {
    return await startCognito({ ...options, issuerPort: ISSUER_PORT, domainPort: DOMAIN_PORT });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) throw error;
    return startCognito(options); // On any free ports.
  }
}

/** This script ends when Next does, with its exit code. */
function startNext(options: readonly string[], environment: Readonly<Record<string, string>>): void {
  const next = createRequire(import.meta.url).resolve("next/dist/bin/next");
  const child = spawn(process.execPath, [next, "dev", ...options], {
    stdio: "inherit",
    env: { ...process.env, ...environment },
  });
  child.on("exit", (code) => process.exit(code ?? 1));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
}

function printBanner(baseUrl: string, { domain, issuer, users }: Cognito): void {
  const key = ({ provider, password }: PoolUser) => (provider ? `through ${provider}` : password);
  const nameWidth = Math.max(...users.map(({ username }) => username.length));
  const keyWidth = Math.max(...users.map((user) => key(user).length));
  const people = users.map(
    (user) => `    ${user.username.padEnd(nameWidth)}  ${key(user).padEnd(keyWidth)}  ${user.description ?? ""}`,
  );
  console.log(`
  The app is at ${baseUrl}

  No user pool is set, so a stand-in for Cognito serves at ${domain}.
  To change it while it runs, post commands to ${new URL(issuer).origin}/_control.
  Who can sign in, and with which password:

${people.join("\n")}

  Ctrl-C stops both. For a real user pool, set the variables in .env.local.
`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
