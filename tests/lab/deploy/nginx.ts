// npx -y tsx tests/lab/deploy/nginx.ts: signs each sample user in through a real nginx (apt-get install nginx), with its default
// buffers, with one of the two directives, and with both, and prints what it answers.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCognito } from "../../cognito";
import { findFreePort } from "../../e2e/support/ports";
import { countHeaderBytes, Visitor } from "./visitor";

const BUFFERS = {
  "nginx's defaults": "",
  "proxy_buffer_size only": "proxy_buffer_size 16k; proxy_buffers 8 16k;",
  both: "proxy_buffer_size 16k; proxy_buffers 8 16k; large_client_header_buffers 4 16k;",
};
const CLIENT_ID = "3a1b2c4d5e6f7g8h9i0jklmnop";
const folder = mkdtempSync(join(tmpdir(), "nginx-"));
const started: ChildProcess[] = [];

const rows: string[] = [];
for (const AUTH_SECRET of ["", "a-secret-of-more-than-thirty-two-bytes"]) {
  for (const [name, directives] of Object.entries(BUFFERS)) await visit(name, directives, AUTH_SECRET);
}
console.log("| nginx | user | cookies | sign-in | page |\n|---|---|---|---|---|");
console.log(rows.join("\n"));
rmSync(folder, { recursive: true });

async function visit(name: string, directives: string, secret: string): Promise<void> {
  const port = await findFreePort();
  const origin = `http://localhost:${port}`;
  const cognito = await startCognito({
    clients: [{ clientId: CLIENT_ID, callbackUrls: [`${origin}/auth/callback`], logoutUrls: [origin] }],
  });
  const upstream = await startUpstream({
    COGNITO_ISSUER: cognito.issuer,
    COGNITO_DOMAIN: cognito.domain,
    COGNITO_CLIENT_ID: CLIENT_ID,
    APP_BASE_URL: origin,
    AUTH_SECRET: secret,
  });
  const errorLog = await startNginx(port, upstream, directives);
  for (const { username } of cognito.users) {
    const visitor = new Visitor(origin);
    const callback = await visitor.signIn((url) => cognito.authorize(url, username));
    const known = callback.status === 303 ? visitor.cookie : "";
    const page = known ? await visitor.get("/me") : null;
    const signIn = `${callback.status}, ${countHeaderBytes(callback)} bytes`;
    const kind = `${username}${secret && ", sealed"}`;
    rows.push(`| ${name} | ${kind} | ${known.length || "?"} | ${signIn} | ${page?.status ?? "-"} |`);
  }
  for (const line of new Set(readFileSync(errorLog, "utf8").match(/(upstream|client) sent too [a-z ]+/g)))
    rows.push(`| | | | log: ${line} | |`);
  for (const child of started.splice(0)) {
    child.kill();
    await once(child, "exit");
  }
  await cognito.close();
}

async function startUpstream(env: Record<string, string>): Promise<number> {
  const child = spawn(process.execPath, ["--import", "tsx", "tests/lab/deploy/upstream.ts"], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.push(child);
  const [port] = await once(child.stdout, "data");
  return Number(port);
}

async function startNginx(port: number, upstream: number, directives: string): Promise<string> {
  const errorLog = join(folder, "error.log");
  writeFileSync(errorLog, "");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (it) => `${it}_temp_path ${folder}/${it};`,
  );
  const server = `listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstream}; proxy_set_header Host $host; }`;
  const http = `access_log off; ${temporary.join(" ")} ${directives} server { ${server} }`;
  const file = join(folder, "nginx.conf");
  writeFileSync(file, `daemon off; pid ${folder}/pid; error_log ${errorLog} info; events {} http { ${http} }`);
  const child = spawn("nginx", ["-c", file, "-e", errorLog, "-p", folder], { stdio: "inherit" });
  started.push(child);
  for (;;) {
    const isUp = await fetch(`http://127.0.0.1:${port}/up`).then(
      () => true,
      () => false,
    );
    if (isUp) return errorLog;
    if (child.exitCode !== null) throw new Error("nginx did not start");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
